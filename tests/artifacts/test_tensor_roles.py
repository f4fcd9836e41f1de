"""What a tensor is for, by its name."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import Tensor
from ml_debugger.artifacts.tensor_roles import (
    belongs_to_model,
    fan_in,
    is_embedding,
    is_matrix,
    is_optimizer_state,
    is_weight,
    module,
)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "weight"),
    [
        ("state_dict.conv.0.weight", (8, 4, 3), "float32", True),
        ("encoder.layer.1.attention.query.bias", (8,), "F16", True),
        ("model_weights/dense_1/dense_1/kernel:0", (8, 4), "float32", True),
        ("norm.weight", (8,), "bfloat16", True),
        ("convolution_1_W", (8, 4, 3, 3), "FLOAT", True),
        ("optimizer_states.0.state.3.exp_avg", (8, 4), "float32", False),
        ("optimizer_weights/training/Adam/m_0_1:0", (8, 4), "float32", False),
        ("callbacks.ModelCheckpoint{'mode': 'min'}.best_model_score", (1,), "float32", False),
        ("conv.1.running_var", (8,), "float32", False),
        ("conv.1.num_batches_tracked", (), "int64", False),
        ("transformer.h.0.attn.bias", (1, 1, 64, 64), "float32", False),
        ("transformer.h.0.attn.masked_bias", (1,), "float32", False),
        ("embeddings.position_ids", (1, 512), "int64", False),
        ("rotary.inv_freq", (32,), "float32", False),
        ("quantized.weight", (8, 8), "qint8", False),
        ("lstm._flat_weights.0", (8, 8), "float32", False),
    ],
)  # fmt: skip
def test_weights_and_what_is_none(name: str, shape, dtype: str, weight: bool) -> None:
    assert is_weight(Tensor(name, dtype, shape)) is weight


def test_states_of_optimizers() -> None:
    state = Tensor("optimizer.state.0.exp_avg", "float32", (4, 4))
    score = Tensor("callbacks.best", "float32", ())
    assert (belongs_to_model(state), is_optimizer_state(state)) == (False, True)
    assert (belongs_to_model(score), is_optimizer_state(score)) == (False, False)


def test_inputs_of_a_unit() -> None:
    assert fan_in(Tensor("a.weight", "float32", (8, 4, 3))) == 12
    assert fan_in(Tensor("a/kernel:0", "float32", (4, 8))) == 4
    assert is_matrix(Tensor("a.weight", "float32", (8, 4)))
    assert not is_matrix(Tensor("a.bias", "float32", (8,)))


@pytest.mark.parametrize("name", ["wte.weight", "tok_embeddings.weight", "ticker_emb.weight"])
def test_embeddings(name: str) -> None:
    assert is_embedding(Tensor(name, "float32", (50, 8)))
    assert not is_embedding(Tensor("member.weight", "float32", (50, 8)))


def test_modules() -> None:
    assert module("state_dict.conv.0.weight") == "state_dict.conv.0"
    assert module("dense/dense/kernel:0") == "dense/dense"
    assert module("alone") == ""
