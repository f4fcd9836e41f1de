"""The text of `nvidia-smi -q`, whole or cut to some sections, one document or many in a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.nvidia_smi.document import Document
from ml_debugger.nvidia_smi.labels import TEXT
from ml_debugger.nvidia_smi.messages import message_of

FORM = "nvidia-smi -q"
TITLE = re.compile(r"\s*=+\s*NVSMI LOG\s*=+\s*")

_CARD = re.compile(r"GPU\s+((?:[0-9A-Fa-f]{4,8}:)?[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-9A-Fa-f])\s*")
_LEAF = re.compile(r"(?P<label>\S.*?)\s*:(?:\s(?P<value>.*))?")
_HEADER = frozenset(
    (
        *("timestamp", "driver version", "cuda version", "kmd version", "cuda umd version"),
        "attached gpus",
    )
)
_SECTIONS = frozenset(path[0] for path in TEXT if len(path) > 1)
_LABELS = frozenset(path[-1] for path in TEXT) | {"free", "memory", "encoder", "decoder"}
_DEEPEST = 12
_LOOKED = 400


def snapshots(lines: Iterable[str], shown: str | None) -> Iterator[GpuSnapshot]:
    """The snapshot of each document. Raises nothing: what is no label or section is passed by."""
    document = Document(FORM, TEXT)
    stack: list[tuple[int, str, bool]] = []
    started = False
    for line in lines:
        if TITLE.fullmatch(line):
            if document.cards or document.header or document.messages:
                yield document.snapshot(shown)
            document, stack, started = Document(FORM, TEXT), [], True
            continue
        _take(document, stack, line.rstrip().expandtabs(4))
    if started or document.cards or document.messages:
        yield document.snapshot(shown)


def _take(document: Document, stack: list[tuple[int, str, bool]], line: str) -> None:
    text = line.lstrip()
    if not text:
        return
    if (message := message_of(text)) is not None:
        document.messages.append(message)
        return
    if card := _CARD.fullmatch(text):
        stack.clear()
        document.open_card(card[1])
        return
    depth = len(line) - len(text)
    while stack and stack[-1][0] >= depth:
        stack.pop()
    if len(stack) >= _DEEPEST:
        return
    leaf = _LEAF.fullmatch(text)
    label = (leaf["label"] if leaf else text).lower()
    # a label with a value may have lines beneath it; they belong to its section, not to it
    path = (*(name for _, name, is_section in stack if is_section), label)
    if leaf is None:
        document.section(path)
    elif depth == 0 and label in _HEADER:
        document.header[label] = leaf["value"] or ""
    else:
        document.leaf(path, (leaf["value"] or "").strip())
    stack.append((depth, label, leaf is None))


def is_fragment(lines: Sequence[str]) -> bool:
    """Whether lines without a title are a piece of `-q`: a known section, and known labels."""
    looked = [line.strip() for line in lines[:_LOOKED]]
    sections = sum(
        line.lower() in _SECTIONS or line in ("Volatile", "Aggregate") for line in looked
    )
    if not sections:
        return False
    leaves = [leaf for line in looked if (leaf := _LEAF.fullmatch(line)) is not None]
    labels = sum(leaf["label"].lower() in _LABELS for leaf in leaves)
    cards = sum(_CARD.fullmatch(line) is not None for line in looked)
    return labels > 1 and (labels + sections + cards) * 5 >= len(looked) * 4


def is_line(line: str) -> bool:
    """Whether a line could stand in such a text: a title, a label at the margin, or indented."""
    leaf = _LEAF.fullmatch(line.strip())
    margin = leaf is not None and leaf["label"].lower() in _HEADER
    return line[:1].isspace() or margin or bool(TITLE.fullmatch(line) or _CARD.fullmatch(line))
