"""ENV004: LightGBM cannot train on the GPU that is there."""

from __future__ import annotations

from ml_debugger.artifacts import Environment, Expectations
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV004",
    name="lightgbm-no-gpu",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "failed_fits",
            "fits",
            "above",
            "tiny fits of LightGBM that ran neither with CUDA nor with OpenCL",
            "the project's record: LightGBM's GPU back end was not there and the trainer left"
            " LightGBM out; many train it on CPUs on purpose, hence a warning",
            warn=0,
        ),
        Limit(
            "needed_fits",
            "fits",
            "above",
            "the same where the configuration wants training on a GPU",
            "the workspace's own word: expect.gpu_training",
            fail=0,
        ),
    ),
    explained_by=("driver-unreachable", "gpu-lost"),
    profiles=("pre-train", "full"),
)
def lightgbm_no_gpu(environment: Environment, expected: Expectations | None) -> Outcome:
    """LightGBM cannot train on the GPU that is there.

    What it measures:
        A fit of 200 rows with `device_type` "cuda" and then "gpu" (OpenCL), in the
        interpreter that trains and in a process of its own, as a missing OpenCL may end it.
    Why it matters:
        A trainer that insists on the GPU leaves LightGBM out of the ensemble, or stops; one
        that does not trains on the CPU while the card is idle.
    What to do:
        Build it with CUDA (`pip install lightgbm --no-binary lightgbm
        --config-settings=cmake.define.USE_CUDA=ON`), or give it the OpenCL of the driver
        (/etc/OpenCL/vendors/nvidia.icd and the package ocl-icd-libopencl1).
    Sources:
        LightGBM documentation, "Installation Guide" and "GPU Tutorial"; the project's record.
    """
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if not environment.gpu_seen:
        return NotMeasured("no GPU is seen, so LightGBM was not tried on one")
    version = environment.version("lightgbm")
    if version is None:
        return NotMeasured(f"LightGBM is not installed in {environment.interpreter}")
    if environment.lightgbm_gpu is None:
        said = environment.lightgbm_detail or "no fit was wanted"
        return NotMeasured(f"LightGBM {version} was not tried: {said}")
    works = environment.lightgbm_gpu == "works"
    wanted = expected is not None and expected.gpu_training is True
    return Measurement(
        title=f"LightGBM {version} {'trains' if works else 'cannot train'} on the GPU",
        values={"failed_fits": int(not works), "needed_fits": int(not works and wanted)},
        evidence=(
            Evidence("lightgbm_said", environment.lightgbm_detail),
            Evidence("interpreter", environment.interpreter),
        ),
    )
