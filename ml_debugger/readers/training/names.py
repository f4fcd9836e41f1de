"""From the names that logs give their metrics to the canonical names of a training run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ml_debugger.readers.training.languages import in_english
from ml_debugger.readers.training.special_names import special

TRAIN = frozenset({"train", "training", "trn", "tr", "learn", "dtrain"})
VALIDATION = frozenset(
    {
        "val",
        "vali",
        "valid",
        "validation",
        "vld",
        "eval",
        "evaluation",
        "dev",
        "dval",
        "dvalid",
        "deval",
    }
)
TEST = frozenset({"test", "testing", "tst", "dtest", "holdout", "oos"})

LOSS = frozenset({"loss", "losses"})
LOWER_IS_BETTER = frozenset(
    {
        *("rmse", "mse", "mae", "logloss", "mlogloss", "error", "merror", "rmsle", "mape", "smape"),
        *(
            "nll",
            "nloglik",
            "crossentropy",
            "ce",
            "bce",
            "l1",
            "l2",
            "huber",
            "quantile",
            "pinball",
        ),
        *("mphe", "rmspe", "binary_logloss", "multi_logloss", "cross_entropy", "gamma", "tweedie"),
        *("binary_error", "multi_error", "poisson", "deviance", "objective", "huberloss"),
        *("neg_llf", "xent"),
    }
)
"""Error measures that stand in for the loss in a log that has nothing called a loss; the
names are those of XGBoost's, LightGBM's and CatBoost's metric documentation."""

ACCURACY = frozenset({"acc", "accuracy"})
_TOP_1 = frozenset(
    {"acc_1", "acc1", "top1", "top_1", "prec_1", "top1_acc", "acc_top1", "top_1_acc"}
)
_KERAS_KINDS = frozenset({"categorical", "sparse", "binary"})

# words that say how a number was averaged, not what it is
_MANNER = frozenset(
    {*("avg", "average", "mean", "epoch", "step", "batch", "running", "total", "overall", "set"),
     *("smoothed", "smooth", "iter", "per", "the", "current", "cur", "minibatch")}
)  # fmt: skip
# summaries of a run and trading figures: never a curve of losses
_NOT_A_CURVE = frozenset(
    {*("best", "final", "min", "minimum", "lowest", "previous", "prev", "target", "initial"),
     *("stop", "profit", "gain", "pnl", "take", "gross", "win", "drawdown", "trade", "trades"),
     *("improvement", "decreased", "increased", "reached", "improved", "from"),
     *("pct", "limit", "coef", "threshold", "patience", "tolerance"),
     *("packet", "frame", "data", "daily", "max", "maximum", "net"),
     *("weight", "weights", "scale", "fn", "function", "type", "name", "ratio", "delta")}
)  # fmt: skip

_WORDS = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name says: `role` is "train", "val", "test" or ""; `metric` is the rest.

    `kind` is "loss", "error", "accuracy", "special" or "other". `plain` is true when the name
    says nothing beyond role, kind and manner of averaging, so that it is the main one.
    """

    role: str
    metric: str
    kind: str
    plain: bool


def words(name: str) -> list[str]:
    """The lower-case words of a name in snake, camel, dotted, slashed or spaced form."""
    return [word.lower() for word in _WORDS.findall(in_english(name[:200]))]


@lru_cache(maxsize=4096)
def meaning(original: str) -> Meaning | None:
    """What a logged name says; None for names that are no curve (a best value, a stop loss)."""
    parts = words(original)
    if not parts:
        return None
    role, rest = _split_role(parts)
    told = special(original, parts, rest)
    # the time of a step in validation says nothing about the training
    if told is not None and not (role in ("val", "test") and told[0] in ("step_time", "memory")):
        return Meaning(role, told[0], "special", told[1])
    if not _NOT_A_CURVE.isdisjoint(parts):
        return None
    kept = _without_model([word for word in rest if word not in _MANNER])
    metric = "_".join(kept)
    if kept == ["cost"]:
        return Meaning(role, metric, "loss", True)
    if not LOSS.isdisjoint(kept) and "ppl" not in kept:
        return Meaning(role, metric, "loss", len(kept) == 1)
    if not ACCURACY.isdisjoint(kept) or metric in _TOP_1:
        bare = metric in _TOP_1 or all(word in ACCURACY | _KERAS_KINDS for word in kept)
        return Meaning(role, "accuracy" if bare else metric, "accuracy", bare)
    if metric in LOWER_IS_BETTER or (kept and kept[-1] in LOWER_IS_BETTER):
        return Meaning(role, metric, "error", metric in LOWER_IS_BETTER)
    return Meaning(role, metric or "_".join(parts), "other", True)


def _without_model(kept: list[str]) -> list[str]:
    """Megatron's `lm loss` and `lm loss value` are its plain loss, `lm loss PPL` a perplexity."""
    if kept[:2] != ["lm", "loss"]:
        return kept
    return kept[2:] if kept[2:] == ["ppl"] else [w for w in kept[1:] if w != "value"]


def is_loss(original: str) -> bool:
    """Whether the name is that of a loss or of an error measure that is minimised."""
    found = meaning(original)
    return found is not None and found.kind in ("loss", "error")


def _split_role(parts: list[str]) -> tuple[str, list[str]]:
    for role, known in (("val", VALIDATION), ("test", TEST), ("train", TRAIN)):
        for position, word in enumerate(parts):
            # XGBoost's scikit-learn interface numbers its sets: validation_0
            if word in known or word.rstrip("0123456789") in known:
                return role, parts[:position] + parts[position + 1 :]
    # Keras' progress and some scripts glue the letter on: vloss, tloss
    if len(parts) == 1 and parts[0] in ("vloss", "tloss", "vacc", "tacc"):
        return ("val" if parts[0][0] == "v" else "train"), [parts[0][1:]]
    return "", parts


def canonical_names(counts: Mapping[str, int], measured_on: str = "") -> dict[str, str]:
    """Canonical names of all logged names of one run.

    `counts` maps each logged name to its number of points, in the order of the log.
    `measured_on` is the role of names that state none (the folder of an event file may say it);
    without it they belong to the training. Names that are no curve are left out.
    """
    found = {name: told for name in counts if (told := meaning(name)) is not None}
    roles = {name: told.role or measured_on or "train" for name, told in found.items()}
    if not any(roles[n] == "val" and t.kind in ("loss", "error") for n, t in found.items()):
        # a script without a validation set that tests after every epoch
        for name, told in found.items():
            if roles[name] == "test" and told.kind != "special" and counts[name] >= 2:
                roles[name] = "val"
    result: dict[str, str] = {}
    kind = "loss" if any(told.kind == "loss" for told in found.values()) else "error"
    family = None
    for role in ("val", "train"):
        of_role = [n for n, t in found.items() if roles[n] == role and t.kind == kind]
        if kind == "error" and family is not None:
            of_role = [n for n in of_role if found[n].metric == family]
        if not of_role:
            continue
        main = _main(of_role, found, counts)
        family = found[main].metric
        # one part of the loss in the training must not pass for the whole
        if role == "val" or found[main].plain or len(of_role) == 1:
            result[main] = f"{role}_loss"
    stated = any(told.kind == "loss" for told in found.values()) and all(
        told.role for told in found.values() if told.kind == "loss"
    )
    taken = set(result.values())
    for name, told in found.items():
        if told.kind == "accuracy" and not told.role and stated and not measured_on:
            # beside train_loss and valid_loss a bare "accuracy" may be of either set
            roles[name] = ""
        if name not in result:
            result[name] = _other(name, told, roles[name], taken)
            taken.add(result[name])
    _first_rate(result)
    return result


def _main(names: list[str], found: Mapping[str, Meaning], counts: Mapping[str, int]) -> str:
    """The name that stands for its role: plain, stated role, averaged over the epoch."""

    def rank(name: str) -> tuple[bool, bool, bool, bool]:
        parts = words(name)
        return (
            not found[name].plain,
            counts[name] < 2,
            not found[name].role,
            "step" in parts or "batch" in parts,
        )

    return min(names, key=rank)


def _other(name: str, told: Meaning, role: str, taken: set[str]) -> str:
    if told.kind == "special":
        wanted = told.metric
        if role == "val" and (told.metric == "directional_accuracy" or wanted in taken):
            wanted = f"val_{told.metric}"
    elif told.kind == "loss" and told.plain and role == "train":
        # the same loss, averaged in another manner than the one that stands for the training
        wanted = "_".join(words(name))
    elif told.kind == "accuracy" and told.plain and role in ("train", "val"):
        wanted = f"{role}_accuracy"
    elif role in ("val", "test"):
        wanted = f"{role}_{told.metric}"
    else:
        wanted = told.metric
    if wanted in taken or wanted in ("train_loss", "val_loss"):
        full = "_".join(words(name))
        wanted = full if full and full not in taken else name
    return wanted


def _first_rate(result: dict[str, str]) -> None:
    """Without a rate of the whole model the first parameter group stands for it."""
    if "learning_rate" in result.values():
        return
    for name, canonical in result.items():
        if canonical.startswith("learning_rate/"):
            result[name] = "learning_rate"
            return
