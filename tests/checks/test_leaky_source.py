"""LEK009 on scripts and notebooks as people write them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checks.leakage.leaky_source import leaky_source
from ml_debugger.artifacts import SourceCell, SourceFile
from ml_debugger.contract import Evidence, Measurement, NotMeasured, Outcome, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import source as twin_source
from tests.checks.source_samples import (
    fits,
    healthy_markets,
    healthy_training,
    mixtures,
    shifts,
    splits,
)

LEAKS = {**fits.LEAKS, **splits.LEAKS, **shifts.LEAKS, **mixtures.LEAKS}
HEALTHY = {**healthy_training.HEALTHY, **healthy_markets.HEALTHY}

FLOWS = """
import pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv")
df["ma"] = df["close"].rolling(5).mean()
df["target"] = df["close"].shift(-1) / df["close"] - 1
{change}
cut = int(len(df) * 0.8)
Ridge().fit(X[:cut], df["target"][:cut])
"""


def judged(*cells: str) -> Outcome:
    numbered = [
        SourceCell(number if len(cells) > 1 else None, text)
        for number, text in enumerate(cells, start=1)
    ]
    return leaky_source.measure(SourceFile("s.py", "s.py", "Python source", tuple(numbered)))


def measured(*cells: str) -> Measurement:
    outcome = judged(*cells)
    assert isinstance(outcome, Measurement), outcome
    return outcome


def status(outcome: Measurement) -> Status:
    judged = [limit.judge(outcome.values[limit.name]) for limit in leaky_source.limits]
    return max(judged, key=lambda one: one.gravity)


def places(outcome: Measurement) -> set[tuple[str, str | None]]:
    return {(fact.name, fact.where) for fact in outcome.evidence}


@pytest.mark.parametrize("name", LEAKS)
def test_finds_the_leak_in_its_line(name: str) -> None:
    rule, code = LEAKS[name]
    marked = next(n for n, line in enumerate(code.split("\n"), 1) if "# <- leak" in line)
    outcome = measured(code)
    assert places(outcome) == {(rule, f"line {marked}")}
    assert outcome.line == marked
    assert status(outcome) in (Status.WARN, Status.FAIL)


@pytest.mark.parametrize("name", HEALTHY)
def test_is_silent_on_healthy_code(name: str) -> None:
    outcome = measured(HEALTHY[name])
    assert outcome.evidence == ()
    assert status(outcome) is Status.PASS


@pytest.mark.parametrize("name", ["keras lstm", "train_test_split default", "target kept"])
def test_what_the_flow_proves_fails(name: str) -> None:
    assert status(measured(LEAKS[name][1])) is Status.FAIL


@pytest.mark.parametrize("name", ["gridsearch default", "merge_asof nearest", "chikou"])
def test_what_is_only_probable_warns(name: str) -> None:
    assert status(measured(LEAKS[name][1])) is Status.WARN


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ('X = df[["ma"]]', Status.PASS),
        ('X = df.drop(columns=["target"])', Status.PASS),
        ('X = df.drop("target", axis=1)', Status.PASS),
        ('X = df.loc[:, df.columns != "target"]', Status.PASS),
        ('X = df[[c for c in df.columns if c not in ("target", "date")]]', Status.PASS),
        ('X = df[df.columns.difference(["target"])]', Status.PASS),
        ("X = df.iloc[:, :-1]", Status.PASS),
        ("X = choose(df)", Status.PASS),
        ("X = df", Status.FAIL),
        ('X = df.drop(columns=["date"])', Status.FAIL),
        ('X = df[["ma", "target"]]', Status.FAIL),
        ('X = df[[c for c in df.columns if c != "date"]]', Status.FAIL),
        ('df["next"] = df["open"].shift(-1)\nX = df[["ma", "next"]]', Status.FAIL),
        ('df["late"] = df["open"].shift(-1).shift(1)\nX = df[["ma", "late"]]', Status.PASS),
        ('df["late"] = df["open"].shift(-5).shift(1)\nX = df[["ma", "late"]]', Status.FAIL),
        ("X = pd.concat([df.ma, df.ma.shift(-2)], axis=1)", Status.FAIL),
        ("X = pd.concat([df.ma, df.ma.shift(-2)], axis=1).values[:, :1]", Status.PASS),
    ],
)
def test_follows_the_label_into_the_features(change: str, expected: Status) -> None:
    assert status(measured(FLOWS.format(change=change))) is expected


def test_names_cells_and_reads_on_past_one_that_is_no_python() -> None:
    rule, code = LEAKS["keras lstm"]
    lines = code.split("\n")
    outcome = measured("\n".join(lines[:8]), "not python at all", "\n".join(lines[8:]))
    assert [(e.name, e.where) for e in outcome.evidence] == [(rule, "cell 3 line 4")]
    healthy = HEALTHY["scaler on train"]
    assert "not parsed: cell 2 line 1" in measured(healthy, "not python at all").title


def test_python_2_is_said_and_is_no_pass() -> None:
    outcome = judged('import pandas\nprint "x"\ndf["close"].shift(-1).rolling(3)\n')
    assert isinstance(outcome, NotMeasured)
    assert "Python 3: line 2" in outcome.reason


def test_tests_of_others_are_not_judged() -> None:
    code = "import pytest\n" + LEAKS["keras lstm"][1] + "\ndef test_it():\n    assert data\n"
    assert isinstance(judged(code), NotMeasured)


def test_a_file_that_was_not_read_is_no_pass() -> None:
    source = SourceFile("s.py", "s.py", "Python source", (), problem="is larger than 2 MiB")
    assert leaky_source.measure(source) == NotMeasured("is larger than 2 MiB")


def test_shows_a_bounded_number_of_places() -> None:
    many = "\n".join(
        f'df["ma_{n}"] = df["close"].rolling(9, center=True).mean()' for n in range(30)
    )
    names = [f"ma_{n}" for n in range(30)]
    outcome = measured(FLOWS.format(change=f"{many}\nX = df[{names}]"))
    assert outcome.values["proven_leaks"] == 30
    assert len(outcome.evidence) == 8


def test_deep_and_endless_code_is_bounded() -> None:
    calls = "\n".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x)" for n in range(40))
    deep = "y = " + "+".join(["df['close'].shift(-1)"] * 3000)
    started = time.process_time()
    for code in (f"import pandas as pd\n{calls}\nf0(pd.read_csv('x')['close'].shift(-1))", deep):
        assert isinstance(judged(f"import yfinance\n{code}"), Measurement | NotMeasured)
    assert time.process_time() - started < 30


def test_fires_on_its_planted_fault_and_not_on_the_twin(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    twin_source.write(tmp_path, rng)

    def outcome() -> Measurement:
        file = tmp_path / "research" / "pipeline.py"
        found = leaky_source.measure(open_file(file, file.name, named=True)[0])
        assert isinstance(found, Measurement)
        return found

    assert status(outcome()) is Status.PASS
    faults()["leaky-source"].plant(tmp_path, rng)
    assert status(outcome()) is Status.FAIL
    assert isinstance(outcome().evidence[0], Evidence)


@pytest.mark.parametrize("name", ["healthy", "leaking"])
def test_a_notebook_from_its_file(name: str, write: Callable[[str, str], Path]) -> None:
    import json

    rule, code = LEAKS["sequences then split"]
    if name == "healthy":
        code = HEALTHY["scaler on train"]
    cells = [
        {"cell_type": "markdown", "source": ["# Study"]},
        {"cell_type": "code", "source": "%matplotlib inline\n!pip install yfinance\n" + code},
    ]
    file = write("study.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    outcome = leaky_source.measure(open_file(file, "study.ipynb", named=True)[0])
    assert isinstance(outcome, Measurement)
    line = 2 + next((n for n, text in enumerate(code.split("\n"), 1) if "# <- leak" in text), 0)
    assert places(outcome) == ({(rule, f"cell 2 line {line}")} if name == "leaking" else set())
