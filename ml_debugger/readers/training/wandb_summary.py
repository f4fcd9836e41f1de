"""The wandb-summary.json of a Weights & Biases run: the last value of everything it logged."""

from __future__ import annotations

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.flat_records import flat
from ml_debugger.readers.training.moments import moment
from ml_debugger.readers.training.numbers import as_number

FORMAT = "W&B summary"
_OWN = frozenset({"_step", "_runtime", "_timestamp", "_wandb"})


def recognise(head: Head) -> str | None:
    """The format's name for an object with at least two of the keys that W&B adds."""
    start = head.text.lstrip()
    if not start.startswith("{") or sum(f'"{key}"' in start for key in _OWN) < 2:
        return None
    document = sketch(head)
    return FORMAT if isinstance(document, dict) and len(_OWN & document.keys()) >= 2 else None


def read(head: Head, form: str) -> Reading:
    """A run of one point a metric, at the last step; raises Unreadable for damaged JSON."""
    document = load(head)
    if not isinstance(document, dict):
        raise Unreadable("is no summary of a run")
    runs = Runs(head, form, "step")
    run = runs.now
    step = as_number(document.get("_step"))
    for name, written in flat(document).items():
        value = as_number(written)
        if value is not None and name not in _OWN:
            run.add(name, step, value, 1)
    if (when := moment(document.get("_timestamp"))) is not None:
        run.add("timestamp", step, when, 1)
    seconds = as_number(document.get("_runtime"))
    if seconds is not None:
        run.details["runtime"] = f"{seconds:.0f} s"
    run.details["kept"] = "the last value of each metric"
    return runs.reading(allow_empty=True)


READER = Reader("wandb-summary", recognise, read)
