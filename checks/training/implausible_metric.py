"""TRN010: a validation result that markets do not allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.curves.granularity import least_rows
from ml_debugger.curves.points import finite
from ml_debugger.runs.metric_names import (
    beside_validation,
    kind_of,
    of_a_market,
    on_training,
    on_validation,
    words,
)
from ml_debugger.runs.perfect_results import perfect_results
from ml_debugger.runs.validation_advantage import validation_advantage

_RETURNS = frozenset({"return", "returns", "ret", "rets", "logret"})
_NO_LEVEL = frozenset({"std", "ir", "stat", "t", "p", "pvalue", "min", "se"})
_ROWS = frozenset({"rows", "samples", "size", "n", "count"})
_ERRORS = 3.0
_ROWS_OF_A_YEAR = 252


@dataclass(frozen=True, slots=True)
class _Found:
    """The level of one metric at the end of the run, as it is compared with its limit."""

    limit: str
    curve: Curve
    value: float
    level: float
    said: str


@check(
    code="TRN010",
    name="implausible-metric",
    component="training",
    playbook="leakage",
    limits=[
        Limit(
            name="directional_accuracy",
            unit="share",
            direction="above",
            warn=0.65,
            fail=0.75,
            meaning="share of right signs on validation rows, less three standard errors of few "
            "rows and less what longer horizons rise by themselves",
            source="the project's record of 2025-12: 46 to 57 % of real daily directions; an R2 of "
            "1 % of a normal return is 53 %",
        ),
        Limit(
            name="r2_of_returns",
            unit="share",
            direction="above",
            warn=0.2,
            fail=0.5,
            meaning="share of the variance of returns that is explained on validation rows",
            source="Gu, Kelly and Xiu, Review of Financial Studies 2020: 0.4 % of monthly returns",
        ),
        Limit(
            name="r2_of_levels",
            unit="share",
            direction="above",
            warn=0.95,
            meaning="explained share where the target is not said to be a return: that of a price "
            "is near 1 for a copy of yesterday",
            source="arithmetic: daily moves of 2 % against levels that spread by 15 % leave 2 %",
        ),
        Limit(
            name="information_coefficient",
            unit="correlation",
            direction="above",
            warn=0.2,
            fail=0.4,
            meaning="correlation of forecasts and returns on validation rows",
            source="Grinold and Kahn, Active Portfolio Management: 0.05 is good, 0.10 is great",
        ),
        Limit(
            name="sharpe_ratio",
            unit="per year",
            direction="above",
            warn=5.0,
            fail=10.0,
            meaning="Sharpe ratio that is logged in training on rows not trained on",
            source="design choice: several times what long-lived strategies of daily bars reach; "
            "the project's record has 0.26 to 0.91",
        ),
        Limit(
            name="validation_advantage",
            unit="share of the training loss",
            direction="above",
            warn=0.5,
            meaning="how far the validation loss lies below the training loss, at all later checks",
            source="design choice: half of the training loss is far beyond what dropout does to "
            "losses of returns, which stay near the variance of the target",
        ),
        Limit(
            name="perfect_checks",
            unit="checks",
            direction="above",
            warn=1,
            meaning="validation losses of exactly 0, or accuracies of exactly 1 from the first on",
            source="no model of a market is without error",
        ),
    ],
    settings=[
        Setting("sharpe_of_the_market", "per day", 0.05,
                "mean over spread of daily returns, from which the share of rising periods follows",
                "about 0.8 a year; the project's record: 53 % of days rise"),
    ],
    explained_by=("future-in-feature", "target-in-features", "feature-uses-future",
                  "shuffled-split", "split-overlap", "full-sample-scaling", "leaky-source",
                  "missing-purge"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def implausible_metric(run: TrainingRun, settings: Settings) -> Outcome:
    """A validation result that markets do not allow.

    What it measures:
        The median of the last fifth of checks of metrics whose name says that they concern
        directions, returns or trading: directional accuracy, information coefficient, Sharpe
        ratio, R2. Figures of training rows are left out. Where names in the log speak of a
        market, also a validation loss below half of the training loss at all later checks,
        and perfect results. An ordinary accuracy or R2 of other data is never judged.
        Directional accuracy is lowered by three standard errors of the rows that its values
        can come from, and for horizons beyond a day by what a rising market adds.
        An R2 near 1 of a price is honest arithmetic and no skill: it is what yesterday's price
        gives. It is shown as a warning, because it is so often taken for skill.

    Why it matters:
        Results beyond what markets allow come from the future in features, from shuffled or
        overlapping splits, or from a wrong calculation. They vanish in live trading, with the
        money that was put on them.

    What to do:
        Run the leakage checks on the features and the split. Score the last value and a shift
        of the features by one day beside the model: where a day's delay destroys the skill of
        slow features, they hold the day itself. Predict returns, not prices.

    Sources:
        Grinold and Kahn, Active Portfolio Management, 1999. Gu, Kelly and Xiu, Empirical Asset
        Pricing via Machine Learning, Review of Financial Studies 2020. Kaufman et al., Leakage
        in Data Mining, KDD 2011.
    """
    market = of_a_market(run)
    found = [
        one
        for curve in run.curves.values()
        if (kind := kind_of(curve)) in _MEASURES
        and _out_of_sample(run, curve)
        and _NO_LEVEL.isdisjoint(words(curve.name))
        and (one := _MEASURES[kind](run, curve, settings["sharpe_of_the_market"], market))
    ]
    if market:
        found += [
            _Found("perfect_checks", curve, float(count), curve.values[-1], said)
            for curve, count, said in perfect_results(run)
        ]
        advantage = validation_advantage(run)
        if advantage is not None:
            curve, share, ratio = advantage
            said = f"is {ratio:.2f} times the training loss at all later checks"
            found.append(_Found("validation_advantage", curve, share, ratio, said))
    if not found:
        return NotMeasured("no validation metric of directions, returns or trading in this log")
    values = {one.limit: max(f.value for f in found if f.limit == one.limit) for one in found}
    worst = max(found, key=lambda one: one.value / _WARN[one.limit])
    count = len(worst.curve)
    return Measurement(
        f"{worst.curve.original} {worst.said}",
        values,
        tuple(
            Evidence(one.curve.original, round(one.level, 4), None,
                     f"{run.step_unit} {one.curve.steps[-1]:g}, {len(one.curve)} checks")
            for one in sorted(found, key=lambda one: -one.value / _WARN[one.limit])[:5]
        ),
        line=worst.curve.lines[max(0, count - max(1, count // 5))]
        if worst.value > _WARN[worst.limit]
        else None,
    )  # fmt: skip


def _out_of_sample(run: TrainingRun, curve: Curve) -> bool:
    if on_training(curve):
        return False
    return on_validation(curve) or beside_validation(run, curve)


def _level(curve: Curve) -> float | None:
    values = finite(curve).values
    return median(values[-max(1, len(values) // 5) :]) if values else None


def _direction(run: TrainingRun, curve: Curve, daily: float, _market: bool) -> _Found | None:
    level = _level(curve)
    if level is None or level < 0:
        return None
    level = level / 100 if max(finite(curve).values) > 1.5 else level
    if level > 1:
        return None
    rows = _rows(run) or least_rows(finite(curve).values)
    if all(round(share, 2) == share for share in finite(curve).values):
        # two decimals do not tell how many rows there are
        rows = max(rows, _ROWS_OF_A_YEAR)
    few = _ERRORS * math.sqrt(0.25 / rows) if rows < 1000 else 0.0
    normal, sessions = NormalDist(), run.horizon or 1
    rising = normal.cdf(daily * math.sqrt(max(sessions, 1))) - normal.cdf(daily)
    said = f"is {level:.1%} right" + (f" at a horizon of {sessions}" if run.horizon else "")
    return _Found("directional_accuracy", curve, level - few - rising, level, said)


def _coefficient(_run: TrainingRun, curve: Curve, _daily: float, _market: bool) -> _Found | None:
    level = _level(curve)
    if level is None or abs(level) > 1:
        return None
    return _Found("information_coefficient", curve, level, level, f"is {level:.3f}")


def _sharpe(_run: TrainingRun, curve: Curve, _daily: float, _market: bool) -> _Found | None:
    level = _level(curve)
    return None if level is None else _Found("sharpe_ratio", curve, level, level, f"is {level:.2f}")


def _explained(run: TrainingRun, curve: Curve, _daily: float, market: bool) -> _Found | None:
    level = _level(curve)
    if level is None or not market or level > 1:
        return None
    share = level if kind_of(curve) == "R2" else max(level, 0.0) ** 2
    if _of_returns(run, curve):
        return _Found("r2_of_returns", curve, share, level, f"is {level:.3f} on returns")
    said = f"is {level:.4f}"
    if share > 0.95:
        said += ", as a copy of yesterday's price gives"
    return _Found("r2_of_levels", curve, share, level, said)


_MEASURES: Mapping[str | None, Callable[[TrainingRun, Curve, float, bool], _Found | None]] = {
    "direction": _direction,
    "information coefficient": _coefficient,
    "correlation": _explained,
    "R2": _explained,
    "Sharpe ratio": _sharpe,
}
_WARN = {
    "directional_accuracy": 0.65,
    "information_coefficient": 0.2,
    "sharpe_ratio": 5.0,
    "r2_of_returns": 0.2,
    "r2_of_levels": 0.95,
    "validation_advantage": 0.5,
    "perfect_checks": 1.0,
}


def _of_returns(run: TrainingRun, curve: Curve) -> bool:
    told = [curve.name, curve.original]
    told += [text for name, text in run.details.items()
             if not {"target", "label", "y"}.isdisjoint(words(name))]  # fmt: skip
    return any(not _RETURNS.isdisjoint(words(text)) for text in told)


def _rows(run: TrainingRun) -> int | None:
    """The validation rows that the log states."""
    for name, text in run.details.items():
        said = set(words(name))
        if not {"val", "valid", "validation", "test"}.isdisjoint(said) and said & _ROWS:
            number = text.replace(",", "").strip()
            if number.isdigit() and int(number) > 0:
                return int(number)
    return None
