"""The cadence follows what the monitor costs."""

from __future__ import annotations

import pytest

from ml_debugger.monitor.cadence import Cadence


def settled(sample: float, row: float, step: float, share: float = 0.005) -> Cadence:
    """The cadence after many steps of constant length and cost, in seconds."""
    cadence, now = Cadence(10, share), 0.0
    for _ in range(200_000):
        now += step
        if cadence.due(now - step):
            rows = cadence.steps // cadence.stride
            cadence.sampling, cadence.keeping = sample, rows * row
            now += sample + rows * row
            cadence.sampled(now)
        cadence.steps += 1
    return cadence


@pytest.mark.parametrize("step", [0.0005, 0.002, 0.01, 0.05])
def test_what_sampling_takes_stays_within_its_share(step) -> None:
    cadence = settled(sample=300e-6, row=4e-6, step=step)
    assert 300e-6 / (cadence.interval * step) < 0.005
    assert 4e-6 / (cadence.stride * step) < 0.005
    # and it is not rarer than that share makes it
    assert cadence.interval == 10 or 300e-6 / (cadence.interval * step) > 0.0025 / 16


def test_slow_steps_are_sampled_by_time() -> None:
    cadence = Cadence(10, 0.005)
    cadence.sampled(0.0)
    cadence.steps = 1
    assert not cadence.due(1.9)
    assert cadence.due(2.0)


def test_a_costly_spell_passes() -> None:
    cadence, now = Cadence(10, 0.005), 0.0
    for number in range(40):
        now += cadence.interval * 0.01
        cadence.sampling = 0.5 if 2 <= number < 5 else 1e-5
        cadence.sampled(now)
        assert cadence.interval <= 80
    assert cadence.interval == 10


def test_rows_grow_with_the_logarithm_of_the_steps() -> None:
    cadence, rows = Cadence(10, 1.0), 0
    for step in range(1_000_000):
        if step % cadence.stride == 0:
            rows += 1
            cadence.kept(1)
    assert rows < 20_001 * 7
