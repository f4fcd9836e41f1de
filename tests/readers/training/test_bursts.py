"""Many lines of one kind at once give the same curves as one line after the other."""

import math
import random

import pytest

from ml_debugger.readers.training import bursts


def stamped(step: int, value: float) -> str:
    return (
        f"2025-01-02 10:{step // 60 % 60:02}:{step % 60:02},{step % 1000:03} INFO Epoch "
        f"{step // 40 + 1}/9 step {step % 40}/40 loss: {value:.4f} acc: {value / 3:.4f}\n"
    )


def bar(step: int, value: float) -> str:
    end = "\n" if step % 30 == 29 else "\r"
    return f"Epoch {step // 30}: {step % 30 * 3}%|##| {step % 30}/30 [0:1, loss={value:.1f}]{end}"


def bar_gone_wrong(step: int, value: float) -> str:
    loss = "nan" if step > 50 else f"{value:.1f}"
    return f"Epoch 0: {step // 2}%|##| {step}/200 [0:1, lr=1e-3, loss={loss}, val_loss=nan]\r"


def keras(step: int, value: float) -> str:
    head = f"Epoch {step // 20 + 1}/9\n" if step % 20 == 0 else ""
    full = f" - val_loss: {value * 2:.3f}\n" if step % 20 == 19 else "\r"
    return f"{head}{step % 20 + 1}/20 [==>..] - ETA: 1s - loss: {value:.4f}{full}"


def validation(step: int, value: float) -> str:
    kind = "Test" if step % 40 >= 30 else f"Epoch: [{step // 40}]"
    return f"{kind}: [{step % 40:3}/40] Loss {value:.3f} ({value / 2:.3f})\n"


def restarts(step: int, value: float) -> str:
    return f"step {step % 70} loss {value:.3f} val_loss {value * 2:.3f}\n"


def no_epoch(step: int, value: float) -> str:
    head = f"Epoch {step // 25}\n" if step % 25 == 0 else ""
    return f"{head}train loss {value:.3f}\n"


def gaps(step: int, value: float) -> str:
    return f"step={step} loss={'nan' if step == 60 else value} lr={1e-3 if step % 50 else None}\n"


@pytest.mark.parametrize(
    "shape",
    [stamped, bar, bar_gone_wrong, keras, validation, restarts, no_epoch, gaps],
    ids=lambda f: f.__name__,
)
def test_bursts_change_nothing(runs_of, monkeypatch, shape) -> None:
    rng = random.Random(3)
    text = "".join(shape(step, 0.3 + rng.random()) for step in range(200))
    together = runs_of(text)
    monkeypatch.setattr(bursts, "LEAST", 10**9)
    alone = runs_of(text)
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        assert (one.planned_steps, one.finished) == (other.planned_steps, other.finished)
        assert list(one.curves) == list(other.curves)
        for name, curve in one.curves.items():
            same = other.curves[name]
            assert list(curve.lines) == list(same.lines), name
            assert list(curve.steps) == list(same.steps), name
            assert all(
                a == b or (math.isnan(a) and math.isnan(b))
                for a, b in zip(curve.values, same.values, strict=True)
            ), name
