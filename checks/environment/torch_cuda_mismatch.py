"""ENV001: this build of torch cannot compute on the card that is there."""

from __future__ import annotations

from ml_debugger.artifacts import Environment
from ml_debugger.artifacts.architectures import fit_of
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV001",
    name="torch-cuda-mismatch",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "cards_without_code",
            "cards",
            "above",
            "cards for which the build has neither code nor PTX",
            "CUDA C++ programming guide, application compatibility: such kernels do not start",
            fail=0,
        ),
        Limit(
            "newer_than_driver",
            "major versions",
            "above",
            "by how much the CUDA of the build is newer than the newest of the driver",
            "CUDA compatibility guide: within a major version any driver will do, beyond it none"
            " but with a compatibility package",
            fail=0,
        ),
        Limit(
            "failed_contacts",
            "contacts",
            "above",
            "first uses of a card that failed, in the interpreter that trains",
            "a sum of eight numbers on the card is the least that a training asks for",
            fail=0,
        ),
    ),
    explained_by=("cpu-only-torch", "driver-unreachable", "gpu-lost"),
    profiles=("pre-train", "full"),
)
def torch_cuda_mismatch(environment: Environment) -> Outcome:
    """This build of torch cannot compute on the card that is there.

    What it measures:
        The architectures that torch was built for against the compute capability of each
        card, the CUDA version of the build against the newest that the driver supports, and
        whether a sum of eight numbers on the card works in a process of its own. Where that
        sum works, a newer build is no fault: a compatibility package is installed.
    Why it matters:
        "no kernel image is available for execution on the device" comes at the first
        operation on a new card; a driver that is too old makes torch fall back to the CPU
        with a warning that nobody reads.
    What to do:
        For a card without code install a build for it (`pip install torch --index-url
        https://download.pytorch.org/whl/cuNNN` with a newer CUDA). For an old driver take a
        build with an older CUDA, or on a rented box another image or host: the driver
        belongs to the host.
    Sources:
        CUDA C++ programming guide, "Application compatibility"; CUDA compatibility guide,
        "Minor version compatibility"; PyTorch documentation, torch.cuda.get_arch_list.
    """
    torch = environment.torch
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if torch is None:
        return NotMeasured(f"torch is not installed in {environment.interpreter}")
    if not environment.gpu_seen:
        return NotMeasured("no GPU is seen, so torch was not tried on one")
    if torch.cuda is None:
        return NotMeasured(f"torch {torch.version} is no build for CUDA")
    works = torch.available
    bare = [
        card
        for card in environment.cards
        if torch.architectures
        and card.capability
        and fit_of(card.capability, torch.architectures) == "none"
    ]
    newer = _major(torch.cuda) - _major(environment.driver_cuda or torch.cuda)
    values = {
        "cards_without_code": float(len(bare)) if torch.architectures else float("nan"),
        "newer_than_driver": 0.0 if works else float(max(0, newer)),
        "failed_contacts": float("nan") if works is None else float(not works),
    }
    build = f"torch {torch.version} (CUDA {torch.cuda})"
    if bare:
        title = f"{build} has no code for {bare[0].name} ({bare[0].capability})"
    elif newer > 0 and not works:
        title = f"{build} is newer than the driver, which ends at CUDA {environment.driver_cuda}"
    elif works is False:
        title = f"{build} cannot use the card: {torch.why_not or 'no device'}"
    elif works is None:
        return NotMeasured(f"torch was not asked: {torch.problem or 'no fit was wanted'}")
    else:
        title = f"{build} computes on the card"
    return Measurement(
        title,
        values,
        (
            Evidence("why_not", torch.why_not),
            Evidence("architectures", " ".join(torch.architectures)),
            Evidence("driver_cuda", environment.driver_cuda),
            *(Evidence("card", c.name, None, f"capability {c.capability}") for c in bare[:2]),
        ),
    )


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else 0
