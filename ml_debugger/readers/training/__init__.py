"""Readers of training logs, in the order of recognition, the general one last.

`STRUCTURED` ones know a format, `TEXT` ones what people print; configurations come between.
"""

from ml_debugger.readers.reader import Reader
from ml_debugger.readers.training import (
    catboost_text,
    console_table,
    csv_log,
    failed_rows,
    huggingface,
    json_history,
    json_lines,
    lightgbm_text,
    log_text,
    plain_text,
    tfevents,
    wandb_summary,
    xgboost_text,
)
from ml_debugger.readers.training.mlflow import is_run_folder, read_run_folder

STRUCTURED: tuple[Reader, ...] = (
    tfevents.READER,
    huggingface.READER,
    json_lines.READER,
    wandb_summary.READER,
    json_history.READER,
    csv_log.READER,
)
TEXT: tuple[Reader, ...] = (
    xgboost_text.READER,
    lightgbm_text.READER,
    catboost_text.READER,
    console_table.READER,
    plain_text.READER,
    failed_rows.READER,
    log_text.READER,
)
READERS: tuple[Reader, ...] = (*STRUCTURED, *TEXT)

__all__ = ["READERS", "STRUCTURED", "TEXT", "is_run_folder", "read_run_folder"]
