"""Readers of checkpoints and model files: nothing is executed, unpickled or loaded."""

from __future__ import annotations

from dataclasses import replace

from ml_debugger.readers.checkpoints import (
    catboost_json,
    index,
    keras_h5,
    keras_zip,
    lightgbm_text,
    misnamed,
    numpy_file,
    onnx,
    pickle_file,
    safetensors,
    scaler_archive,
    split_archive,
    torch_legacy,
    torch_zip,
    xgboost_binary,
    xgboost_model,
    zip_of_pickles,
)
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader


def _plain(reader: Reader) -> Reader:
    """A reader that leaves gzip files alone: its offsets are those of the plain file."""

    def recognise(head: Head) -> str | None:
        return None if head.gzipped else reader.recognise(head)

    return replace(reader, recognise=recognise)


_OF_PLAIN_FILES = (
    index.READER,
    safetensors.READER,
    keras_h5.READER,
    keras_zip.READER,
    torch_zip.READER,
    torch_legacy.READER,
    scaler_archive.READER,
    split_archive.READER,
    numpy_file.READER,
    zip_of_pickles.READER,
    xgboost_model.READER,
    catboost_json.READER,
    lightgbm_text.READER,
    xgboost_binary.READER,
    onnx.READER,
)
READERS: tuple[Reader, ...] = (
    *map(_plain, _OF_PLAIN_FILES),
    pickle_file.READER,
    misnamed.READER,
)
"""The specific before the general; the last one takes what is only named as a checkpoint."""
