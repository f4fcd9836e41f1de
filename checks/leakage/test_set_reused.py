"""LEK008 test-set-reused."""

from __future__ import annotations

import math
from statistics import NormalDist, variance

from ml_debugger.artifacts import RunHistory, Trial
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

FEW = 7
"""Trials that two years of data bear (Bailey, Borwein, Lopez de Prado and Zhu 2014)."""
SESSIONS = 252
CONFIDENT = 0.95
_SOURCE = (
    "Bailey, Borwein, Lopez de Prado and Zhu 2014: after 7 trials on two years the best of them "
    "has a Sharpe ratio of 1 without any skill; after 45 on five years"
)


@check(
    code="LEK008",
    name="test-set-reused",
    component="performance",
    playbook="walk-forward",
    limits=(
        Limit(
            "blind_trials",
            "runs",
            "above",
            "runs scored on one test window that have no validation score to choose by",
            _SOURCE,
            warn=FEW,
        ),
        Limit(
            "chance_sharpe",
            "ratio",
            "above",
            "annual Sharpe ratio that the best of as many worthless runs shows on this window",
            _SOURCE,
            warn=1.0,
        ),
        Limit(
            "deflated_confidence",
            "probability",
            "below",
            "that the best run's skill is more than the best of as many worthless runs has",
            "Bailey and Lopez de Prado 2014, The deflated Sharpe ratio: 0.95",
            warn=CONFIDENT,
        ),
        Limit(
            "chosen_by_test",
            "runs",
            "above",
            "runs that were chosen or ranked first for their test score",
            "a set that chooses is a validation set (Hastie, Tibshirani and Friedman 2009, "
            "section 7.2)",
            fail=0,
        ),
    ),
    explained_by=("target-in-features", "split-overlap"),
    profiles=("full",),
)
def test_set_reused(history: RunHistory) -> Outcome:
    """The same test window scored many runs, and chose among them.

    What it measures:
        How many runs were scored on one test window: validation records, logged runs, or rows
        of a table of results. They count as a finding where more than seven have no validation
        score to choose by, or where the files show that the test score chose: the run that is
        marked as best, or a list in the order of the test score. Where the window's rows or
        years are known, the best score is compared with what the best of as many worthless runs
        would show; a lead that survives this is no finding. Runs with validation scores of
        their own, folds of a cross-validation and the windows of walking forward are healthy.

    Why it matters:
        The best of forty coins looks skilled. A test that chose the model is a second
        validation, and its score is what luck adds, not what trading will bring.

    What to do:
        Choose by validation, and score the test once. For what is already done, report the
        number of trials with a deflated figure, or keep a later window that nothing has seen.

    Sources:
        Bailey and Lopez de Prado, The deflated Sharpe ratio, Journal of Portfolio Management
        40 (5), 2014. Bailey, Borwein, Lopez de Prado and Zhu, Pseudo-mathematics and financial
        charlatanism, Notices of the AMS 61 (5), 2014.
    """
    trials = [t for t in history.trials if math.isfinite(t.test_score)]
    if not trials:
        return NotMeasured("no run has a finite test score")
    blind = [t for t in trials if t.validation_score is None]
    best = max(trials, key=lambda trial: trial.test_score)
    by_test = _chosen_by_test(history, trials)
    window = f" {history.start} to {history.end}" if history.start and history.end else ""
    if not by_test and len(blind) <= FEW:
        return Measurement(_healthy(trials, blind, window), {"blind_trials": float(len(blind))})
    deflated = _deflated(history, trials, best)
    if deflated >= CONFIDENT:
        title = f"The best of {len(trials)} test scores survives deflation ({deflated:.3f})"
        values = {"deflated_confidence": deflated}
    else:
        title = f"{len(trials)} runs were scored on the same test window{window}"
        if by_test:
            title = f"The best of {len(trials)} runs was chosen by its test score"
        values = _values(history, len(blind), len(trials), deflated, by_test=by_test)
    return Measurement(title, values, _evidence(history, trials, best))


def _values(
    history: RunHistory, blind: int, trials: int, deflated: float, *, by_test: bool
) -> dict[str, float]:
    values = {"chosen_by_test": 1.0} if by_test else {}
    if blind > FEW:
        years = _years(history)
        if years is None:
            values["blind_trials"] = float(blind)
        else:
            values["chance_sharpe"] = _chance_sharpe(blind, years)
    if trials > FEW:
        values["deflated_confidence"] = deflated
    return values


def _healthy(trials: list[Trial], blind: list[Trial], window: str) -> str:
    if len(trials) == 1:
        return f"One run was scored on the test window{window}"
    if not blind:
        return f"{len(trials)} runs share a test window, each with a validation score"
    return f"{len(trials)} runs were scored on one test window, no more than it bears"


def _chosen_by_test(history: RunHistory, trials: list[Trial]) -> bool:
    """Whether a mark or the order of a list shows that the test score chose.

    A choice that is the best by validation too shows nothing.
    """
    if len(trials) <= 2:
        return False
    chosen = [t for t in trials if t.chosen]
    if len(chosen) == 1:
        rivals = [t.validation_score for t in trials if t.validation_score is not None]
        own = chosen[0].validation_score
        if own is not None and rivals and own >= max(rivals):
            return False
        return chosen[0].test_score >= max(t.test_score for t in trials)
    return history.ranked_by == "test" and len(trials) > FEW


def _years(history: RunHistory) -> float | None:
    if history.start is None or history.end is None:
        return None
    days = (history.end - history.start).days
    return days / 365.25 if days > 0 else None


def _chance_sharpe(trials: int, years: float) -> float:
    """Ratios estimated over y years scatter by 1 / sqrt(y) around their true value."""
    from ml_debugger.backtest.deflation import expected_maximum

    return expected_maximum(trials) / math.sqrt(years)


def _deflated(history: RunHistory, trials: list[Trial], best: Trial) -> float:
    """The probability that the best run has skill, after so many trials; NaN where unknown."""
    from ml_debugger.backtest.deflation import deflated_sharpe, expected_maximum

    if len(trials) < 3:
        return math.nan
    spread = variance([trial.test_score for trial in trials])
    years = _years(history)
    if history.metric.startswith("sharpe") and years is not None:
        periods = round(years * SESSIONS)
        return deflated_sharpe(
            best.test_score / math.sqrt(SESSIONS), spread / SESSIONS, len(trials), periods
        )
    if history.metric == "accuracy" and history.rows:
        # labels overlap by their horizon, so every horizon-th row is independent
        error = 0.5 / math.sqrt(max(history.rows / max(history.horizon or 1, 1), 1))
        lead = best.test_score - 0.5 - math.sqrt(spread) * expected_maximum(len(trials))
        return NormalDist().cdf(lead / error)
    return math.nan


def _evidence(history: RunHistory, trials: list[Trial], best: Trial) -> tuple[Evidence, ...]:
    found = [
        Evidence("trials", len(trials), "runs", history.subject),
        Evidence(f"test_{history.metric}", round(best.test_score, 4), where=best.name),
    ]
    middle = sorted(trial.test_score for trial in trials)[len(trials) // 2]
    found.append(Evidence(f"median_test_{history.metric}", round(middle, 4)))
    known = [t for t in trials if t.validation_score is not None]
    if known:
        first = max(known, key=lambda trial: trial.validation_score or 0.0)
        found.append(
            Evidence("best_by_validation", round(first.test_score, 4), "test score", first.name)
        )
    if history.ranked_by is not None:
        found.append(Evidence("ranked_by", f"{history.ranked_by} score"))
    return tuple(found)
