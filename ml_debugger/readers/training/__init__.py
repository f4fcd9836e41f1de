"""Readers of training logs; `READERS` is in the order of recognition, the general one last."""

from ml_debugger.readers.reader import Reader
from ml_debugger.readers.training import (
    catboost_text,
    console_table,
    csv_log,
    huggingface,
    json_lines,
    lightgbm_text,
    plain_text,
    tfevents,
    xgboost_text,
)
from ml_debugger.readers.training.mlflow import is_run_folder, read_run_folder

READERS: tuple[Reader, ...] = (
    tfevents.READER,
    huggingface.READER,
    json_lines.READER,
    csv_log.READER,
    xgboost_text.READER,
    lightgbm_text.READER,
    catboost_text.READER,
    console_table.READER,
    plain_text.READER,
)

__all__ = ["READERS", "is_run_folder", "read_run_folder"]
