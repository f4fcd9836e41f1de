"""BKT006 contradictory-metrics."""

from __future__ import annotations

from checks.backtest.arithmetic import impossible, refuted
from ml_debugger.artifacts import Backtest
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="BKT006",
    name="contradictory-metrics",
    component="performance",
    playbook="walk-forward",
    limits=(
        Limit(
            "refuted_figures",
            "count",
            "above",
            "reported figures that the equity series, or the definition of another, refutes",
            "arithmetic: recomputed by every usual convention (252, 365 and inferred periods, "
            "both variances, risk-free rates of 0 to 6 %)",
            fail=0,
        ),
        Limit(
            "odd_pairs",
            "count",
            "above",
            "pairs of reported figures that hardly belong to one backtest",
            "the project's record of 2025-12: a win rate of 89 % with a negative alpha",
            warn=0,
        ),
    ),
    explained_by=("no-position-lag", "equity-discontinuity"),
    profiles=("quick", "full"),
)
def contradictory_metrics(backtest: Backtest) -> Outcome:
    """Reported figures contradict the equity series or each other.

    What it measures:
        Total return, maximum drawdown, Sharpe ratio, volatility and annual return are
        recomputed from the series by every usual convention, and a figure is refuted only if
        none gives it. Without a series the figures are held against each other: a loss larger
        than the drawdown, an annual return of the other sign than the total one, trades that
        were never made, a high win rate with a negative alpha. A positive Sharpe ratio with a
        loss is possible when volatility is high (volatility drag) and is then left alone.

    Why it matters:
        Figures that do not follow from the curve come from another run, another window or a
        wrong formula. Decisions hang on them.

    What to do:
        Recompute all figures from one stored series, by one function, and store the convention
        (periods a year, costs, risk-free rate) beside them.

    Sources:
        Sharpe, The Sharpe Ratio, Journal of Portfolio Management 1994.
        The project's record of 2025-12 (win rate of 89 %, alpha of -1.26).
    """
    if not backtest.metrics:
        return NotMeasured("no figures are reported with this series")
    wrong, compared = refuted(backtest)
    odd, held = impossible(backtest)
    if not compared and not held:
        return NotMeasured("no two reported figures can be held against each other")
    found = [*wrong, *odd]
    if found:
        title = found[0].sentence
    else:
        title = f"{compared + held} comparisons of the reported figures agree"
    return Measurement(
        title,
        {"refuted_figures": float(len(wrong)), "odd_pairs": float(len(odd))},
        tuple(Evidence(c.figure, c.value, None, c.sentence) for c in found[:5]),
    )
