"""What each file is, in a few words: the first half of what `inspect` answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    BoosterModel,
    Checkpoint,
    FeatureTable,
    FileRead,
    GpuHistory,
    GpuSnapshot,
    LogText,
    Positions,
    Predictions,
    PriceTable,
    SizingRecord,
    Split,
    TrainingConfig,
    TrainingRun,
    ValidationRecord,
)


def describe_files(artifacts: Sequence[Artifact]) -> dict[str, str]:
    """A line for each file that was read, by path: what it holds, or its format."""
    found: dict[str, list[str]] = {}
    formats = {
        a.path: a.format if a.problem is None or a.salvaged else f"{a.format}, not readable"
        for a in artifacts
        if isinstance(a, FileRead) and a.path
    }
    for table in artifacts:
        if isinstance(table, PriceTable | FeatureTable) and table.files and table.path:
            for file in table.files.values():
                formats.pop(file, None)
            formats[table.path] = "tables"
    runs: dict[str, list[TrainingRun]] = {}
    for artifact in artifacts:
        if artifact.path not in formats:
            continue
        if isinstance(artifact, TrainingRun):
            runs.setdefault(artifact.path or "", []).append(artifact)
        elif words := describe(artifact):
            found.setdefault(artifact.path or "", []).append(words)
    for path, several in runs.items():
        found.setdefault(path, []).append(_runs(several))
    return {
        str(path): ", ".join(found.get(str(path), ())) or form for path, form in formats.items()
    }


def describe(artifact: Artifact) -> str | None:
    """One artifact in words, None for those that say nothing of a file's kind."""
    match artifact:
        case PriceTable(rows=rows, columns=columns, files=files):
            shown = [name for name in columns if name not in ("ticker", "time")]
            return f"price table{_in(files)}, {_number(rows, 'bar')} ({' '.join(shown)})"
        case FeatureTable(rows=rows, features=features, labels=labels, files=files):
            named = f", {_count(labels, 'label')}" if labels else ""
            count = _count(features, "feature")
            return f"feature table{_in(files)}, {_number(rows, 'row')}, {count}{named}"
        case Predictions(rows=rows, kind=kind):
            return f"predictions ({kind}), {rows:,} rows"
        case Positions(rows=rows):
            return f"positions, {rows:,} rows"
        case Backtest(series=series, metrics=metrics):
            length = "no series" if series is None else f"{len(series):,} periods"
            return f"backtest, {length}, {_count(metrics, 'reported figure')}"
        case ValidationRecord(folds=folds):
            return f"validation record, {_count(folds, 'fold')}"
        case Split(windows=windows):
            return f"split, {_count(windows, 'window')}"
        case TrainingConfig(format=form, values=values):
            return f"training configuration ({form}), {_count(values, 'setting')}"
        case SizingRecord():
            return "sizing record"
        case LogText():
            return _log(artifact)
        case Checkpoint(format=form, size=size):
            return f"checkpoint ({form}), {size:,} bytes"
        case BoosterModel(trees=trees, width=width):
            wide = "" if width is None else f", {_number(width, 'feature')}"
            return f"boosted model, {_count(trees, 'tree')}{wide}"
        case GpuSnapshot():
            return _cards(artifact)
        case GpuHistory(series=series):
            samples = max((len(one.seconds) for one in series), default=0)
            return f"history of {_count(series, 'GPU')}, {_number(samples, 'sample')}"
        case _:
            return None


def _cards(snapshot: GpuSnapshot) -> str:
    """A snapshot of the driver: its cards by name, or that it did not answer."""
    if snapshot.state != "answered":
        return f"GPU snapshot, driver {snapshot.state}"
    names = Counter(device.name for device in snapshot.devices if device.name != "unknown")
    cards = ", ".join(f"{count} x {name}" for name, count in names.items())
    number = _count(snapshot.devices, "GPU")
    part = f", {snapshot.partial} only" if snapshot.partial else ""
    return f"GPU snapshot, {cards or number}{part}"


def _log(log: LogText) -> str:
    """The text of a log: its length, and how much of it speaks of trouble."""
    kinds = {"traceback": "traceback", "error": "error", "end": "verdict"}
    counts = {kind: sum(p.count for p in log.passages if p.kind == kind) for kind in kinds}
    found = [_number(counts[kind], word) for kind, word in kinds.items() if counts[kind]]
    name = "log" if log.format != "table of runs with errors" else log.format
    cut = [] if log.complete else ["the last one without an end"]
    return ", ".join([f"{name} of {_number(log.lines, 'line')}", *cut, *found])


def _in(files: Mapping[str, str]) -> str:
    return f" in {len(files):,} files" if files else ""


def _runs(runs: Sequence[TrainingRun]) -> str:
    curves: Mapping[str, object] = {name: None for run in runs for name in run.curves}
    shown = " ".join(list(curves)[:5]) + (" ..." if len(curves) > 5 else "")
    several = f"{len(runs)} training runs" if len(runs) > 1 else "training run"
    longest = max((len(c) for run in runs for c in run.curves.values()), default=0)
    cut = next((run.details["cut_off"] for run in runs if "cut_off" in run.details), None)
    left_out = f"; line {cut} is cut off and left out" if cut is not None else ""
    return f"{several} ({runs[0].format}), {_number(longest, 'point')} ({shown}){left_out}"


def _count(things: Sequence[object] | Mapping[str, object], name: str) -> str:
    return _number(len(things), name)


def _number(count: int, name: str) -> str:
    return f"{count:,} {name}" + ("" if count == 1 else "s")
