"""What the name of a logged metric says: what it measures and on which rows."""

from __future__ import annotations

import re
from functools import lru_cache

from ml_debugger.artifacts import Curve, TrainingRun

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev", "test", "oos"})
_TRAINING = frozenset({"train", "training", "trn"})
_DIRECTION = frozenset({"dir", "direction", "directional", "sign", "hit"})
_SHARE = frozenset({"acc", "accuracy", "rate", "ratio"})
_KINDS = {
    **dict.fromkeys(("acc", "accuracy"), "accuracy"),
    "precision": "precision",
    **dict.fromkeys(("recall", "sensitivity", "tpr"), "recall"),
    **dict.fromkeys(("specificity", "tnr"), "specificity"),
    **dict.fromkeys(("f1", "fscore", "fbeta"), "f1"),
    **dict.fromkeys(("auc", "auroc", "auprc", "aucpr"), "auc"),
    **dict.fromkeys(("mcc", "kappa"), "agreement"),
    **dict.fromkeys(("ic", "rankic"), "information coefficient"),
    **dict.fromkeys(("correlation", "corr", "pearson", "spearman", "pearsonr"), "correlation"),
    **dict.fromkeys(("r2", "rsquared", "rsq"), "R2"),
    "sharpe": "Sharpe ratio",
    **dict.fromkeys(("rmse", "mse", "mae", "mape", "smape", "rmsle"), "error"),
}
_GLUED = {"da": "direction", "diracc": "direction", "hitrate": "direction", "mda": "direction"}
_MACHINERY = frozenset(
    {"learning_rate", "grad_norm", "clipped_share", "loss_scale", "skipped_steps",
     "update_ratio", "weight_norm", "dead_share", "step_time", "timestamp", "memory"}
)  # fmt: skip
_MARKET = frozenset(
    {"return", "returns", "ret", "stock", "stocks", "price", "prices", "close", "ticker",
     "tickers", "ohlcv", "btc", "eth", "usdt", "usd", "forex", "crypto", "equity", "trading",
     "trader", "sharpe", "sortino", "pnl", "momentum", "volatility", "rsi", "macd", "market",
     "alpha101", "reversal", "portfolio", "finance", "financial", "directional"}
)  # fmt: skip


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name in snake, camel, dotted or slashed form; `r2` stays whole."""
    found = [word.lower() for word in _WORDS.findall(name)]
    joined: list[str] = []
    for word in found:
        if word.isdigit() and joined and joined[-1] in ("r", "f"):
            joined[-1] += word
        else:
            joined.append(word)
    return tuple(joined)


def is_loss(curve: Curve) -> bool:
    """Whether it is a loss, by its canonical name."""
    return "loss" in curve.name.split("_") and curve.name != "loss_scale"


def is_machinery(curve: Curve) -> bool:
    """Whether it describes the optimisation or the machine and not the model's results."""
    return curve.name.partition("/")[0] in _MACHINERY


def kind_of(curve: Curve) -> str | None:
    """What a metric measures ("direction", "recall", "R2" and so on), None where unknown."""
    return _kind(curve.name) or _kind(curve.original)


@lru_cache(maxsize=4096)
def _kind(name: str) -> str | None:
    parts = words(name)
    if not _DIRECTION.isdisjoint(parts) and not _SHARE.isdisjoint(parts):
        return "direction"
    for part in parts:
        if part in _GLUED:
            return _GLUED[part]
        if part in _KINDS:
            return _KINDS[part]
    return None


def on_validation(curve: Curve) -> bool:
    """Whether it was measured on rows that the model was not trained on, by its names."""
    return not _VALIDATION.isdisjoint((*words(curve.name), *words(curve.original)))


def on_training(curve: Curve) -> bool:
    """Whether it was measured on training rows, by its names."""
    return not _TRAINING.isdisjoint((*words(curve.name), *words(curve.original)))


def beside_validation(run: TrainingRun, curve: Curve) -> bool:
    """Whether it says nothing of its rows but was logged on the lines of the validation loss."""
    loss = run.curve("val_loss")
    if loss is None or on_training(curve):
        return False
    train = run.curve("train_loss")
    if train is not None and set(curve.lines) <= set(train.lines):
        return False
    return set(curve.lines) <= set(loss.lines)


def of_a_market(run: TrainingRun) -> bool:
    """Whether names in the run say that it learns from market data."""
    named = [run.subject, run.path or "", run.model or "", *run.features[:200]]
    named += [text for curve in run.curves.values() for text in (curve.name, curve.original)]
    named += [*run.details, *run.details.values()]
    return run.horizon is not None or any(not _MARKET.isdisjoint(words(text)) for text in named)
