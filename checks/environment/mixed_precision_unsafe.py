"""ENV006: a training in half precision whose gradients vanish, or that the card cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ml_debugger.artifacts import Environment, TrainingConfig
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_PRECISIONS = frozenset(
    {"precision", "mixed_precision", "amp_dtype", "autocast_dtype", "amp_precision", "fp16", "bf16"}
)
_FP16 = frozenset({"16", "fp16", "float16", "half", "torch.float16", "16-mixed", "fp16-mixed"})
_BF16 = frozenset({"bf16", "bfloat16", "torch.bfloat16", "bf16-mixed", "bf16-true"})
_PURE = frozenset({"16-true", "fp16-true", "float16-true"})
_SCALERS = frozenset(
    {"grad_scaler", "gradscaler", "use_grad_scaler", "use_scaler", "scaler", "loss_scaling",
     "use_loss_scaling"}
)  # fmt: skip


@check(
    code="ENV006",
    name="mixed-precision-unsafe",
    component="infrastructure",
    playbook="nan-loss",
    limits=(
        Limit(
            "unscaled",
            "settings",
            "above",
            "settings that turn the scaling of a loss in float16 off",
            "Micikevicius et al., 'Mixed Precision Training' (ICLR 2018): without scaling 31"
            " percent of the gradients of their detection network become zero",
            fail=0,
        ),
        Limit(
            "unsupported",
            "settings",
            "above",
            "settings of bfloat16 for cards that do not compute in it",
            "CUDA C++ programming guide, 'Compute capabilities': bfloat16 from 8.0 on",
            fail=0,
        ),
        Limit(
            "doubtful",
            "settings",
            "above",
            "weights held in float16, or code with autocast and without a scaler for float16",
            "PyTorch documentation, 'Automatic Mixed Precision': gradient scaling helps float16"
            " gradients not to become zero",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def mixed_precision_unsafe(config: TrainingConfig, environment: Environment | None) -> Outcome:
    """A training in half precision whose gradients vanish, or that the card cannot do.

    What it measures:
        The precision that a configuration asks for (Lightning, Transformers, Accelerate,
        DeepSpeed and plain files): float16 with the loss scaling turned off or fixed at 1,
        weights that are held in float16, and bfloat16 where the cards of this machine are
        older than Ampere. Where the configuration asks for float16 and code of the workspace
        uses autocast, whether it uses a GradScaler as well.
    Why it matters:
        Small gradients become zero in float16 and the training learns nothing, or the sums
        of the optimizer overflow and the loss is NaN. bfloat16 on older cards is emulated,
        slower than float32, or refused.
    What to do:
        From Ampere on use bfloat16, which needs no scaler ("bf16-mixed", bf16: true). For
        float16 keep the weights in float32 and leave the scaling dynamic (torch.amp.GradScaler;
        loss_scale: 0 in DeepSpeed).
    Sources:
        Micikevicius et al., "Mixed Precision Training", 2018; PyTorch documentation, package
        torch.amp; DeepSpeed documentation, "FP16 training options"; Lightning documentation,
        "N-Bit Precision".
    """
    wanted = list(_wanted(config.values))
    if not wanted:
        return NotMeasured("the configuration asks for no half precision")
    fp16 = [key for key, kind in wanted if kind == "fp16"]
    bf16 = [key for key, kind in wanted if kind == "bf16"]
    pure = [key for key, kind in wanted if kind == "pure"]
    unscaled = list(_unscaled(config.values)) if fp16 or pure else []
    cards = environment.cards if environment is not None else ()
    if bf16 and not fp16 and not pure and not cards:
        return NotMeasured(f"{bf16[0]} asks for bfloat16, and no card is known here")
    old = [card for card in cards if card.capability and float(card.capability) < 8.0]
    unsupported = bf16 if old else []
    said = (environment.said if environment is not None else None) or {}
    bare = bool(fp16) and "autocast" in said and "GradScaler" not in said
    if unscaled:
        title = f"float16 without scaling: {unscaled[0]} is {config.values[unscaled[0]]}"
    elif unsupported:
        title = f"{unsupported[0]} asks for bfloat16, which {old[0].name} does not have"
    elif pure:
        title = f"{pure[0]} is {config.values[pure[0]]}: weights and updates in float16"
    elif bare:
        title = f"float16 is asked for, and autocast at {said['autocast']} has no GradScaler"
    else:
        title = f"{wanted[0][0]}: {config.values[wanted[0][0]]} is safe here"
    return Measurement(
        title,
        {
            "unscaled": len(unscaled),
            "unsupported": len(unsupported) if cards or not bf16 else float("nan"),
            "doubtful": len(pure) + bare,
        },
        tuple(Evidence("asks_for", f"{key}: {config.values[key]}") for key, _ in wanted[:3])
        + tuple(Evidence("card", c.name, None, f"capability {c.capability}") for c in cards[:1]),
    )


def _wanted(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The settings that ask for half precision, and which kind."""
    for key, value in values.items():
        leaf = _leaf(key)
        if leaf in ("fp16", "bf16") and value is True:
            yield key, leaf
        elif leaf == "enabled" and value is True and _leaf(key.rpartition(".")[0]) in (
            "fp16",
            "bf16",
        ):  # fmt: skip
            yield key, _leaf(key.rpartition(".")[0])
        elif leaf in _PRECISIONS and isinstance(value, str | int) and not isinstance(value, bool):
            word = str(value).lower()
            kind = "pure" if word in _PURE else "fp16" if word in _FP16 else None
            kind = "bf16" if word in _BF16 else kind
            if kind is not None:
                yield key, kind


def _unscaled(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        leaf = _leaf(key)
        off = value is False or str(value).lower() in ("none", "off", "false")
        fixed = leaf == "loss_scale" and not isinstance(value, bool) and value in (1, 1.0)
        if (leaf in _SCALERS and off) or fixed:
            yield key


def _leaf(key: str) -> str:
    return key.rpartition(".")[2].lower().replace("-", "_")
