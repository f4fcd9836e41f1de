"""Which files of a folder are models, of which family, and which play another part."""

from __future__ import annotations

import re
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint
from ml_debugger.artifacts.model_folder import ModelFolder
from ml_debugger.artifacts.tensor_roles import is_weight

BOOSTED = ("xgboost", "lightgbm", "catboost")
"""How the formats of boosted models begin; their readers take the whole family."""

_OTHER_PARTS = re.compile(
    r"scaler|optim|sched|tokeni|rng|random_state|trainer_state|training_args|vocab|encoders?_map|"
    r"config|hparams|feature|columns|history|result|metric|stats|split|label",
    re.IGNORECASE,
)
"""Parts that are stored beside a model and are none."""

_FAMILIES = {
    "lightgbm": re.compile(r"(?:^|[^a-z])(?:lgb|lgbm|lightgbm)(?![a-z])", re.IGNORECASE),
    "xgboost": re.compile(r"(?:^|[^a-z])(?:xgb|xgboost)(?![a-z])", re.IGNORECASE),
    "catboost": re.compile(r"(?:^|[^a-z])(?:cat|cb|catboost)(?![a-z])", re.IGNORECASE),
}


def is_model(checkpoint: Checkpoint, folder: ModelFolder) -> bool:
    """Whether a file holds a model, or says by its name that it should, where it is broken."""
    name = PurePath(checkpoint.path or checkpoint.subject).name
    if checkpoint.format.startswith(BOOSTED) or checkpoint.format in ("onnx", "keras-zip"):
        return True
    if any(one.path == checkpoint.path for one in folder.boosters):
        return True
    if _OTHER_PARTS.search(name):
        return False
    if checkpoint.problem is not None:
        return True
    return any(map(is_weight, checkpoint.tensors)) and checkpoint.format not in ("joblib", "pickle")


def family(checkpoint: Checkpoint, folder: ModelFolder) -> str | None:
    """The library of a boosted model, by its content, else by its name; None for others."""
    formats = [checkpoint.format]
    formats += [b.parameters.get("booster", "") for b in folder.boosters
                if b.path == checkpoint.path]  # fmt: skip
    for name in BOOSTED:
        if any(text.startswith(name) for text in formats):
            return name
    said = checkpoint.details.get("globals", "")
    for name in BOOSTED:
        if re.search(rf"^{name}\.", said, re.MULTILINE):
            return name
    stem = PurePath(checkpoint.path or "").stem
    return next((name for name, pattern in _FAMILIES.items() if pattern.search(stem)), None)


def role(checkpoint: Checkpoint) -> str:
    """What a model is for by its name, without its family, numbers and version."""
    text = PurePath(checkpoint.path or "").stem.lower()
    for pattern in _FAMILIES.values():
        text = pattern.sub(" ", text)
    words = re.findall(r"[a-z]+", re.sub(r"(?:_|-|\.)?v?\d[\d._-]*", " ", text))
    return " ".join(word for word in words if word not in ("old", "new", "bak", "best", "final"))
