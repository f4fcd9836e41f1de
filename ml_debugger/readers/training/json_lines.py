"""JSON Lines logs: metrics by step, the engine's own log, and collections of experiments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.cut_off import cut_off_at
from ml_debugger.readers.training.engine_log import EVENTS, SCHEMA, EngineLog
from ml_debugger.readers.training.flat_records import flat
from ml_debugger.readers.training.metric_records import (
    COUNTERS,
    RankedRecords,
    counter_of,
    counts_up,
)
from ml_debugger.readers.training.names import is_loss, words
from ml_debugger.readers.training.numbers import as_number
from ml_debugger.readers.training.stream import Stream

METRICS = "JSON Lines metrics"
ENGINE = "training log of the engine"
EXPERIMENTS = "JSON Lines experiments"

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
    return METRICS_OF[kind] if (kind := kind_of(records)) is not None else None


def kind_of(records: list[dict[str, Any]]) -> str | None:
    """ "metrics" or "experiments" for records of that kind, None for others."""
    flattened = [flat(record) for record in records]
    with_loss = [
        (record, own)
        for record, own in zip(records, flattened, strict=True)
        if any(as_number(value) is not None for name, value in own.items() if is_loss(name))
        or _names_a_loss(own)
    ]
    if len(with_loss) < 2 or len(with_loss) < len(records) * 0.2:
        return None
    told = sum(not _HYPERPARAMETERS.isdisjoint(record) for record, _ in with_loss)
    rows = [own for _, own in with_loss]
    if told >= len(with_loss) * 0.8 and not counts_up(rows):
        return "experiments"
    roles = {name for own in rows for name in own if is_loss(name)}
    return "metrics" if counter_of(rows) is not None or len(roles) > 1 else None


def read(head: Head, form: str) -> Reading:
    """The runs of the file; an unclosed last line is passed over without a word."""
    stream = Stream(head)
    engine = EngineLog(head, form) if form == ENGINE else None
    counter = counter_of([flat(record) for record in _first_records(head)])
    metrics = RankedRecords(head, form, counter)
    runs = Runs(head, form, "epoch")
    bad: list[int] = []
    cut_off: int | None = None
    for line in stream.lines():
        text = line.text.strip().strip("\0")
        if not text:
            continue
        record = _record(text)
        if record is None:
            if line.whole:
                bad.append(line.number)
            else:
                cut_off = line.number
        elif engine is not None:
            engine.take(line.number, record)
        elif form == EXPERIMENTS:
            _experiment(runs, line.number, record)
        else:
            metrics.take(line.number, record)
    problem, at = stream.problem, None
    if bad and problem is None:
        more = f" ({len(bad):,} such lines in all)" if len(bad) > 1 else ""
        problem, at = f"line {bad[0]} is no JSON object{more}", bad[0]
    if engine is not None:
        return cut_off_at(cut_off, engine.reading(problem, at))
    whole = (runs if form == EXPERIMENTS else metrics.close()).reading(problem, at)
    return cut_off_at(cut_off, whole)


def _experiment(runs: Runs, line: int, record: Mapping[str, Any]) -> None:
    """A record that is a whole experiment becomes a run of one point."""
    run = runs.start()
    run.segment = f"record {line}"
    step = next((v for k in COUNTERS if (v := as_number(record.get(k))) is not None), None)
    for name, written in record.items():
        value = as_number(written)
        if value is not None and (is_loss(name) or not {"acc", "accuracy"}.isdisjoint(words(name))):
            run.add(name, step, value, line)
        elif isinstance(written, str | int | float | bool) and len(run.details) < 40:
            run.details[name[:80]] = str(written)[:80]


def _names_a_loss(record: Mapping[str, Any]) -> bool:
    """Whether the record is one value of a metric that it names."""
    named = [str(record.get(key, "")) for key in ("name", "metric", "tag", "key")]
    return as_number(record.get("value")) is not None and any(is_loss(n) for n in named if n)


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


METRICS_OF = {"metrics": METRICS, "experiments": EXPERIMENTS}

READER = Reader("json-lines-training-log", recognise, read)
