"""Tested models in, the prediction table out; nothing in-sample is ever given as a forecast."""

from ml_debugger.inference.confidence import Calibration, calibrate
from ml_debugger.inference.predict import PREDICTION_SCHEMA, predict_runs

__all__ = ["PREDICTION_SCHEMA", "Calibration", "calibrate", "predict_runs"]
