"""JSON Lines logs: metrics by step, the engine's own log, and collections of experiments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.engine_log import EVENTS, SCHEMA, EngineLog
from ml_debugger.readers.training.names import is_loss, words
from ml_debugger.readers.training.numbers import as_number
from ml_debugger.readers.training.stream import Stream

METRICS = "JSON Lines metrics"
ENGINE = "training log of the engine"
EXPERIMENTS = "JSON Lines experiments"

_COUNTERS = (
    *("global_step", "step", "num_updates", "iteration", "iter", "round", "epoch"),
    *("epoch_num", "epochs_done", "_step", "timestep", "update"),
)
_UNITS = {"epoch": "epoch", "epoch_num": "epoch", "epochs_done": "epoch", "round": "round"}
_WITHIN_EPOCH = frozenset({"iter", "iteration", "step", "batch", "batch_idx"})
_HYPERPARAMETERS = frozenset(
    {
        *("batch_size", "dropout", "seed", "hidden_size", "num_layers", "n_layers", "optimizer"),
        *("weight_decay", "max_depth", "n_estimators", "num_leaves", "epochs", "momentum"),
        *("model", "model_type", "hidden_dim", "subsample", "params", "config", "hparams"),
    }
)


def recognise(head: Head) -> str | None:
    """METRICS, ENGINE or EXPERIMENTS for lines that are objects of that kind."""
    records = _first_records(head)
    if not records:
        return None
    if any(r.get("schema") == SCHEMA for r in records[:5]) or (
        sum(r.get("event") in EVENTS for r in records) >= max(2, len(records) // 2)
    ):
        return ENGINE
    with_loss = [r for r in records if any(_is_value(r, name) for name in r if is_loss(name))]
    if len(with_loss) < 2 or len(with_loss) < len(records) * 0.2:
        return None
    told = sum(not _HYPERPARAMETERS.isdisjoint(r) for r in with_loss)
    if told >= len(with_loss) * 0.8 and not _counts_up(with_loss):
        return EXPERIMENTS
    roles = {name for record in with_loss for name in record if is_loss(name)}
    return METRICS if _counter(with_loss) is not None or len(roles) > 1 else None


def read(head: Head, form: str) -> Reading:
    """The runs of the file; an unclosed last line is passed over without a word."""
    stream = Stream(head)
    engine = EngineLog(head, form) if form == ENGINE else None
    records = _first_records(head)
    counter = _counter(records)
    unit = _UNITS.get(counter or "", "step")
    runs = Runs(head, form, "epoch" if form == EXPERIMENTS else unit)
    problem, bad = None, None
    for line in stream.lines():
        text = line.text.strip().strip("\0")
        if not text:
            continue
        record = _record(text)
        if record is None:
            if line.whole and problem is None:
                problem, bad = f"line {line.number} is no JSON object", line.number
        elif engine is not None:
            engine.take(line.number, record)
        elif form == EXPERIMENTS:
            _experiment(runs, line.number, record)
        else:
            _metrics(runs, line.number, record, counter)
    if stream.problem is not None:
        problem, bad = stream.problem, None
    return engine.reading(problem, bad) if engine else runs.reading(problem, bad)


def _metrics(runs: Runs, line: int, record: Mapping[str, Any], counter: str | None) -> None:
    step = as_number(record.get(counter)) if counter is not None else None
    found = {
        name: value
        for name, written in record.items()
        if name not in _COUNTERS and (value := as_number(written)) is not None
    }
    if not found:
        return
    if step is not None:
        runs.count(step)
    mode = str(record.get("mode", record.get("phase", record.get("split", ""))))[:20]
    role = f"{mode}_" if mode and mode != "train" else ""
    within = counter in _UNITS and not _WITHIN_EPOCH.isdisjoint(record)
    for name, value in found.items():
        at = step if step is not None else runs.now.last
        runs.now.add(f"{role}{name}", at, value, line, contextual=within)


def _experiment(runs: Runs, line: int, record: Mapping[str, Any]) -> None:
    """A record that is a whole experiment becomes a run of one point."""
    run = runs.start()
    run.segment = f"record {line}"
    step = next((v for k in _COUNTERS if (v := as_number(record.get(k))) is not None), None)
    for name, written in record.items():
        value = as_number(written)
        if value is not None and (is_loss(name) or not {"acc", "accuracy"}.isdisjoint(words(name))):
            run.add(name, step, value, line)
        elif isinstance(written, str | int | float | bool) and len(run.details) < 40:
            run.details[name[:80]] = str(written)[:80]


def _first_records(head: Head) -> list[dict[str, Any]]:
    if not head.text.lstrip().startswith("{"):
        return []
    lines = [line for line in head.text.split("\n")[:200] if line.strip()]
    records = [_record(line) for line in lines]
    # the end of the head may cut the last line, damage another one
    if len(lines) > 1 and records[-1] is None:
        records.pop()
    whole = [record for record in records if record is not None]
    return whole if len(whole) >= max(1, len(records) * 0.8) else []


def _record(text: str) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _is_value(record: Mapping[str, Any], name: str) -> bool:
    return as_number(record[name]) is not None


def _counter(records: list[dict[str, Any]]) -> str | None:
    """The first counter that most records have and that does not start again all the time."""
    for name in _COUNTERS:
        seen = [v for r in records if (v := as_number(r.get(name))) is not None]
        if len(seen) >= max(2, len(records) * 0.5):
            falls = sum(after < before for before, after in pairwise(seen))
            if falls <= max(1, len(seen) // 20):
                return name
    return None


def _counts_up(records: list[dict[str, Any]]) -> bool:
    name = _counter(records)
    if name is None:
        return False
    seen = [v for r in records if (v := as_number(r.get(name))) is not None]
    rises = sum(after > before for before, after in pairwise(seen))
    return rises >= (len(seen) - 1) * 0.6


READER = Reader("json-lines-training-log", recognise, read)
