"""Which runs of a workspace were scored on the same test window."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import PurePath

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    RunHistory,
    Split,
    TrainingRun,
    Trial,
    ValidationRecord,
)

CHOSEN = re.compile(
    r"(?:^|[^a-z])(?:best|final|selected|chosen|deployed|production|champion|winner)(?:[^a-z]|$)",
    re.IGNORECASE,
)
"""A word in a file's path that says that its run was chosen."""

SAME_DATA = ("symbol", "ticker", "asset", "pair", "dataset", "horizon", "target", "universe",
             "test_start", "test_end", "timeframe")  # fmt: skip
"""Parameters of runs that were not scored on the same data when these differ."""

HIGHER = ("test_sharpe", "test_accuracy", "test_acc", "test_dir_acc", "test_directional_accuracy",
          "test_auc", "test_f1", "test_ic", "test_return", "oos_sharpe")  # fmt: skip
LOWER = ("test_loss", "test_rmse", "test_mse", "test_mae")
_DIGITS = re.compile(r"[0-9a-f]{16,}|[0-9]+")


@dataclass(frozen=True)
class _Key:
    """What runs must share to have been scored on the same data."""

    metric: str
    start: date | None
    end: date | None
    rows: int | None
    horizon: int | None
    place: str
    data: tuple[tuple[str, str], ...] = field(default=())


def run_histories(artifacts: Sequence[Artifact]) -> list[RunHistory]:
    """One history for each test window that records, logs or backtests were scored on.

    Runs are told from models of other tickers by their names: those of runs differ in numbers.
    """
    splits = {(a.path, a.subject): a for a in artifacts if isinstance(a, Split)}
    groups: dict[_Key, list[tuple[str, Trial]]] = defaultdict(list)
    for artifact in artifacts:
        for key, trial in _scored(artifact, splits):
            groups[key].append((artifact.path or artifact.subject, trial))
    # one log alone says nothing of a choice among runs
    return [
        _history(key, found)
        for key, found in _with_reports(groups).items()
        if key.start is not None or key.rows is not None or len(found) > 1
    ]


def _with_reports(
    groups: Mapping[_Key, list[tuple[str, Trial]]],
) -> Mapping[_Key, list[tuple[str, Trial]]]:
    """A record that lies elsewhere as the chosen one joins the runs whose score it repeats."""
    merged = {key: list(found) for key, found in groups.items()}
    for key, found in groups.items():
        if len(found) > 1 or not found[0][1].chosen:
            continue
        for other, runs in merged.items():
            scores = {trial.test_score for _, trial in runs}
            same = replace(other, place="") == replace(key, place="")
            if other != key and same and found[0][1].test_score in scores:
                runs += found
                del merged[key]
                break
    return merged


def _scored(
    artifact: Artifact, splits: Mapping[tuple[str | None, str], Split]
) -> Iterator[tuple[_Key, Trial]]:
    match artifact:
        case ValidationRecord(test_accuracy=float(score)):
            split = splits.get((artifact.path, artifact.subject))
            tests = [w for w in split.windows if w.part == "test"] if split is not None else []
            start = min((_day(w.start) for w in tests), default=None)
            end = max((_day(w.end) for w in tests), default=None)
            if start is not None or artifact.test_rows is not None:
                rows, horizon = artifact.test_rows, artifact.horizon
                key = _Key("accuracy", start, end, rows, horizon, _pattern(artifact))
                yield key, _trial(artifact, score, artifact.validation_accuracy)
        case Backtest(in_sample=False) if artifact.start and "sharpe" in artifact.metrics:
            key = _Key("sharpe", artifact.start, artifact.end, None, None, _pattern(artifact))
            yield key, _trial(artifact, artifact.metrics["sharpe"], None)
        case TrainingRun():
            yield from _logged(artifact)


def _logged(run: TrainingRun) -> Iterator[tuple[_Key, Trial]]:
    """The last test score of a run that has a folder of its own, such as one of MLflow."""
    for sign, names in ((1, HIGHER), (-1, LOWER)):
        for name in names:
            curve = run.curves.get(name)
            if curve is None or len(curve) == 0 or run.segment is not None:
                continue
            metric = name.partition("_")[2]
            kept = run.curves.get(f"val_{metric}")
            best = sign * kept.values[-1] if kept is not None and len(kept) else None
            data = tuple((k, run.details[k]) for k in SAME_DATA if k in run.details)
            key = _Key(metric, None, None, None, run.horizon, _pattern(run), data)
            yield key, _trial(run, sign * curve.values[-1], best)
            return


def _trial(artifact: Artifact, test: float, validation: float | None) -> Trial:
    chosen = bool(CHOSEN.search(artifact.path or ""))
    return Trial(artifact.subject, test, validation, chosen)


def _pattern(artifact: Artifact) -> str:
    """The path without the numbers that tell runs apart; the words that mark a choice go too.

    Six digits and a name in capitals may be a ticker: they stay.
    """
    name = artifact.subject
    kept = [
        part
        if re.fullmatch(r"\d{5,6}(?:\.\w+)?", part)
        else _DIGITS.sub("#", CHOSEN.sub("#", part))
        for part in PurePath(name).parts
    ]
    return re.sub(r"[#_\-]*#[#_\-]*", "#", "/".join(kept))


def _history(key: _Key, found: Sequence[tuple[str, Trial]]) -> RunHistory:
    """One history; a record that repeats another's scores is a copy of it, or its report."""
    trials: dict[tuple[float, float | None], Trial] = {}
    for _, trial in found:
        scores = (trial.test_score, trial.validation_score)
        known = trials.get(scores)
        if known is None or trial.chosen:
            trials[scores] = trial
    paths = sorted({path for path, _ in found})
    subject = paths[0] if len(paths) == 1 else f"runs like {paths[0]}"
    return RunHistory(
        subject,
        paths[0],
        metric=key.metric,
        trials=tuple(trials.values()),
        start=key.start,
        end=key.end,
        rows=key.rows,
        horizon=key.horizon,
    )


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
