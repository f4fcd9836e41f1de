"""Finds the place in the training that the fixed text of a log line tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ml_debugger.readers.training.skeleton import MARK, place

_M = MARK
_BETWEEN = r"[ \t.:#=\"'\])|_-]{0,8}"
_EPOCH = re.compile(
    rf"(?<![A-Za-z0-9_.])(?P<word>epoch|ep)(?:s(?=:?\s*{_M}%))?(?![A-Za-z]){_BETWEEN}"
    rf"(?:\([\w ]{{0,12}}\)[ \t:]{{0,3}})?[\[(]?[ \t]{{0,12}}{_M}(?![\w.]*{_M}|[A-Za-z])"
    rf"(?P<percent>%)?(?:\]?[ \t]{{0,3}}(?:/|\bof\b)[ \t]{{0,6}}(?P<total>{_M}))?",
    re.IGNORECASE,
)
_OTHER_EPOCHS = (
    re.compile(rf"(?<![\w.]){_M}epoch(?=:)"),
    re.compile(rf"第\s*{_M}\s*(?:/\s*(?P<total>{_M})\s*)?(?:个\s*)?(?:轮|epoch|次迭代)"),
    # timm: Train: 3 [  50/5005 (  1%)]
    re.compile(rf"^\s*Train(?:ing)?:?\s+{_M}\s+\[\s*{_M}/{_M}"),
)
_STEP = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<word>global[_ ]steps?|total_timesteps|num_updates|trainer/global_step|"
    r"training_iteration|timesteps_total|step|iter|iteration|iterations|it|updates?|up(?=\.)|round|timestep|iterate)"
    rf"(?![A-Za-z]){_BETWEEN}[\[(]?[ \t]{{0,12}}{_M}(?![\w]*/s)(?![A-Za-z%])"
    rf"(?:\]?[ \t]{{0,3}}(?:/|\bof\b)[ \t]{{0,6}}(?P<total>{_M}))?",
    re.IGNORECASE,
)
_BATCH = re.compile(
    rf"(?<![A-Za-z0-9_.])(?P<word>batch|batches|minibatch)(?![A-Za-z]){_BETWEEN}"
    rf"[\[(]?[ \t]{{0,12}}{_M}"
    rf"(?:\]?[ \t]{{0,3}}(?:/|\bof\b)[ \t]{{0,6}}(?P<total>{_M}))?",
    re.IGNORECASE,
)
_PAIRS_AT_START = (
    # the CIFAR tutorial: [1,  2000] loss: 2.1
    (re.compile(rf"^\s*\[{_M},\s*{_M}\]\s+(?=\w*\s?loss)", re.I), (0, -1, 1, -1)),
    # the DCGAN tutorial: [0/5][50/1583]
    (re.compile(rf"^\s*\[{_M}/{_M}\]\s*\[{_M}/{_M}\]"), (0, 1, 2, 3)),
    # torchtune: 1|10|Loss: 0.5
    (re.compile(rf"^\s*{_M}\|{_M}\|(?=Loss)"), (0, -1, 1, -1)),
)
_WORD_BEFORE = re.compile(r"([A-Za-z]+)[\s_:.-]*$")
_NOT_NOW = frozenset({*("max", "total", "num", "warmup", "last", "starting", "per", "best"),
                      *("every", "from", "until", "n", "number", "save", "log", "of", "size"),
                      *("for", "time", "previous", "next", "resume", "patience", "in")}
                     )  # fmt: skip
_OF = re.compile(rf"(?<![\w./-]){_M}[ ]{{0,3}}/[ ]{{0,6}}{_M}(?![\w/-])")
_BAR = re.compile(rf"{_M}%\|\|")


@dataclass(slots=True)
class Counters:
    """Numbers of a line that count; `text` is the line with their places blanked."""

    text: str
    epoch: int = -1
    epochs: int = -1
    step: int = -1
    steps: int = -1
    part: int = -1
    parts: int = -1
    after: int = 0
    postfix: bool = False

    def number(self, at: int) -> int:
        """The index of the number that stands at a position of the text."""
        return place(self.text, at)


def counters(text: str) -> Counters:
    """The epoch, the step and the batch that a line names."""
    said = Counters(text)
    for form, (epoch, epochs, step, steps) in _PAIRS_AT_START:
        found = form.match(text)
        if found is not None:
            said.epoch, said.epochs = epoch, epochs
            if steps >= 0:
                said.part, said.parts = step, steps
            else:
                said.step = step
            said.after = found.end()
            return said
    _epoch(said)
    _step(said)
    if said.part < 0:
        _batch(said)
    return said


def _epoch(said: Counters) -> None:
    for found in _EPOCH.finditer(said.text):
        before = _WORD_BEFORE.search(said.text[: found.start()])
        denied = before is not None and before.group(1).lower() in _NOT_NOW
        if denied and not said.text[: found.start()].lower().rstrip().endswith("end of"):
            continue
        at = said.number(found.start() + found.group().index(_M))
        if found.group("percent"):
            # a bar over the epochs: Epoch:  30%|###   | 3/10
            of = _OF.search(said.text, found.end())
            if _BAR.match(said.text, found.start() + found.group().index(_M)) and of is not None:
                said.epoch, said.epochs = said.number(of.start()), said.number(of.end() - 1)
                said.after = of.end()
                return
            continue
        said.epoch = at
        said.postfix = _BAR.search(said.text, 0, found.start()) is not None
        said.epochs = at + 1 if found.group("total") else -1
        said.after = found.end()
        return
    for form in _OTHER_EPOCHS:
        other = form.search(said.text)
        if other is not None:
            first = other.start() + other.group().index(_M)
            said.epoch = said.number(first)
            said.after = first + 1
            if other.groupdict().get("total"):
                said.epochs = said.epoch + 1
                said.after = other.end()
            return


def _step(said: Counters) -> None:
    for found in _STEP.finditer(said.text):
        before = _WORD_BEFORE.search(said.text[: found.start()])
        if before is not None and before.group(1).lower() in _NOT_NOW:
            continue
        at = said.number(found.start() + found.group().index(_M))
        if at == said.epoch:
            continue
        said.step = at
        if found.group("total"):
            said.steps = at + 1
            said.part, said.parts = at, at + 1
        return


def _batch(said: Counters) -> None:
    for found in _BATCH.finditer(said.text):
        if found.group("total"):
            said.part = said.number(found.start() + found.group().index(_M))
            said.parts = said.part + 1
            return


def batches(said: Counters, text: str) -> tuple[bool, bool]:
    """Find the share of the epoch in a bar or in a plain `200/2983`; whether it is a bar."""
    bar = _BAR.search(text)
    keras = bar is None and ("ETA:" in text or "[=]" in text or "/step" in text)
    if said.part < 0 or bar is not None:
        found = _OF.search(text, bar.end() if bar else said.after)
        if found is not None:
            said.part, said.parts = said.number(found.start()), said.number(found.end() - 1)
    return bar is not None, keras
