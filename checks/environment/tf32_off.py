"""ENV005: matrix products run in full float32 on a card that has TF32."""

from __future__ import annotations

from ml_debugger.artifacts import Environment, Expectations
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_WORDS = ("set_float32_matmul_precision", "allow_tf32", "fp32_precision", "autocast")


@check(
    code="ENV005",
    name="tf32-off",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "slow_products",
            "settings",
            "above",
            "settings that keep matrix products in full float32 where training on a GPU is"
            " wanted and no code of the workspace asks for anything else",
            "PyTorch documentation, 'CUDA semantics': TF32 is off for matrix products by default"
            " since 1.12; the project's record takes it for automatic",
            warn=0,
        ),
    ),
    profiles=("full",),
)
def tf32_off(environment: Environment, expected: Expectations | None) -> Outcome:
    """Matrix products run in full float32 on a card that has TF32.

    What it measures:
        torch.backends.cuda.matmul.allow_tf32 and the float32 precision of matrix products in
        a fresh process of the interpreter that trains, on cards from Ampere on (compute
        capability 8.0), and whether any Python file of the workspace sets them or uses
        autocast. A warning is given only where the configuration says that training on a
        GPU is wanted (expect.gpu_training).
    Why it matters:
        TF32 makes products of float32 matrices several times faster at 10 bits of mantissa,
        and it is believed to be automatic. It is for convolutions; for matrix products it is
        not, so the card runs at a fraction of what was planned.
    What to do:
        At the beginning of the training: torch.set_float32_matmul_precision("high"). Compare
        the losses of one run with and without. With bfloat16 autocast it matters little.
    Sources:
        PyTorch documentation, "CUDA semantics: TensorFloat-32 on Ampere and later"; NVIDIA
        Ampere architecture white paper (A100: 19.5 TFLOPS in FP32, 156 in TF32).
    """
    torch = environment.torch
    if environment.unanswered is not None:
        return NotMeasured(environment.unanswered)
    if torch is None:
        return NotMeasured(f"torch is not installed in {environment.interpreter}")
    able = [card for card in environment.cards if card.capability and _major(card.capability) >= 8]
    if not able:
        return NotMeasured("no card with TF32 (Ampere or newer) is seen")
    if torch.tf32_matmul is None:
        return NotMeasured(f"torch was not asked: {torch.problem or 'no fit was wanted'}")
    forced = environment.variables.get("NVIDIA_TF32_OVERRIDE")
    fast = forced != "0" and (torch.tf32_matmul or torch.matmul_precision not in ("highest", None))
    said = environment.said or {}
    asked = next((f"{word} at {said[word]}" for word in _WORDS if word in said), None)
    wanted = expected is not None and expected.gpu_training is True
    counts = wanted and not fast and asked is None and environment.said is not None
    state = "on" if fast else "off"
    ending = f", but see {asked}" if asked is not None and not fast else ""
    return Measurement(
        title=f"TF32 is {state} for matrix products in a fresh process{ending}"[:140],
        values={"slow_products": int(counts)},
        evidence=(
            Evidence("matmul_precision", torch.matmul_precision),
            Evidence("tf32_for_convolutions", torch.tf32_cudnn),
            Evidence("NVIDIA_TF32_OVERRIDE", forced),
            Evidence("card", able[0].name, None, f"capability {able[0].capability}"),
        ),
    )


def _major(capability: str) -> int:
    return int(capability.partition(".")[0])
