"""What the names of variables and columns say: a part of a split, a label, a feature, a time."""

from __future__ import annotations

import re
from functools import lru_cache

from checks.leakage.source_rules.values import Part
from checks.leakage.source_rules.vocabulary import vocabulary

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FUSED = re.compile(r"(?:x|y|xx)?(train|test|val|valid)(?:x|y|ing|set|data|df)?(?:set|data)?")

_TRAIN = frozenset(["train", "training", "trn", "tr", "trainset", "insample"])
_TEST = vocabulary(
    "test testing tst te val valid validation eval evaluation holdout oos testset",
)
_NO_DATA = vocabulary(
    "size sizes len length ratio split pct percent frac fraction count n num number loss losses",
    "acc accuracy score scores error rmse mse mae mape r2 f1 auc pred preds predict prediction",
    "predictions predicted plot fig ax flag history path file dir folder url result results",
    "report metrics metric end start date dates begin cutoff steps batch epochs time model",
)
_LABEL = vocabulary(
    "target targets label labels y future futures fut next fwd forward tomorrow tmr lead",
    "leading ahead response outcome outcomes answer truth prediction predict forecast tgt lbl",
    "dependent output outputs tomorrows nxt class classes",
)
_MAYBE_LABEL = vocabulary(
    "direction movement signal change up down updown trend buy sell action decision rise fall",
    "return returns ret rets pnl profit strategy actual expected",
)
_FEATURE = vocabulary(
    "feature features feat feats indicator indicators sma ema wma hma ma rsi macd momentum mom",
    "volatility vol atr boll bollinger bb bband upper lower lag lagged prev previous diff slope",
    "zscore smooth smoothed smoothing denoised filtered trend chikou fractal swing peak trough",
    "pivot factor alpha rank normalized normalised scaled stoch obv adx cci roc spread gap",
    "prior past x",
)
_SIGNAL = vocabulary(
    "signal signals position positions pos buy sell entry entries exit exits long short enter",
    "holdings weight weights order orders",
)
_TIME = vocabulary(
    "date dates datetime time times timestamp day days month year week index dt ts session",
    "trade trading period quarter",
)


@lru_cache(8192)
def words(name: str) -> frozenset[str]:
    """The words that a name is made of, in lower case."""
    return frozenset(word.lower() for word in _WORDS.findall(name))


@lru_cache(8192)
def part_of(name: str) -> Part | None:
    """The part of a split that data of this name are, None where it says none."""
    have = words(name)
    if have & _NO_DATA:
        return None
    train, test = bool(have & _TRAIN), bool(have & _TEST)
    for word in have:
        fused = _FUSED.fullmatch(word)
        if fused is not None:
            train |= fused[1] == "train"
            test |= fused[1] != "train"
    if train == test:
        return None
    return "train" if train else "test"


def is_label(name: str) -> bool:
    """Whether a column or variable of this name is meant to be predicted."""
    return bool(words(name) & _LABEL) or name.startswith("&") or "t+" in name.lower()


def is_target(name: str) -> bool:
    """Whether a name says outright that it is what a model is to predict."""
    return bool(words(name) & {"target", "targets", "label", "labels", "y", "tgt", "lbl"})


def may_be_label(name: str) -> bool:
    """Whether such a name is as often a label or an outcome as a feature."""
    return is_label(name) or bool(words(name) & _MAYBE_LABEL)


def is_feature(name: str) -> bool:
    """Whether such a name is an indicator or another input of a model."""
    return bool(words(name) & _FEATURE) and not is_label(name)


def is_signal(name: str) -> bool:
    """Whether such a name is a decision to trade."""
    return bool(words(name) & _SIGNAL) and not is_label(name)


def is_time(name: str) -> bool:
    """Whether such a name holds dates or times."""
    return bool(words(name) & _TIME)
