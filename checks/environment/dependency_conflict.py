"""ENV007: packages of the interpreter that trains do not fit together."""

from __future__ import annotations

from ml_debugger.artifacts import Environment
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV007",
    name="dependency-conflict",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "broken_pairs",
            "packages",
            "above",
            "packages built for NumPy 1 beside NumPy 2, and packages of which one folder holds"
            " two versions",
            "numpy/numpy issue 26191: first releases that run with NumPy 2; older ones end at"
            " their import",
            fail=0,
        ),
        Limit(
            "unmet_requirements",
            "requirements",
            "above",
            "requirements that the metadata of installed packages state and that are not met",
            "pip check: the same rule; many such pairs work all the same, hence a warning",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def dependency_conflict(environment: Environment) -> Outcome:
    """Packages of the interpreter that trains do not fit together.

    What it measures:
        The requirements in the metadata of all installed packages against the versions that
        are installed, for the platform of that interpreter and without extras; packages that
        were built for NumPy 1 beside NumPy 2; and packages of which one folder holds the
        metadata of two versions, as a broken upgrade leaves them. A package that is shadowed
        by another folder is normal. Missing wheels with CUDA libraries (nvidia-...) are left
        out: images and conda bring those libraries in other ways.
    Why it matters:
        Such a pair ends the training at an import, or worse: after hours, at the first call
        of a function that was renamed.
    What to do:
        `python -m pip check` in that interpreter shows the same list. Install what is asked
        for, from a lock file. Of a package with two versions remove both and install it
        again.
    Sources:
        pip documentation, "pip check"; Python Packaging User Guide, "Dependency specifiers";
        numpy/numpy issue 26191 and NumPy 2.0 migration guide.
    """
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if environment.conflicts is None:
        return NotMeasured("nobody compared requirements and versions")
    stale = environment.stale_abi
    broken = len(stale) + len(environment.doubled)
    unmet = environment.conflicts
    if stale:
        title = f"{stale[0].package} needs {stale[0].requires}; {stale[0].found} is installed"
    elif environment.doubled:
        title = f"Two versions in one folder: {environment.doubled[0]}"
    elif unmet:
        first = unmet[0]
        title = f"{first.package} requires {first.requires}; found {first.found or 'nothing'}"
        title += f", and {len(unmet) - 1} more" if len(unmet) > 1 else ""
    else:
        title = f"{len(environment.packages)} packages fit together"
    return Measurement(
        title,
        {"broken_pairs": broken, "unmet_requirements": len(unmet)},
        (
            *(
                Evidence("stale_abi", c.found, None, f"{c.requires}, {c.package}")
                for c in stale[:3]
            ),
            *(Evidence("two_versions", text) for text in environment.doubled[:2]),
            *(
                Evidence("found", c.found or "nothing", None, f"{c.package} requires {c.requires}")
                for c in unmet[:4]
            ),
            Evidence("interpreter", environment.interpreter),
        )[:6],
    )
