"""The architecture that a checkpoint's tensors tell: names without wrappers, shapes, kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from ml_debugger.artifacts import Checkpoint, Tensor
from ml_debugger.artifacts.tensor_roles import (
    is_adapter,
    is_embedding,
    is_floating,
    is_matrix,
    is_weight,
    last_part,
    rows_are_units,
)

Shapes = Mapping[str, tuple[int, ...]]

_WRAPPERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_forward_module"})
"""What data-parallel, compiled and sharded models put into names; it is none of the model."""

_OUTERMOST = frozenset(
    {"state_dict", "model_state_dict", "model_state", "model", "net", "network", "state", "params"}
)
_COPIES = re.compile(
    r"(?:^|[._])(?:(?:model_)?ema|shadow|swa|avg|averaged?|teacher|target)(?:_\w+)?\.",
    re.IGNORECASE,
)
"""Averaged copies that some loops start late, and teachers."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be compared: saves in one format, of one precision, of all weights or adapters."""

    format: str
    dtypes: frozenset[str]
    adapters: bool


def shapes(checkpoint: Checkpoint) -> Shapes:
    """Shapes of the weights by names without wrappers; averaged copies are left out."""
    own = [t for t in checkpoint.tensors if is_weight(t) and not _COPIES.search(t.name)]
    return {plain_name(tensor.name): tensor.shape for tensor in own}


def plain_name(name: str) -> str:
    """A tensor's name without what wrappers and the outermost dictionaries put before it."""
    parts = [part for part in name.split(".") if part not in _WRAPPERS]
    outermost = len(list(takewhile(_OUTERMOST.__contains__, parts[:-1])))
    return ".".join(parts[min(outermost, max(0, len(parts) - 2)) :])


def kind_of(checkpoint: Checkpoint) -> Kind | None:
    """The kind of a save; None where its tensors are not known."""
    held = [t for t in checkpoint.tensors if is_weight(t)]
    if checkpoint.problem is not None or not held:
        return None
    stored = {t.dtype for t in checkpoint.tensors if is_floating(t) and len(t.shape) > 1}
    packed = {t.dtype for t in checkpoint.tensors if not is_floating(t) and len(t.shape) > 1}
    return Kind(checkpoint.format, frozenset(stored | packed), all(map(is_adapter, held)))


def tied(checkpoint: Checkpoint, name: str) -> bool:
    """Whether a weight has the same values as another one: some formats store it once."""
    digests = [f.digest for f in checkpoint.figures.values()]
    own = [f.digest for n, f in checkpoint.figures.items() if plain_name(n) == name]
    return any(digests.count(digest) > 1 for digest in own)


def input_widths(checkpoint: Checkpoint) -> tuple[int, ...]:
    """How many numbers a step the model takes, as its first layers tell; empty where unclear.

    Recurrent layers tell it themselves (`weight_ih_l0` of torch: rows x inputs). Else it is the
    inputs of the first matrix in the file. Where an embedding comes first, its width is part of
    it, and a single input may be the channel of a window: then nothing is said.
    """
    matrices = [t for t in checkpoint.tensors if is_matrix(t) and not _COPIES.search(t.name)]
    recurrent = {t.shape[1] for t in matrices if last_part(t.name) == "weight_ih_l0"}
    if any(is_embedding(t) for t in matrices):
        return ()
    if recurrent:
        first = matrices[0]
        return tuple(sorted(recurrent)) if last_part(first.name) == "weight_ih_l0" else ()
    if not matrices or "in_proj" in matrices[0].name or len(matrices[0].shape) > 3:
        return ()
    width = _inputs(matrices[0])
    return (width,) if width > 1 else ()


def normalises_inputs(checkpoint: Checkpoint) -> bool:
    """Whether the model scales its inputs itself: a norm before its first matrix, or statistics."""
    before = list(takewhile(lambda t: not is_matrix(t), checkpoint.tensors))
    names = [plain_name(t.name).lower() for t in before]
    if any(re.search(r"norm|running_(?:mean|var)|(?:^|\.)bn", name) for name in names):
        return True
    said = re.compile(
        r"(?:input|feature|x|data)_?(?:mean|std|scale|min|max)|scaler|normali[sz]er|standardi[sz]er|"
        r"revin",
        re.IGNORECASE,
    )
    texts = [checkpoint.details.get("keys", ""), checkpoint.details.get("globals", "")]
    stored = re.compile(r"^(?:mean|std|mu|sigma|means|stds|norm_stats|stats|dataset_parameters)$",
                        re.MULTILINE | re.IGNORECASE)  # fmt: skip
    return (
        any(said.search(t.name) for t in checkpoint.tensors)
        or any(said.search(text) for text in texts)
        or stored.search(texts[0]) is not None
        or "sklearn.preprocessing" in texts[1]
    )


def stated_sizes(checkpoint: Checkpoint) -> Iterator[tuple[str, int, Tensor]]:
    """Sizes that recurrent and attention layers tell for sure, each with its tensor.

    "hidden" of an LSTM or GRU (`weight_hh_l0`: gates x hidden rows, hidden columns), "layers" as
    the highest of their numbers, "inputs" of the first, "model" of attention (`in_proj_weight`:
    three times its columns).
    """
    held = [t for t in checkpoint.tensors if is_matrix(t) and not _COPIES.search(t.name)]
    own = [t for t in held if re.fullmatch(r"weight_hh_l\d+", last_part(t.name))]
    stacks = {t.name[: -len(last_part(t.name))] for t in own}
    if len(stacks) == 1:
        hidden = {t.shape[1] for t in own}
        if len(hidden) == 1 and "weight_hr_l0" not in {last_part(t.name) for t in held}:
            yield "hidden", own[0].shape[1], own[0]
        last = max(own, key=lambda t: int(last_part(t.name)[11:]))
        yield "layers", int(last_part(last.name)[11:]) + 1, last
    projections = [t for t in held if last_part(t.name) == "in_proj_weight"]
    if projections and len({t.shape for t in projections}) == 1:
        yield "model", projections[0].shape[1], projections[0]


def _inputs(tensor: Tensor) -> int:
    """Inputs of one unit at one place: of a convolution its channels."""
    if rows_are_units(tensor):
        return tensor.shape[1]
    return tensor.shape[-2]
