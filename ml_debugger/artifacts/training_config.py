"""What a training was asked to do: the hyper-parameters of its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, eq=False)
class TrainingConfig(Artifact):
    """The hyper-parameters of a training, flattened.

    `values` maps dotted keys as the file has them ("optimizer.lr") to plain values: bool, int,
    float, str or None. `format` is what the file is ("hparams", "wandb-config", "ray-params",
    "mlflow-params", "training-arguments", "configuration").
    """

    format: str
    values: Mapping[str, bool | int | float | str | None]
