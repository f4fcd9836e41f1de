"""XGBoost itself, and the device that it can really train on."""

import json
import warnings
from typing import Any, Literal, TypeAlias

import numpy as np

from ml_debugger.errors import MissingExtraError, UsageError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]


def import_xgboost() -> Any:
    """Returns the xgboost module, or raises ``MissingExtraError`` with the command to get it."""
    try:
        import xgboost
    except ImportError as error:
        raise MissingExtraError(
            "training needs XGBoost: pip install 'ml-debugger[engine]'"
        ) from error
    return xgboost


def resolve_device(device: Device) -> Literal["cpu", "cuda"]:
    """Turns "auto" into "cuda" where a tiny fit runs there, else into "cpu"."""
    if device == "cpu":
        return "cpu"
    if cuda_works():
        return "cuda"
    if device == "cuda":
        raise UsageError(
            "device 'cuda' was asked for, but a tiny XGBoost fit did not run on a GPU: "
            "use 'auto' or 'cpu', or see 'diagnostic check xgboost-no-cuda'"
        )
    return "cpu"


def cuda_works() -> bool:
    """Fits one tree on the GPU and asks the booster where it ran.

    Without a usable GPU XGBoost only warns and takes the CPU, so that the absence of an error
    proves nothing; the booster's own configuration names the device that was used.
    """
    xgboost = import_xgboost()
    features = np.arange(64, dtype=np.float32).reshape(32, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = xgboost.DMatrix(features, features[:, 0])
            booster = xgboost.train({"device": "cuda", "verbosity": 0}, data, 1)
        except xgboost.core.XGBoostError:
            return False
    configuration = json.loads(booster.save_config())
    used: str = configuration["learner"]["generic_param"]["device"]
    return used.startswith("cuda")
