"""What makes a configuration that of a training: the settings that only trainings have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ml_debugger.readers.configurations.flattening import Plain

RATE = frozenset(
    {"lr", "learning_rate", "learningrate", "eta", "init_lr", "initial_lr", "base_lr", "max_lr",
     "lr_init", "lr0", "peak_lr", "initial_learning_rate", "base_learning_rate"}
)  # fmt: skip
OPTIMIZER = frozenset(
    {"optimizer", "optim", "optimiser", "optimizer_name", "optimizer_type", "opt"}
)
LENGTH = frozenset(
    {"epochs", "num_epochs", "n_epochs", "max_epochs", "nepochs", "epoch", "num_train_epochs",
     "train_epochs", "n_estimators", "num_boost_round", "num_iterations", "total_epochs"}
)  # fmt: skip
STEPS = frozenset({"max_steps", "train_steps", "total_steps", "iterations", "nrounds", "num_steps",
                   "num_rounds", "total_timesteps", "training_steps"})  # fmt: skip
BATCH = frozenset(
    {"batch_size", "batchsize", "train_batch_size", "per_device_train_batch_size", "bs",
     "micro_batch_size", "global_batch_size", "per_gpu_train_batch_size", "mini_batch_size"}
)  # fmt: skip
MODEL = frozenset(
    {"weight_decay", "dropout", "momentum", "grad_clip", "gradient_clip_val", "max_grad_norm",
     "clip_grad_norm", "warmup_steps", "warmup_ratio", "hidden_size", "hidden_dim", "num_layers",
     "n_layers", "d_model", "n_heads", "max_depth", "num_leaves", "min_child_weight", "subsample",
     "colsample_bytree", "reg_lambda", "reg_alpha", "feature_fraction", "bagging_fraction",
     "min_data_in_leaf", "min_child_samples", "gamma", "lr_scheduler_type", "scheduler", "beta1",
     "adam_beta1", "objective", "loss", "loss_fn", "criterion", "early_stopping_rounds",
     "early_stopping", "patience", "lookback", "seq_len", "sequence_length", "seed"}
)  # fmt: skip
_CORE = (RATE, OPTIMIZER, LENGTH, BATCH)

OTHER_DOCUMENTS = frozenset(
    {"services", "apiversion", "kind", "jobs", "stages", "dependencies", "devdependencies",
     "scripts", "openapi", "swagger", "paths", "$schema", "hydra", "repos", "plugins", "pipeline",
     "build-system", "log_history", "architectures", "image", "resources", "on", "steps"}
)  # fmt: skip
"""Top-level keys of files of other tools: containers, clusters, packages, pipelines, services."""


def is_training(document: Mapping[Any, Any], values: Mapping[str, Plain], least: int = 2) -> bool:
    """Whether these are settings of a training.

    At least two of learning rate, optimizer, length in epochs or rounds, and batch size must be
    set to values that make sense; one suffices beside `least` - 1 settings of a model. Documents
    of other tools never count.
    """
    top = {str(key).lower() for key in document}
    if top & OTHER_DOCUMENTS:
        return False
    core: set[int] = set()
    others: set[str] = set()
    for key, value in values.items():
        name = _last(key)
        group = _group(name, key, value)
        if group is not None:
            core.add(group)
        elif name in MODEL or name in STEPS:
            others.add(name)
    if len(core) >= 2:
        return True
    # a rate or a count of trees beside settings of the model: what boosters are given
    return bool(core & {0, 2}) and len(others) >= least


def _group(name: str, key: str, value: Plain) -> int | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    for at, names in enumerate(_CORE):
        if name not in names:
            continue
        if at == 1:
            return at if isinstance(value, str) else None
        if not number or not isinstance(value, int | float):
            return None
        fits = 0 <= value <= 100 if at == 0 else value >= 1 and float(value).is_integer()
        return at if fits else None
    # optimizer: {name: adam, lr: 1e-3} sets an optimizer through what stands below it
    above = key.split(".")[:-1]
    if name in ("name", "type", "class", "_target_", "class_path") and isinstance(value, str):
        return 1 if above and _plain_name(above[-1]) in OPTIMIZER else None
    return None


def _last(key: str) -> str:
    return _plain_name(key.rsplit(".", 1)[-1])


def _plain_name(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return spaced.lower().replace("-", "_").replace(" ", "_").strip("_")
