"""JSON documents of curves: Keras histories, evaluation results of boosters, lists of records.

A history maps metrics to lists of values; XGBoost and LightGBM map data sets to such mappings;
CatBoost lists its iterations. Histories may stand deeper in a document (by fold, by model).
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from ml_debugger.artifacts import TrainingConfig
from ml_debugger.readers.configurations.configuration import settings_in
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import sketch
from ml_debugger.readers.training.boosting import names_by_set
from ml_debugger.readers.training.curves import Runs
from ml_debugger.readers.training.flat_records import flat
from ml_debugger.readers.training.histories import Boosted, find
from ml_debugger.readers.training.json_arrays import Objects
from ml_debugger.readers.training.json_lines import kind_of
from ml_debugger.readers.training.metric_records import MetricRecords, counter_of
from ml_debugger.readers.training.stream import Stream

HISTORY = "JSON history"
RESULTS = "evaluation results"
RECORDS = "JSON list of metrics"
MAX_CHARACTERS = 64 << 20
_SALVAGED = 4 << 20
"""A document that breaks off is closed after its last whole value up to this size."""


def recognise(head: Head) -> str | None:
    """HISTORY, RESULTS or RECORDS for documents that hold such curves."""
    if head.text.lstrip()[:1] not in ("{", "["):
        return None
    document = sketch(head)
    if isinstance(document, list):
        records = [record for record in document[:200] if isinstance(record, dict)]
        return RECORDS if len(records) >= 2 and kind_of(records) == "metrics" else None
    found = find(document)
    if not found:
        return None
    return RESULTS if all(isinstance(one, Boosted) for one in found) else HISTORY


def read(head: Head, form: str) -> Reading:
    """Every history of the document; one that breaks off is read as far as it goes."""
    stream = Stream(head)
    text = _text(stream)
    if form == RECORDS:
        return _records(head, form, text, stream.problem)
    document, problem = _document(head, text)
    problem = stream.problem or problem
    found = find(document)
    runs = Runs(head, form, "round" if form == RESULTS else "epoch")
    at = 0
    for one in found:
        at = one.fill(runs.start(one.segment if len(found) > 1 else None), text, at)
    reading = runs.reading(problem, rename=names_by_set if form == RESULTS else None)
    values = settings_in(document)
    if values is None:
        return reading
    config = TrainingConfig(head.shown, head.shown, format="configuration", values=values)
    return Reading([*reading.artifacts, config], reading.problem, reading.line)


def _records(head: Head, form: str, text: str, problem: str | None) -> Reading:
    start = text.find("[") + 1
    objects = Objects(text, start)
    records = list(objects)
    metrics = MetricRecords(head, form, counter_of([flat(record) for _, record in records[:200]]))
    for line, record in records:
        metrics.take(line, record)
    problem = problem or objects.problem
    return metrics.close().reading(problem, objects.line if problem else None)


def _text(stream: Stream) -> str:
    parts: list[str] = []
    size = 0
    for piece in stream.pieces():
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise Unreadable(f"a document beyond {MAX_CHARACTERS >> 20} MiB is not read")
        parts.append(piece)
    return "".join(parts)


def _document(head: Head, text: str) -> tuple[Any, str | None]:
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno} is no whole JSON: {error.msg}"
    except (ValueError, RecursionError) as error:
        problem = f"is no whole JSON: {error}"
    return sketch(dataclasses.replace(head, text=text[:_SALVAGED])), problem


READER = Reader("json-history", recognise, read)
