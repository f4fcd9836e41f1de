"""LEK002 future-in-feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.leakage.foreseen import foreseen, holding_labels
from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

if TYPE_CHECKING:
    from ml_debugger.data.foresight import Relation

SKILL, SIZE_SKILL = 0.1, 0.25


@check(
    code="LEK002",
    name="future-in-feature",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "future_relation",
            "correlation",
            "above",
            "lower bound of a feature's correlation with returns after its row, a bar",
            "information coefficients of 0.05 are good and 0.1 great (Grinold and Kahn 2000)",
            warn=SKILL,
            fail=0.2,
        ),
        Limit(
            "future_size_relation",
            "correlation",
            "above",
            "the same with the sizes of moves after its row, beyond what recent sizes foretell",
            "what is left of the size of a move after a regression on the sizes of a day, a "
            "week and a month is little known to any forecast (Corsi 2009)",
            warn=SIZE_SKILL,
            fail=0.4,
        ),
    ),
    explained_by=("target-in-features",),
    profiles=("pre-train", "full"),
)
def future_in_feature(features: FeatureTable, prices: PriceTable | None, sample: Sample) -> Outcome:
    """A feature relates to future returns far beyond what a feature can know.

    What it measures:
        For each feature, its change, and its ratio to the price where it is a price, the
        correlation with the returns of each of the next 21 bars and of the next 2 to 21
        together, on up to 20,000 rows of whole tickers. Returns come from the linked prices,
        from closes in the table, or from its shortest label. They are cleaned of what their own
        last five bars foretell, so that momentum, reversal and bounce are no foresight, and the
        feature of what the last 21 returns explain, so that its relation to the past is not
        counted and a window to both sides shows its future half. The
        bound takes off what chance may give any of the columns tried (1 in 100 a table), by
        sums over blocks of time: days on which all tickers move together, changing volatility
        and overlapping horizons count as they should. Sums of several bars are divided by the
        root of their number, at most 6. The sizes of moves are looked at likewise, where the
        relation ahead is above that to the bars before. A relation that lies in the night after
        the bar, and is not the gap itself, is known before the next open and left out.

    Why it matters:
        A centred average, a row too far, or the week's last close on its Monday gives a model
        the answer in part. Validation, walk-forward and backtest on the same table all praise
        it, because they all see the same future.

    What to do:
        Look at how the named feature is computed: negative shift, center=True, back-filling, a
        resampled bar joined on its first day. `diagnostic leakage FILE.py:FUNCTION` proves or
        clears the function behind it. Then train anew.

    Sources:
        Grinold and Kahn, Active Portfolio Management, 2nd edition, 2000, chapter 6. Newey and
        West, Econometrica 55(3), 1987, and Fama and MacBeth, JPE 81(3), 1973, for errors under
        dependence. Bonferroni's inequality for the number of columns.
        Measured on simulated markets with changing volatility (95 tables of 200 healthy columns:
        momentum, averages, RSI, MACD, volatility, noise of any memory, true skill up to 0.1; one
        to 100 tickers, 200 to 15,000 dates): none of 19,000 columns was named; nor was any of
        150 features of 505 real stocks. Of 35 ways to leak in each of 19 tables 87 % were;
        missed are centred volatilities over 21 and more rows, the month's high known ahead, and
        on 500 rows of one ticker also shifted averages and shifted volatilities.
    """
    if not features.features:
        return NotMeasured("has no feature columns")
    found = foreseen(features, prices, sample)
    if isinstance(found, str):
        return NotMeasured(found)
    suspects = _worst_by_column([x for x in found.relations if _weight(x) > 1])
    held = holding_labels(features, sample, [x.column for x in suspects])
    suspects = [x for x in suspects if x.column not in held]
    shifted = [x for x in suspects if x.ahead == 1]
    if not found.certain and len(shifted) == len(suspects) > 0.3 * len(features.features):
        return NotMeasured("features are one bar ahead, which dates without a zone may explain")
    kept = [x for x in found.relations if x.column not in held]
    values = {
        "future_relation": max((x.bound for x in kept if not x.size), default=0.0),
        "future_size_relation": max((x.bound for x in kept if x.size), default=0.0),
    }
    title = f"No feature of {len(features.features)} knows returns after its row"
    if held:
        title += f"; {held[0]} is a label, see target-in-features"
    if suspects:
        title = _words(suspects[0])
        if len(suspects) > 1:
            title += f"; {len(suspects)} features in all"
    return Measurement(
        title,
        values,
        tuple(
            Evidence(
                "correlation",
                round(x.correlation, 4),
                where=f"{x.form}{x.column} with {_what(x)}; with the bars before {x.past:.2f}",
            )
            for x in suspects[:5]
        ),
    )


def _weight(relation: Relation) -> float:
    """The bound in units of the level from which it is a finding."""
    return relation.bound / (SIZE_SKILL if relation.size else SKILL)


def _worst_by_column(relations: list[Relation]) -> list[Relation]:
    worst: dict[str, Relation] = {}
    for relation in sorted(relations, key=_weight, reverse=True):
        worst.setdefault(relation.column, relation)
    return list(worst.values())


def _words(relation: Relation) -> str:
    return (
        f"{relation.form}{relation.column} relates to {_what(relation)}"
        f" ({relation.correlation:.2f})"
    )


def _what(relation: Relation) -> str:
    what = "the size of the return" if relation.size else "the return"
    if relation.summed:
        return f"{what} of the next {relation.ahead} bars"
    if relation.ahead == 1:
        return f"{what} of the next bar"
    return f"{what} {relation.ahead} bars later"
