"""`diagnostic leakage`: a user's function in, one result a column out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.testing.twins import market

FUNCTION = """
import polars as pl

def f(bars: pl.DataFrame) -> pl.DataFrame:
    print("noise")
    close = pl.col("close")
    return bars.with_columns(
        leak=close.shift(-1).over("ticker"),
        momentum=close.pct_change(5).over("ticker"),
        rank=(close.rank() / pl.len()).over("date"),
        label_5=(close.shift(-5) / close - 1).over("ticker"),
        answer=(close.shift(-5) > close).over("ticker"),
    )
"""


# the fixture `folder` is the current folder of the command
pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bars = market.bars(np.random.default_rng(7))
    bars.filter(pl.col("ticker") < "D").tail(-1).write_csv(tmp_path / "prices.csv")
    (tmp_path / "mine.py").write_text(FUNCTION)
    return tmp_path


ARGUMENTS = ("leakage", "mine.py:f", "--data", "prices.csv", "--sessions", "150", "--format")


def test_each_column_has_one_result(diagnostic) -> None:
    ended = diagnostic(*ARGUMENTS, "json", "--label", "answer", "--python", sys.executable)
    assert ended.code == 1
    results = {r["subject"]: r for r in ended.document["results"]}
    assert {name: r["status"] for name, r in results.items()} == {
        "leak": "fail",
        "momentum": "pass",
        "rank": "pass",
        "label_5": "skip",
        "answer": "skip",
    }
    assert {(r["code"], r["name"]) for r in results.values()} == {("LEK003", "feature-uses-future")}
    leak = results["leak"]
    assert (leak["path"], leak["line"], leak["playbook"]) == ("mine.py", 4, "leakage")
    facts = {e["name"]: e["value"] for e in leak["evidence"]}
    assert (facts["reach"], facts["source"]) == (1, "close")
    assert "--label" in results["answer"]["reason"]
    assert ended.document["run"]["command"] == "leakage"
    assert any(
        note.startswith("used 3 of 3 tickers and 150 of") for note in ended.document["notes"]
    )


def test_the_report_fits_a_terminal_and_names_what_is_cleared(diagnostic) -> None:
    ended = diagnostic(*ARGUMENTS, "text", "--feature", "label_5")
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "use no later row: momentum, rank\n" in ended.out
    assert "noise" not in ended.out + ended.err
    assert "label_5\n    saw   Uses later rows: 5 sessions ahead, from close" in ended.out


def test_a_later_price_is_no_label_unless_that_is_said(diagnostic, folder) -> None:
    (folder / "mine.py").write_text(
        "import polars as pl\n"
        "def f(bars):\n"
        "    later = pl.col('close').shift(-1)\n"
        "    return bars.with_columns(next_close=later.over('ticker'))\n"
    )
    ended = diagnostic(*ARGUMENTS, "json")
    assert ended.code == 1
    assert [r["status"] for r in ended.document["results"]] == ["fail"]
    assert any("--label next_close says" in note for note in ended.document["notes"])
    stated = diagnostic(*ARGUMENTS, "json", "--label", "next_close")
    assert [r["status"] for r in stated.document["results"]] == ["skip"]
    assert not any("--label" in note for note in stated.document["notes"])


def test_a_causal_function_is_cleared(diagnostic, folder) -> None:
    (folder / "mine.py").write_text(
        "import polars as pl\n"
        "def f(bars): return bars.with_columns(x=pl.col('close').shift(1).over('ticker'))\n"
    )
    ended = diagnostic(*ARGUMENTS, "json")
    assert ended.code == 0
    assert [(r["subject"], r["status"]) for r in ended.document["results"]] == [("x", "pass")]


@pytest.mark.parametrize("reading", ["pl.read_csv", "pl.scan_csv", "by_hand"])
def test_what_a_function_reads_itself_clears_no_column(diagnostic, folder, reading) -> None:
    (folder / "mine.py").write_text(f"""
import polars as pl

def by_hand(path):
    with open(path, "rb") as stream:
        return pl.read_csv(stream.read())

def f(bars: pl.DataFrame) -> pl.DataFrame:
    own = {reading}("prices.csv").lazy().collect().with_columns(pl.col("date").str.to_date())
    later = own.select("ticker", "date", own=pl.col("close").shift(-1).over("ticker"))
    return bars.join(later, on=["ticker", "date"], how="left", maintain_order="left")
""")
    ended = diagnostic(*ARGUMENTS, "json")
    assert ended.code == 3
    (result,) = ended.document["results"]
    assert result["status"] == "skip"
    assert "reads prices.csv itself" in result["reason"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(bars):\n    return 1 / 0\n", "ZeroDivisionError: division by zero at mine.py:2"),
        ("def f(bars):\n    return bars.head(3)\n", "returned 3 of 450 rows"),
        ("def f(bars):\n    while True: pass\n", "gave no answer within 1 s"),
    ],
)
def test_a_function_that_fails_is_an_error_and_never_a_pass(
    diagnostic, folder, source, reason
) -> None:
    (folder / "mine.py").write_text(source)
    ended = diagnostic(*ARGUMENTS, "json", "--frame", "polars", "--deadline", "1")
    assert ended.code == 3
    (result,) = ended.document["results"]
    assert (result["status"], result["subject"]) == ("error", "mine.py:f")
    assert reason in result["reason"]


def test_chance_leaves_the_run_incomplete(diagnostic, folder) -> None:
    (folder / "mine.py").write_text(
        "import polars as pl, random\n"
        "def f(bars):\n"
        "    luck = [random.random() for _ in range(len(bars))]\n"
        "    return bars.with_columns(luck=pl.Series(luck), x=pl.col('close') * 2)\n"
    )
    ended = diagnostic(*ARGUMENTS, "json")
    assert ended.code == 3
    found = {r["subject"]: (r["status"], r["reason"]) for r in ended.document["results"]}
    assert found["x"] == ("pass", None)
    assert found["luck"] == ("skip", "not tested: two runs on the same rows gave different values")


def test_data_without_prices_are_said(diagnostic, folder) -> None:
    (folder / "prices.csv").write_text("a,b\n1,2\n")
    ended = diagnostic(*ARGUMENTS, "json")
    assert ended.code == 3
    assert "--data: it holds no table of prices" in ended.document["results"][0]["reason"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine.py", "--data", "prices.csv"), "write FILE.py:FUNCTION or MODULE:FUNCTION"),
        (("other.py:f", "--data", "prices.csv"), "other.py: no such file"),
        (("prices.csv:f", "--data", "prices.csv"), "prices.csv: is no Python file (.py)"),
        (("mine.py:f", "--data", "nowhere"), "nowhere: no such file or folder"),
        (("mine.py:f",), "Missing option '--data'"),
        (
            ("mine.py:f", "--data", "prices.csv", "--python", "/no/python"),
            "/no/python: no such interpreter",
        ),
    ],
)
def test_wrong_usage(diagnostic, arguments, said) -> None:
    ended = diagnostic("leakage", *arguments)
    assert ended.code == 2
    assert said in ended.err


def test_no_other_command_runs_the_function(diagnostic, folder) -> None:
    (folder / "mine.py").write_text("open('ran', 'w')\ndef f(bars): return bars\n")
    diagnostic("inspect", folder)
    diagnostic("check", cwd=folder)
    assert not (folder / "ran").exists()
