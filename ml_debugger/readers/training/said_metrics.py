"""Finds the metrics in the fixed text of a log line: `val_loss: #`, `lr #`, `grad norm = # (#)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ml_debugger.readers.training.line_plan import Metric
from ml_debugger.readers.training.names import (
    ACCURACY,
    LOSS,
    TEST,
    TRAIN,
    VALIDATION,
    Meaning,
    meaning,
    words,
)
from ml_debugger.readers.training.skeleton import MARK, place
from ml_debugger.readers.training.special_names import WORDS
from ml_debugger.readers.training.units import SIZES, TIMES

_TOKEN = r"[^\W\d_][\w./@#-]{0,60}+"
_PAIR = re.compile(
    rf"(?<![\w./@%-])(?P<key>(?:%[ ]?)?{_TOKEN}(?:[ ]{_TOKEN}){{0,4}})"
    r"[\"'\])]{0,3}[ \t]{0,40}(?:\((?P<unit>[^()\0]{0,20})\)[ \t]{0,4})?"
    r"(?:=>|->|:=|:|=|\||is\b)?[ \t]{0,12}[\"'\[({<]{0,3}"
    r"(?:(?:tensor|np\.float\d\d|array|Array|Variable)\([\[ ]{0,3})?"
    rf"{MARK}(?P<glued>f0|%|[^\W\d_]+(?:/[a-z]+)?)?"
    rf"(?:[ ](?P<spaced>%(?![ ]?[A-Za-z])|[KMG]i?B|ms|s|sec|seconds)(?![\w/]))?"
    rf"(?!\w|:\S)(?:[ \t]?/[ \t]{{0,6}}(?P<total>{MARK})(?!\w))?"
    rf"(?:[ \t]{{0,4}}\([ \t]{{0,4}}(?P<average>{MARK})%?[ \t]{{0,4}}\))?",
)
_RATE = re.compile(
    rf"{MARK}[ ]?(?P<unit>(?:s|sec|ms|us|µs)/(?:it|iter|step|batch)|"
    r"(?:it|its|iter|steps?|batch)/s(?:ec)?)\b"
)
_ROLE = re.compile(
    r"\b(train|training|val|vali|valid|validation|validating|eval|evaluation|evaluating|test|"
    r"testing|dev)(?:_inner)?\b(?:[ _](?:set|loop|phase|step|metrics|results?|epoch|net output|"
    rf"loss at (?:iteration|step|epoch) {MARK}))?"
    r"\s{0,4}[:\]|)>{(=\[#-]",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?<![\w./-])(val|vali|valid|validation|dev)[\"']?[ \t]{{0,3}}[:=]?[ \t]{{0,6}}{MARK}"
    r"(?![\w%]|[ ]?[%/])",
    re.IGNORECASE,
)
_Named = tuple[str, Meaning] | None
_ERRORS = frozenset(
    {
        *("rmse", "mse", "mae", "logloss", "nll", "bce", "mape", "rmsle", "smape", "llf"),
        *("crossentropy", "ce", "huber", "pinball", "xent"),
    }
)
_OTHERS = frozenset(
    {
        *("ppl", "perplexity", "auc", "roc", "auroc", "f1", "precision", "recall", "sharpe"),
        *("r2", "ic", "mcc", "iou", "dice", "bleu", "entropy", "elbo", "kl", "wer", "cer"),
        *("rouge", "psnr", "ssim", "fid", "map", "ndcg", "reward", "spearman", "pearson", "corr"),
        *("correlation", "auprc", "aucpr", "gini", "kappa", "rew", "score", "variance", "return"),
        *("bpc", "bpb", "sortino", "calmar"),
    }
)
_VOCABULARY = (
    TRAIN | VALIDATION | TEST | LOSS | ACCURACY | _ERRORS | _OTHERS | WORDS
    | {"avg", "average", "mean", "learning", "lr", "total", "epoch", "running",
       "rate", "set", "batch", "top",
       "cost", "neg", "lm", "balanced", "explained", "rank", "episode", "objective", "objects",
       "sparse", "categorical", "binary", "cross", "pinball", "huber", "avg."}
)  # fmt: skip
_PLAIN_SUFFIXES = ("", "%", "f", "f0", "j")
_MEMORY_WITHOUT_UNIT = ("max mem", "memory", "max_mem", "mem")


def pairs(text: str) -> Iterator[tuple[re.Match[str], Metric, Meaning]]:
    """The metrics of a line in their order, with the place that each takes."""
    seen = list(_PAIR.finditer(text))
    keys = [found.group("key").split(" ") for found in seen]
    named = [_named(key, key[0].startswith("%")) for key in keys]
    for found, name_and_meaning in zip(seen, _apart(keys, named), strict=True):
        if name_and_meaning is None:
            continue
        name, told = name_and_meaning
        unit = found.group("unit") or ""
        if "%" in unit and "%" not in name:
            name = f"{name} (%)"
            told = meaning(name) or told
        elif unit in ("ms", "us", "s", "GB", "MB", "GiB", "MiB"):
            name = f"{name} ({unit})"
            told = meaning(name) or told
        suffix = found.group("glued") or found.group("spaced") or ""
        factor = _factor(told, name, suffix)
        if factor is None:
            continue
        at = place(text, found.start())
        average = at + (2 if found.group("total") else 1) if found.group("average") else -1
        total = at + 1 if found.group("total") else -1
        if total >= 0 and told.kind != "accuracy":
            continue
        yield found, Metric(name, at, factor, average, total, told.kind), told


def _apart(keys: list[list[str]], named: list[_Named]) -> list[_Named]:
    """Losses that one line calls the same are told by the words before: D loss, G loss."""
    names = [one[0] for one in named if one is not None and one[1].kind == "loss"]
    result: list[_Named] = []
    for key, one in zip(keys, named, strict=True):
        if one is not None and names.count(one[0]) > 1:
            longer = " ".join(key[-1 - len(one[0].split(" ")) :])
            told = meaning(longer)
            one = (longer, told) if told is not None and told.kind == "loss" else one
        result.append(one)
    return result


def bare_validation(text: str, metrics: list[Metric], used: set[int]) -> list[Metric]:
    """The `val 0.4` behind a `loss 0.5`: the same loss, where the line has no other measure."""
    if [m.kind for m in metrics if m.kind != "special"] != ["loss"]:
        return []
    told = meaning(metrics[0].name)
    found = _BARE.search(text)
    if found is None or (told is not None and told.role in ("val", "test")):
        return []
    at = place(text, found.end() - 1)
    return [] if at in used else [Metric(f"{found.group(1)} loss", at, kind="loss")]


def step_time(text: str, taken: set[str]) -> Metric | None:
    """The time of a step that a progress bar or Keras tells: `1.2s/it`, `5.0it/s`, `3ms/step`."""
    found = _RATE.search(text)
    if found is None or "step_time" in taken:
        return None
    return Metric(found.group("unit"), place(text, found.start()), kind="special")


def roles(text: str) -> list[tuple[int, str]]:
    """Where a line says which set its figures belong to, and the words."""
    return [(found.start(), found.group(1).lower()) for found in _ROLE.finditer(text)]


def _factor(told: Meaning, name: str, suffix: str) -> float | None:
    """What to multiply the figure with; None when its unit shows that it is no such metric."""
    if told.metric == "memory":
        if not suffix:
            return (
                1.0 if name.lower() in _MEMORY_WITHOUT_UNIT or "(" in name or "_" in name else None
            )
        return SIZES.get(suffix.lower())
    if told.metric == "step_time":
        return TIMES.get(suffix.lower() or "s")
    if suffix not in _PLAIN_SUFFIXES:
        return None
    if suffix == "%":
        # packets and money are lost in percent
        return None if told.kind in ("loss", "error") else 0.01 if _is_share(told) else 1.0
    return 1.0


def _is_share(told: Meaning) -> bool:
    return told.kind == "accuracy" or told.metric in (
        "directional_accuracy",
        "share_positive",
        "clipped_share",
    )


def _known(part: str) -> bool:
    low = part.lower().rstrip(".,")
    if len(low) == 1 and low not in ("y", "%"):
        # the s of "the model's test accuracy"
        return False
    return low in _VOCABULARY or set(words(part)) <= _VOCABULARY


def _named(parts: list[str], percent: bool) -> tuple[str, Meaning] | None:
    """The metric that the last words of a key name."""
    if len(parts) > 1 and parts[-1] in ("tensor", "array", "is", "of"):
        parts = parts[:-1]
    start = len(parts) - 1
    while start > 0 and _known(parts[start - 1]):
        start -= 1
    # a word of the vocabulary before the name may still deny it: best validation loss
    name = " ".join(parts[max(0, start - 1) :]) if start else " ".join(parts)
    if meaning(name) is None:
        return None
    name = " ".join(parts[start:])
    if percent and start == 0:
        name = name if name.startswith("%") else f"% {name}"
    told = meaning(name)
    if told is None:
        return None
    if told.kind in ("loss", "accuracy", "special"):
        return name, told
    known = set(words(name))
    if told.kind == "error":
        is_error = not known.isdisjoint(_ERRORS) or told.metric.endswith("cross_entropy")
        return (name, told) if is_error else None
    return (name, told) if not known.isdisjoint(_OTHERS) else None
