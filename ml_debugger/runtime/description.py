"""What each file is, in a few words: the first half of what `inspect` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    Checkpoint,
    FeatureTable,
    FileRead,
    Positions,
    Predictions,
    PriceTable,
    SizingRecord,
    Split,
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
        case PriceTable(rows=rows, columns=columns):
            shown = [name for name in columns if name not in ("ticker", "time")]
            return f"price table, {rows:,} bars ({' '.join(shown)})"
        case FeatureTable(rows=rows, features=features, labels=labels):
            return f"feature table, {rows:,} rows, {_count(features, 'feature')}" + (
                f", {_count(labels, 'label')}" if labels else ""
            )
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
        case SizingRecord():
            return "sizing record"
        case Checkpoint(format=form, size=size):
            return f"checkpoint ({form}), {size:,} bytes"
        case _:
            return None


def _runs(runs: Sequence[TrainingRun]) -> str:
    curves: Mapping[str, object] = {name: None for run in runs for name in run.curves}
    shown = " ".join(list(curves)[:5]) + (" ..." if len(curves) > 5 else "")
    several = f"{len(runs)} training runs" if len(runs) > 1 else "training run"
    longest = max((len(c) for run in runs for c in run.curves.values()), default=0)
    return f"{several} ({runs[0].format}), {longest:,} points ({shown})"


def _count(things: Sequence[object] | Mapping[str, object], name: str) -> str:
    return f"{len(things):,} {name}" + ("" if len(things) == 1 else "s")
