"""The words for loss, accuracy, epoch and the like in other languages than English."""

from __future__ import annotations

import re

_SPACED = {
    # German
    "verlust": "loss",
    "trainingsverlust": "train loss",
    "validierungsverlust": "val loss",
    "testverlust": "test loss",
    "validierung": "val",
    "genauigkeit": "accuracy",
    "trainingsgenauigkeit": "train accuracy",
    "validierungsgenauigkeit": "val accuracy",
    "lernrate": "learning rate",
    "epoche": "epoch",
    "schritt": "step",
    "trefferquote": "hit rate",
    # French
    "perte": "loss",
    "entraînement": "train",
    "époque": "epoch",
    "epoque": "epoch",
    "étape": "step",
    # Spanish, Portuguese, Italian
    "pérdida": "loss",
    "perdida": "loss",
    "entrenamiento": "train",
    "validación": "val",
    "época": "epoch",
    "perda": "loss",
    "treino": "train",
    "validação": "val",
    "perdita": "loss",
    "addestramento": "train",
    "epoca": "epoch",
    # Russian
    "потери": "loss",
    "эпоха": "epoch",
    "обучение": "train",
    "валидация": "val",
    "точность": "accuracy",
    "шаг": "step",
    # Korean
    "손실": "loss",
    "에포크": "epoch",
    "검증": "val",
    "훈련": "train",
    "정확도": "accuracy",
}
_UNSPACED = {
    # Chinese
    "方向准确率": "directional accuracy",
    "学习率": "learning rate",
    "准确率": "accuracy",
    "正确率": "accuracy",
    "损失值": "loss",
    "损失": "loss",
    "训练集": "train",
    "训练": "train",
    "验证集": "val",
    "验证": "val",
    "测试集": "test",
    "测试": "test",
    "平均": "avg",
    "轮次": "epoch",
    "迭代": "iter",
    # Japanese
    "学習率": "learning rate",
    "損失": "loss",
    "訓練": "train",
    "検証": "val",
    "エポック": "epoch",
    "ステップ": "step",
    # both
    "精度": "accuracy",
}
_FOREIGN = re.compile(
    "|".join(_UNSPACED) + r"|\b(?:" + "|".join(_SPACED) + r")\b",
    re.IGNORECASE,
)


def in_english(text: str) -> str:
    """The text with the known words of other languages replaced, set off by spaces."""
    return _FOREIGN.sub(_replaced, text)


def speaks(text: str) -> bool:
    """Whether the text holds such a word."""
    return _FOREIGN.search(text) is not None


def _replaced(found: re.Match[str]) -> str:
    word = found.group().lower()
    return f" {_UNSPACED.get(word) or _SPACED[word]} "
