"""Configurations of trainings in YAML, TOML and JSON.

Lightning's hparams.yaml, the config.yaml of Weights & Biases and of Hydra, Ray's params.json,
Transformers' arguments, and plain files. What counts is what they set, never their name alone.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from ml_debugger.artifacts import TrainingConfig
from ml_debugger.readers.configurations import yaml_text
from ml_debugger.readers.configurations.flattening import Plain, flatten
from ml_debugger.readers.configurations.hyperparameters import is_training
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable

MAX_BYTES = 1 << 20
_YAML, _TOML, _JSON = (".yaml", ".yml"), (".toml",), (".json",)
_HINT = re.compile(
    r"\b(?:lr\d?|\w*learning[_-]?rate|\w*_lr|eta|optimi[sz]er|optim|\w*epochs?|\w*batch[_-]?size|"
    r"n_estimators|num_boost_round|num_iterations|num_train_epochs|bs)\b",
    re.IGNORECASE,
)
_ARGUMENTS = frozenset(
    {"per_device_train_batch_size", "num_train_epochs", "gradient_accumulation_steps",
     "lr_scheduler_type", "logging_steps", "save_steps", "adam_beta1", "max_grad_norm"}
)  # fmt: skip
_PARTS = frozenset(
    {"config", "configuration", "params", "hparams", "hyperparameters", "hyperparams", "args",
     "hyper_parameters", "settings", "model_params", "training_args"}
)  # fmt: skip
_OWN_FILE = "diagnostic"


def recognise(head: Head) -> str | None:
    """The kind of configuration, for documents that set what trainings set."""
    if head.suffix not in (*_YAML, *_TOML, *_JSON) or not 0 < head.size <= MAX_BYTES:
        return None
    if head.stem == _OWN_FILE or head.encoding is None or not _HINT.search(head.text):
        return None
    try:
        document, _, _ = _document(head)
    except Unreadable:
        # documents beyond the bounds are said to be so only where their name claims a training
        return "hparams" if head.stem == "hparams" else None
    found = _values(document)
    return _kind(head, found) if found is not None else None


def read(head: Head, kind: str) -> Reading:
    """The settings; raises Unreadable where the document is beyond the bounds or says nothing."""
    document, problem, line = _document(head)
    found = _values(document)
    if found is None:
        raise Unreadable(problem or "sets nothing of a training", line)
    config = TrainingConfig(head.shown, head.shown, format=kind, values=found)
    return Reading([config], problem, line)


def _document(head: Head) -> tuple[Any, str | None, int | None]:
    """The document as far as it is sound, what is wrong with it, and from which line on."""
    text = _text(head)
    if head.suffix in _JSON:
        try:
            return json.loads(text), None, None
        except json.JSONDecodeError as error:
            raise Unreadable(f"is no whole JSON: {error.msg}", error.lineno) from error
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"is no whole JSON: {error}") from error
    if head.suffix in _TOML:
        try:
            return tomllib.loads(text), None, None
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"is no whole TOML: {error}") from error
    document, line = yaml_text.parse(text)
    problem = f"line {line} is no YAML; what stands before it was read" if line else None
    return document, problem, line


def _text(head: Head) -> str:
    if head.gzipped:
        raise Unreadable("is compressed")
    try:
        raw = head.file.read_bytes()[:MAX_BYTES] if head.size > len(head.start) else head.start
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    return raw.decode(head.encoding or "utf-8", "replace").lstrip("\ufeff")


def _values(document: Any) -> dict[str, Plain] | None:
    """The settings of a document, None where they are not those of a training."""
    if not isinstance(document, Mapping) or not document:
        return None
    plain = _unwrapped(document)
    values = flatten(plain)
    return values if is_training(plain, values) else None


def settings_in(document: Any) -> dict[str, Plain] | None:
    """The settings that a record of results holds in a part of its own; None where it has none."""
    if not isinstance(document, Mapping):
        return None
    for key, value in document.items():
        if str(key).lower() in _PARTS and (found := _values(value)) is not None:
            return found
    return None


def _unwrapped(document: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Weights & Biases wraps each setting as {desc, value}, beside settings of its own."""
    if not _is_wrapped(document):
        return document
    return {
        key: entry["value"]
        for key, entry in document.items()
        if isinstance(entry, Mapping) and "value" in entry and not str(key).startswith("_wandb")
    }


def _is_wrapped(document: Mapping[Any, Any]) -> bool:
    wrapped = sum(
        isinstance(entry, Mapping) and "value" in entry and set(entry) <= {"value", "desc"}
        for entry in document.values()
    )
    others = [key for key in document if str(key) in ("wandb_version", "_wandb")]
    return wrapped > 0 and wrapped >= len(document) - len(others)


def _kind(head: Head, values: Mapping[str, Plain]) -> str:
    if len(_ARGUMENTS & values.keys()) >= 3:
        return "training-arguments"
    if head.suffix in _YAML and (_OF_WANDB.search(head.text) or head.text.startswith("_wandb:")):
        return "wandb-config"
    if head.stem == "hparams":
        return "hparams"
    return "ray-params" if head.file.name == "params.json" else "configuration"


_OF_WANDB = re.compile(r"^wandb_version:|^_wandb:|^\w[\w.]*:\n(?:  desc: .*\n)?  value: ", re.M)

READER = Reader("training-configuration", recognise, read)
