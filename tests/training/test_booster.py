import sys
from dataclasses import replace

import numpy as np
import pytest

from ml_debugger.errors import MissingExtraError, UsageError
from ml_debugger.training import Recipe, cuda_works
from ml_debugger.training.booster import Rows, fit, predict
from ml_debugger.training.device import resolve_device


def rows(count: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 2))
    return Rows(features, features[:, 0] * 0.01 + rng.normal(0, 0.01, count))


def test_a_fit_is_repeatable_and_reports_every_round(tiny: Recipe) -> None:
    seen: list[int] = []

    def grow() -> np.ndarray:
        result = fit(
            rows(500, 1),
            tiny,
            names=["a", "b"],
            validation=rows(200, 2),
            on_round=lambda step, _train, _held: seen.append(step),
        )
        assert result.booster.num_boosted_rounds() == result.best_round + 1
        assert result.validation_loss == result.losses[result.best_round][1]
        return predict(result.booster, rows(50, 3).features, ["a", "b"])

    first = grow()
    assert seen == list(range(len(seen)))
    assert np.array_equal(first, grow())
    assert np.corrcoef(first, rows(50, 3).features[:, 0])[0, 1] > 0.9


def test_pure_noise_still_keeps_the_least_rounds(tiny: Recipe) -> None:
    rng = np.random.default_rng(0)
    noise = [Rows(rng.normal(size=(400, 2)), rng.normal(size=400)) for _ in range(2)]
    result = fit(noise[0], tiny, names=["a", "b"], validation=noise[1])
    assert result.best_round + 1 >= tiny.least_rounds
    assert len(result.losses) < tiny.rounds


def test_auto_takes_the_gpu_only_where_a_fit_ran_there() -> None:
    assert resolve_device("auto") == ("cuda" if cuda_works() else "cpu")


def test_cuda_that_does_not_work_is_refused(monkeypatch: pytest.MonkeyPatch, tiny: Recipe) -> None:
    monkeypatch.setattr("ml_debugger.training.device.cuda_works", lambda: False)
    with pytest.raises(UsageError, match="did not run on a GPU"):
        fit(rows(50, 1), replace(tiny, device="cuda"), names=["a", "b"])


def test_without_xgboost_the_command_to_get_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tiny: Recipe
) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ml-debugger\[engine\]'"):
        fit(rows(50, 1), tiny, names=["a", "b"])
