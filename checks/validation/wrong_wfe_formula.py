"""VAL002 wrong-wfe-formula."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts import ValidationRecord
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@dataclass(frozen=True)
class _Recorded:
    """A recorded efficiency with the accuracies that it was made from."""

    where: str
    wfe: float
    validation: float
    test: float

    @property
    def raw(self) -> float:
        """What the raw ratio gives, in percent."""
        return 100 * self.test / self.validation

    @property
    def adjusted(self) -> float | None:
        """What the formula gives, in percent."""
        from ml_debugger.training.efficiency import walk_forward_efficiency

        return walk_forward_efficiency(self.validation, self.test)

    @property
    def is_raw(self) -> bool:
        """Whether the recorded number is the raw ratio and cannot be the adjusted one.

        Accuracies may have been rounded after the efficiency was computed, so each is taken as
        an interval of half its last digit.
        """
        # both were rounded alike, and a trailing zero is not written
        half_v = half_t = min(_half_unit(self.validation), _half_unit(self.test))
        own = 100 * _half_unit(self.wfe / 100) + 0.051
        blur = 100 * (half_t + half_v * self.test / self.validation) / self.validation
        if abs(self.wfe - self.raw) > blur + own:
            return False
        if self.adjusted is None:
            return True
        low, high = self.validation - half_v - 0.5, self.validation + half_v - 0.5
        if low <= 0:
            # a lead within its own rounding: the efficiency may be any number
            return False
        ratios = [
            100 * (self.test + sign * half_t - 0.5) / lead
            for sign in (-1, 1)
            for lead in (low, high)
        ]
        return not min(ratios) - own <= self.wfe <= max(ratios) + own


def _half_unit(value: float) -> float:
    """Half a unit in the last place that was written: 0.005 for 0.55; nothing past 5 places."""
    for places in range(2, 6):
        if abs(value - round(value, places)) < 1e-12:
            return float(0.5 * 10**-places)
    return 0.0


@check(
    code="VAL002",
    name="wrong-wfe-formula",
    component="performance",
    playbook="walk-forward",
    limits=(
        Limit(
            "raw_ratios",
            "count",
            "above",
            "recorded efficiencies that are the raw ratio test / validation",
            "the project's record of 2025-12: 94.5 % recorded for 0.55 and 0.52, where 40 % is "
            "right",
            fail=0,
        ),
    ),
    profiles=("quick", "full"),
)
def wrong_wfe_formula(record: ValidationRecord) -> Outcome:
    """The recorded walk-forward efficiency is the raw ratio of accuracies.

    What it measures:
        Whether a recorded efficiency equals 100 * test / validation and not
        100 * (test - 0.5) / (validation - 0.5), within the rounding of the recorded accuracies.
        Numbers that fit neither follow another convention, such as a mean over folds, and are
        left alone.

    Why it matters:
        Half of all directions are right by chance. The raw ratio is near 100 % for any model,
        a coin included, so a gate on it lets everything through.

    What to do:
        Subtract 0.5 from both accuracies before dividing, and judge the recorded models again.

    Sources:
        The project's record of 2025-12 (0.55 and 0.52 recorded as 94.5 %).
    """
    recorded = _recorded(record)
    if not recorded:
        return NotMeasured("no recorded efficiency beside both of its accuracies")
    wrong = [entry for entry in recorded if entry.is_raw]
    shown = (wrong or recorded)[0]
    right = "undefined" if shown.adjusted is None else f"{shown.adjusted:.1f} %"
    if wrong:
        title = f"WFE is recorded as {shown.wfe:.1f} %, the raw ratio; right is {right}"
    else:
        title = f"Recorded WFE of {shown.wfe:.1f} % is not the raw ratio ({shown.raw:.1f} %)"
    return Measurement(
        title,
        {"raw_ratios": float(len(wrong))},
        tuple(
            Evidence(
                "recorded_wfe",
                round(entry.wfe, 2),
                "%",
                f"{entry.where}: validation {entry.validation:.4f}, test {entry.test:.4f}",
            )
            for entry in (wrong or recorded)[:5]
        ),
    )


def _recorded(record: ValidationRecord) -> list[_Recorded]:
    rows = [("overall", record.wfe, record.validation_accuracy, record.test_accuracy)]
    rows += [
        (f"fold {number}", fold.wfe, fold.validation_accuracy, fold.test_accuracy)
        for number, fold in enumerate(record.folds)
    ]
    return [
        _Recorded(where, wfe, validation, test)
        for where, wfe, validation, test in rows
        if wfe is not None and validation and test is not None
    ]
