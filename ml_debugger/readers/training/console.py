"""What one line of a console log says: where the training stands, and which metrics it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ml_debugger.readers.training.names import (
    ACCURACY,
    LOSS,
    TEST,
    TRAIN,
    VALIDATION,
    Meaning,
    meaning,
    words,
)
from ml_debugger.readers.training.numbers import NUMBER, number

MAX_TEXT = 4_000

_TOKEN = r"[A-Za-z][\w./@-]{0,60}+"
_PAIR = re.compile(
    rf"(?<![\w./@-])({_TOKEN}(?:[ ]{_TOKEN}){{0,4}})"
    r"[\"'\])]{0,3}[ \t]{0,40}(?:\([^()\d]{0,12}\)[ \t]{0,4})?(?:=>|->|:|=|\|)?"
    r"[ \t]{0,12}[\"'\[(]{0,2}(?:tensor\(|np\.float\d\d\(|array\()?"
    rf"((?>{NUMBER}))(?![\w])(%?)(?:[ \t]?/[ \t]{{0,6}}(\d{{1,12}})\b)?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:cost|loss)\s+(?:after|at)\s+(epoch|iteration|step)\s+(\d{{1,12}})\s*[:=]\s*({NUMBER})",
    re.IGNORECASE,
)
_OF = re.compile(r"(?<![\d./-])(\d{1,12})[ ]{0,3}/[ ]{0,6}(\d{1,12})(?![\d./-])")
_BAR = re.compile(r"(\d{1,3})%\|")
_ROLE = re.compile(
    r"\b(train|training|val|valid|validation|validating|eval|evaluation|evaluating|test|testing|"
    r"dev)\b(?:[ _](?:set|loop|phase|step|metrics|results?|epoch))?\s{0,4}[:\]|)>{(=-]",
    re.IGNORECASE,
)
# plain substrings: a search for all of them at once is several times slower
_INTEREST = ("loss", "epoch", "acc", "rmse", "mse", "mae", "nll", "lr", "learning", "norm", "step",
             "iter", "cost", "round", "batch", "ppl", "fold", "update")  # fmt: skip
_ASIDE = ("load", "restor", "final", "resum", "summary", "runtime", "best", "improved", "stop",
          "patience")  # fmt: skip
_LOOKS_BACK = re.compile(
    r"\bload(?:ed|ing)\b|restor|\bfinal\b|resum|summary|train_runtime", re.IGNORECASE
)
# such words also stand at the end of an ordinary line: "train 0.5 val 0.4 (best)"
_MARKS_BEST = re.compile(r"best|improved|early.?stop|patience", re.IGNORECASE)
_FOLD = re.compile(r"\bfold\b\W{0,4}(?:#\W?)?(\d{1,4})\b", re.IGNORECASE)

_EPOCH = frozenset({"epoch", "ep"})
_STEP = frozenset({*("step", "iter", "iteration", "iterations", "update", "updates", "round"),
                   *("global_step", "total_timesteps", "timesteps", "num_updates", "it"),
                   *("timestep",)})  # fmt: skip
_BATCH = frozenset({"batch", "batches", "minibatch"})
_NOT_NOW = frozenset({*("max", "total", "num", "warmup", "last", "start", "starting", "per"),
                      *("every", "from", "until", "after", "n", "number", "save", "log", "eval"),
                      *("of", "size", "time", "best")})  # fmt: skip
_ERRORS = frozenset({"rmse", "mse", "mae", "logloss", "nll", "bce", "mape", "rmsle", "smape"})
_OTHERS = frozenset(
    {
        *("ppl", "perplexity", "auc", "roc", "auroc", "f1", "precision", "recall"),
        *("r2", "ic", "mcc", "iou", "dice", "bleu", "entropy", "elbo", "kl"),
    }
)
_VOCABULARY = (
    TRAIN | VALIDATION | TEST | LOSS | ACCURACY | _ERRORS | _OTHERS
    | {"avg", "average", "mean", "total", "epoch", "running", "lr", "learning", "rate", "grad",
       "gradient", "norm", "gnorm", "pred", "prediction", "predictions", "std", "share",
       "positive", "directional", "set", "batch", "step", "time"}
)  # fmt: skip


@dataclass(slots=True)
class Said:
    """One line's content. `metrics` holds (name, value); a counter that is not said is None.

    `part` is how far the epoch is, 0 to 1, where the line tells batch and total. `bar` is true
    for progress bars, which repeat their figures, and `keras` for those of Keras, whose figures
    are running averages until the bar is full; `summary` for lines that look back.
    """

    epoch: float | None = None
    step: float | None = None
    part: float | None = None
    fold: str | None = None
    bar: bool = False
    keras: bool = False
    summary: bool = False
    metrics: list[tuple[str, float]] = field(default_factory=list)

    @property
    def has_counter(self) -> bool:
        """Whether the line itself says where the training stands."""
        return self.epoch is not None or self.step is not None or self.part is not None


def interesting(text: str) -> bool:
    """A quick look whether the line can say anything."""
    lower = text[:MAX_TEXT].lower()
    return any(word in lower for word in _INTEREST)


def parse(text: str, whole: bool = True) -> Said:
    """What the line says; of an unclosed one a number at its very end is left out."""
    text = text[:MAX_TEXT]
    lower = text.lower()
    said = Said()
    if "fold" in lower and (found := _FOLD.search(text)):
        said.fold = found.group(1)
    marks = [(found.start(), found.group(1).lower()) for found in _ROLE.finditer(text)]
    inherited = ""
    after = 0
    for found in _PAIR.finditer(text):
        key, written, percent, total = found.groups()
        value = number(written)
        if value is None or (not whole and found.end() >= len(text) and value == value):
            continue
        parts = key.split(" ")
        if _counter(said, parts, value, total):
            after = after or found.end()
            continue
        named = _metric(parts)
        if named is None:
            continue
        name, told = named
        if percent and told.kind == "loss":
            # packets and money are lost in percent
            continue
        while marks and marks[0][0] < found.start():
            inherited = marks.pop(0)[1]
        if told.role:
            inherited = told.role if " " in name else inherited
        elif inherited and told.kind != "special":
            name = f"{inherited} {name}"
        if total is not None:
            if told.kind != "accuracy" or float(total) == 0:
                continue
            value /= float(total)
            text = text[: found.start()] + " " * len(found.group()) + text[found.end() :]
        said.metrics.append((name, value / 100 if percent and told.kind == "accuracy" else value))
    _after(said, text)
    _batches(said, text, after)
    if any(word in lower for word in _ASIDE):
        trains = any(_trains(name) for name, _ in said.metrics)
        said.summary = _LOOKS_BACK.search(text) is not None or (
            not trains and _MARKS_BEST.search(text) is not None
        )
    return said


def _trains(name: str) -> bool:
    told = meaning(name)
    return told is not None and told.role == "train"


def is_loss_metric(name: str) -> bool:
    """Whether the metric counts as a loss when it is asked if a text is a training log."""
    told = meaning(name)
    return told is not None and told.kind in ("loss", "error")


def _counter(said: Said, parts: list[str], value: float, total: str | None) -> bool:
    """Take the pair as a counter, if it is one."""
    last = parts[-1].lower().rstrip(".")
    before = {part.lower() for part in parts[:-1]}
    if last not in _EPOCH | _STEP | _BATCH or value != value or value < 0 or value > 1e15:
        return False
    if not before.isdisjoint(_NOT_NOW) and "end" not in before:
        return True
    if last in _EPOCH:
        if said.epoch is None:
            said.epoch = value
    elif total is not None and float(total) >= value and float(total) > 0:
        # the total may be that of an epoch or of the whole run: only beside an epoch it matters
        said.part = value / float(total)
        said.step = value if said.step is None else said.step
    elif last in _STEP and said.step is None:
        said.step = value
    return True


def _metric(parts: list[str]) -> tuple[str, Meaning] | None:
    """The metric that the last words of a key name."""
    if len(parts) > 1 and parts[-1] in ("tensor", "array"):
        parts = parts[:-1]
    start = len(parts) - 1
    while start > 0 and parts[start - 1].lower().rstrip(".") in _VOCABULARY:
        start -= 1
    # a word of the vocabulary before the name may still deny it: best validation loss
    name = " ".join(parts[max(0, start - 1) :]) if start else " ".join(parts)
    if meaning(name) is None:
        return None
    name = " ".join(parts[start:])
    told = meaning(name)
    if told is None:
        return None
    if told.kind in ("loss", "accuracy", "special"):
        return name, told
    known = set(words(name))
    if told.kind == "error":
        return (name, told) if not known.isdisjoint(_ERRORS) else None
    return (name, told) if not known.isdisjoint(_OTHERS) else None


def _after(said: Said, text: str) -> None:
    found = _AFTER.search(text) if "after" in text.lower() or " at " in text else None
    if found is None:
        return
    unit, counted, written = found.groups()
    value = number(written)
    if value is not None:
        said.metrics.append(("loss", value))
        if unit.lower() == "epoch":
            said.epoch = float(counted)
        else:
            said.step = float(counted)


def _batches(said: Said, text: str, start: int) -> None:
    """The share of the epoch from a progress bar or from a plain `200/2983`."""
    bar = _BAR.search(text)
    said.keras = bar is None and ("ETA:" in text or "━" in text or "[=" in text or "/step" in text)
    said.bar = bar is not None or said.keras
    if said.part is not None and bar is None:
        return
    found = _OF.search(text, bar.end() if bar else start)
    if found is not None:
        done, total = int(found.group(1)), int(found.group(2))
        if done <= total and total > 0:
            said.part = done / total
            if said.epoch is None and said.step is None and bar is not None:
                said.step = float(done)
