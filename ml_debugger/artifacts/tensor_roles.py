"""What a stored tensor is for, by its name and shape: weights of the model, or something else.

Names are those of PyTorch, Lightning, Transformers, Keras and ONNX exports.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from ml_debugger.artifacts.checkpoints import Checkpoint, Tensor

_NOT_OF_THE_MODEL = re.compile(
    r"(?:^|[./])(?:optim\w*|opt(?:_?\d+)?|adam\w*|sgd|callbacks|loops|(?:lr_)?schedulers?|(?:grad_)?"
    r"scaler|amp|rng_states?|hyper_?parameters|normalizers?|standardizers?|datamodule)(?:$|[./_{])"
    r"|\.(?:exp_avg|exp_avg_sq|max_exp_avg_sq|momentum_buffer)$|^_flat_weights|\._flat_weights\.",
    re.IGNORECASE,
)
_BUFFER = re.compile(
    r"mask|position_ids|num_batches|running_|moving_(?:mean|variance)|inv_freq|freqs|^pe$|"
    r"pos_?enc|positional|rel_pos|relative|alibi|zero_point|(?:^|_)(?:min|max)_val|_idx$|indices|"
    r"pos_weight|class_weight|loss_weight|^mean$|^std$|^var$|offset|_scale$|^scale$|window|anchor|"
    r"filter_?bank|mel_|blur|^filt|cluster_size|embed_avg|best|score|loss|threshold|_eps$|^eps$|"
    r"grid|basis|steps?$|count|(?:^|_)temperature|bound|limit|queue|centers?$|^amin|^amax",
    re.IGNORECASE,
)
_STATISTICS = re.compile(r"running_(?:mean|var)|moving_(?:mean|variance)")
_EMBEDDING = re.compile(r"emb(?:ed|eddings?)?(?:s|_|\.|$|\d)|\bwte\b|\bwpe\b|codebook|lookup", re.I)
_ADAPTER = re.compile(r"lora_|adapter|prompt|prefix_|ia3_", re.IGNORECASE)
_FLOATING = re.compile(r"float|bfloat|double|f(?:16|32|64|8_\w+)$|bf16|f[248]$", re.IGNORECASE)


def is_floating(tensor: Tensor) -> bool:
    """Whether its values may be fractions; whole numbers are counters, indices and codes."""
    return _FLOATING.match(tensor.dtype.lstrip("<>|=")) is not None


def belongs_to_model(tensor: Tensor) -> bool:
    """Whether it is part of the model: no optimizer's state, no score of a callback."""
    return _NOT_OF_THE_MODEL.search(tensor.name) is None


def is_optimizer_state(tensor: Tensor) -> bool:
    """Whether it is a moment or another state of an optimizer."""
    found = _NOT_OF_THE_MODEL.search(tensor.name)
    return found is not None and re.search(r"optim|exp_avg|momentum", tensor.name, re.I) is not None


def is_statistic(tensor: Tensor) -> bool:
    """Whether batch normalisation keeps it: the mean or variance of its inputs."""
    return _STATISTICS.search(last_part(tensor.name)) is not None


def is_weight(tensor: Tensor) -> bool:
    """Whether training changes it: of the model, floating, and no buffer by its name."""
    return (
        belongs_to_model(tensor)
        and is_floating(tensor)
        and len(tensor.shape) > 0
        and _BUFFER.search(last_part(tensor.name)) is None
        and not is_attention_pattern(tensor)
    )


def is_matrix(tensor: Tensor) -> bool:
    """Whether it is a weight that maps one layer to the next."""
    return is_weight(tensor) and len(tensor.shape) >= 2 and min(tensor.shape) > 0


def is_embedding(tensor: Tensor) -> bool:
    """Whether its rows belong to tokens, tickers or places; unused rows keep their start."""
    return _EMBEDDING.search(tensor.name) is not None


def is_adapter(tensor: Tensor) -> bool:
    """Whether it is the small trained part beside frozen weights, as in LoRA."""
    return _ADAPTER.search(tensor.name) is not None


def is_attention_pattern(tensor: Tensor) -> bool:
    """A square table that lets a step see earlier ones: GPT-2 stores it as `attn.bias`."""
    shape = tensor.shape
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    return square and (
        last_part(tensor.name) in ("bias", "tril", "causal") or "mask" in tensor.name
    )


def last_part(name: str) -> str:
    """The attribute's own name: `weight` of `encoder.0.weight`, `kernel:0` of Keras."""
    return re.split(r"[./]", name)[-1]


def module(name: str) -> str:
    """The module that owns the tensor: `encoder.0` of `encoder.0.weight`."""
    return re.sub(r"[./][^./]*$", "", name) if re.search(r"[./]", name) else ""


def fan_in(tensor: Tensor) -> int:
    """Inputs of one unit; of a Keras kernel, whose last axis is the output, as well."""
    if len(tensor.shape) < 2:
        return 1
    if not rows_are_units(tensor):
        return max(1, math.prod(tensor.shape[:-1]))
    return max(1, math.prod(tensor.shape[1:]))


def rows_are_units(tensor: Tensor) -> bool:
    """Whether the first axis counts the layer's units; Keras puts the inputs there."""
    return "kernel" not in last_part(tensor.name) and "/vars/" not in tensor.name


def weights(checkpoint: Checkpoint) -> Iterable[Tensor]:
    """The weights whose values were looked at, in the order of the file."""
    return (t for t in checkpoint.tensors if t.name in checkpoint.figures and is_weight(t))


def matrices(checkpoint: Checkpoint) -> list[Tensor]:
    """The weight matrices whose values were looked at, in the order of the file."""
    return [tensor for tensor in weights(checkpoint) if is_matrix(tensor)]
