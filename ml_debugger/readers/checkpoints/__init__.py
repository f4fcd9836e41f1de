"""Readers of checkpoints and model files: nothing is executed, unpickled or loaded."""

from ml_debugger.readers.checkpoints import (
    index,
    keras_h5,
    keras_zip,
    lightgbm_text,
    misnamed,
    numpy_file,
    onnx,
    pickle_file,
    safetensors,
    torch_legacy,
    torch_zip,
    xgboost_binary,
    xgboost_model,
    zip_of_pickles,
)
from ml_debugger.readers.reader import Reader

READERS: tuple[Reader, ...] = (
    index.READER,
    safetensors.READER,
    keras_h5.READER,
    keras_zip.READER,
    torch_zip.READER,
    torch_legacy.READER,
    numpy_file.READER,
    zip_of_pickles.READER,
    xgboost_model.READER,
    lightgbm_text.READER,
    xgboost_binary.READER,
    pickle_file.READER,
    onnx.READER,
    misnamed.READER,
)
"""The specific before the general; the last one takes what is only named as a checkpoint."""
