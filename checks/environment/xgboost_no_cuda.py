"""ENV003: XGBoost cannot train on the GPU that is there."""

from __future__ import annotations

from ml_debugger.artifacts import Environment
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV003",
    name="xgboost-no-cuda",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "failed_fits",
            "fits",
            "above",
            "tiny fits on the GPU that did not run there",
            "the project's record: a probe of XGBoost's CUDA support is required by default",
            fail=0,
        ),
    ),
    explained_by=("driver-unreachable", "gpu-lost"),
    profiles=("pre-train", "full"),
)
def xgboost_no_cuda(environment: Environment) -> Outcome:
    """XGBoost cannot train on the GPU that is there.

    What it measures:
        Whether a fit of 16 rows with `device="cuda"`, in the interpreter that trains, really
        ran on the card. XGBoost only warns and goes on with the CPU where it finds no card,
        so the device is read back from the booster's own configuration.
    Why it matters:
        The training runs, only far slower, while the card is paid for.
    What to do:
        Install a build with CUDA: the wheel `xgboost` of Linux has it, `xgboost-cpu` and
        conda's CPU variants have not. If the build has it, compare the driver's version with
        the CUDA version that the build asks for.
    Sources:
        XGBoost documentation, "XGBoost GPU Support" and "Installation Guide"; the project's
        record (a CUDA probe of XGBoost is required before a run).
    """
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if not environment.gpu_seen:
        return NotMeasured("no GPU is seen, so XGBoost was not tried on one")
    version = environment.packages.get("xgboost") or environment.packages.get("xgboost-cpu")
    if environment.xgboost_gpu is None:
        missing = f"XGBoost {version} was not tried" if version else "XGBoost is not installed"
        return NotMeasured(f"{missing} in {environment.interpreter}")
    works = environment.xgboost_gpu == "works"
    seen = "trains on the GPU" if works else "cannot train on the GPU"
    return Measurement(
        title=f"XGBoost {version or 'of unknown version'} {seen}",
        values={"failed_fits": 0 if works else 1},
        evidence=(
            Evidence("xgboost_said", environment.xgboost_detail),
            Evidence("interpreter", environment.interpreter),
        ),
    )
