import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import (
    Artifact,
    Curve,
    GpuDevice,
    GpuSnapshot,
    HostSnapshot,
    StorageSnapshot,
    TrainingRun,
    Volume,
)
from ml_debugger.runtime.picture import Picture, thin


def curve(values: list[float], name: str = "train_loss") -> Curve:
    steps = list(map(float, range(len(values))))
    return Curve(name, name, steps, values, [i + 2 for i in range(len(values))])


def run(path: str, segment: str | None = None, values: tuple[float, ...] = (1.0,)) -> TrainingRun:
    curves = {"train_loss": curve(list(values))}
    return TrainingRun(path, path, "csv", "epoch", curves, segment=segment)


def test_the_newest_run_is_the_one_written_last() -> None:
    runs = [run("a.csv"), run("b.csv", "fold 1"), run("b.csv", "fold 2"), run("c.csv")]
    picture = Picture.of(runs, {"a.csv": 5.0, "b.csv": 9.0, "c.csv": 1.0})
    assert picture.training is runs[2]


def test_this_machine_goes_before_a_recorded_one() -> None:
    own = GpuSnapshot("gpu", None, state="absent")
    recorded = GpuSnapshot("box.json", "box.json", state="answered")
    assert Picture.of([own, recorded], {}).gpu is own
    assert Picture.of([recorded], {}).gpu is recorded


def test_nothing_looked_at_is_nothing() -> None:
    picture = Picture.of([], {})
    assert (picture.machine_dict(), picture.training_dict()) == (None, None)
    assert Picture.from_dicts(None, None) == Picture()


def test_a_picture_survives_strict_json() -> None:
    artifacts: list[Artifact] = [
        GpuSnapshot("gpu", None, "answered", (GpuDevice(0, "H100", memory_total=80 << 30),)),
        HostSnapshot("host", None, "box", 4, 2.0, 1 << 30, 1 << 29, 1 << 34, 1 << 33),
        StorageSnapshot("storage", None, (Volume("/", total=10, free=4, holds=("home",)),)),
        run("log.csv", values=(0.5, math.nan, math.inf, -math.inf)),
    ]
    before = Picture.of(artifacts, {})
    text = json.dumps([before.machine_dict(), before.training_dict()], allow_nan=False)
    after = Picture.from_dicts(*json.loads(text))
    assert after.machine_dict() == before.machine_dict()
    assert after.training is not None
    values = after.training.curves["train_loss"].values
    assert values[0] == 0.5
    assert math.isnan(values[1])
    assert values[2:] == [math.inf, -math.inf]
    assert after.training.curves["train_loss"].lines == [2, 3, 4, 5]


@pytest.mark.parametrize("count", [0, 1, 200, 201, 10_000])
def test_a_thinned_curve_has_at_most_200_points(count: int) -> None:
    assert len(thin(curve([math.sin(i) for i in range(count)]))) <= 200


@given(st.lists(st.floats(), min_size=201, max_size=2000))
def test_thinning_keeps_ends_extremes_and_the_first_value_that_is_not_finite(
    values: list[float],
) -> None:
    small = thin(curve(values))
    assert len(small) <= 200
    assert (small.steps[0], small.steps[-1]) == (0.0, len(values) - 1.0)
    assert list(small.steps) == sorted(small.steps)
    finite = [value for value in values if math.isfinite(value)]
    kept = [value for value in small.values if math.isfinite(value)]
    if finite:
        assert (min(kept), max(kept)) == (min(finite), max(finite))
    broken = next((i for i, v in enumerate(values) if not math.isfinite(v)), None)
    assert broken is None or broken in small.steps


def test_the_clock_of_a_run_is_no_curve_to_look_at() -> None:
    steps = [1.0, 2.0]
    curves = {
        name: Curve(name, name, steps, [1.0, 2.0], [1, 2]) for name in ("train_loss", "timestamp")
    }
    run = TrainingRun("run", None, format="csv", step_unit="step", curves=curves)
    told = Picture(training=run).training_dict()
    assert told is not None
    assert list(told["curves"]) == ["train_loss"]
