"""ENV002: torch is a build for CPUs on a machine with a GPU."""

from __future__ import annotations

from ml_debugger.artifacts import Environment, Expectations
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="ENV002",
    name="cpu-only-torch",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "cpu_builds",
            "builds",
            "above",
            "builds of torch for CPUs beside a GPU that is seen",
            "a CPU build may be wanted, where only boosted trees train on the card",
            warn=0,
        ),
        Limit(
            "unusable_for_training",
            "builds",
            "above",
            "builds of torch for CPUs where the configuration wants training on a GPU",
            "the workspace's own word: expect.gpu_training",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def cpu_only_torch(environment: Environment, expected: Expectations | None) -> Outcome:
    """Torch is a build for CPUs on a machine with a GPU.

    What it measures:
        What the files of torch in the interpreter that trains say it was built for. Torch is
        not imported for it.
    Why it matters:
        torch.cuda.is_available() is False and the script goes on with the CPU, ten to a
        hundred times slower, while the card is paid for.
    What to do:
        Install a build for CUDA: on Linux the wheels of PyPI are, those of the index
        "whl/cpu" and of conda's cpuonly are not. In requirements a suffix "+cpu" gives it
        away.
    Sources:
        PyTorch documentation, "Get started" (builds and indexes); torch/version.py.
    """
    torch = environment.torch
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if torch is None:
        return NotMeasured(f"torch is not installed in {environment.interpreter}")
    if not environment.gpu_seen:
        return NotMeasured("no GPU is seen, so any build of torch will do")
    if torch.cuda is None and torch.hip is None and torch.problem is not None:
        return NotMeasured(f"torch {torch.version}: {torch.problem}")
    cpu = torch.cuda is None and torch.hip is None
    wanted = expected is not None and expected.gpu_training is True
    kind = (
        "for CPUs" if cpu else f"for CUDA {torch.cuda}" if torch.cuda else f"for ROCm {torch.hip}"
    )
    return Measurement(
        title=f"torch {torch.version} is a build {kind}",
        values={"cpu_builds": int(cpu), "unusable_for_training": int(cpu and wanted)},
        evidence=(
            Evidence("interpreter", environment.interpreter),
            Evidence("cards", ", ".join(card.name for card in environment.cards) or "seen"),
        ),
    )
