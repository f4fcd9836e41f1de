"""Walk-forward efficiency: how much of the skill in validation is left in the test."""

CHANCE = 0.5
"""Directional accuracy of a coin."""

LEAST_VALIDATION_SKILL = 0.001
"""Below this lead over chance in validation the ratio is noise, and undefined."""


def walk_forward_efficiency(validation_accuracy: float, test_accuracy: float) -> float | None:
    """Returns 100 * (test - 0.5) / (validation - 0.5), in percent.

    Both accuracies are fractions of right directions. They are taken as leads over chance: the
    raw ratio test / validation gives 94.5 % for 0.55 and 0.52, where 40 % of the skill is left.
    None where validation - 0.5 is 0.001 or less. Negative if the test is worse than chance.
    """
    lead = validation_accuracy - CHANCE
    if lead <= LEAST_VALIDATION_SKILL:
        return None
    return 100 * (test_accuracy - CHANCE) / lead
