"""A feature function is tried with the future cut off or altered; what leaks is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.artifacts import Change
from ml_debugger.probes.feature_function.compare import Comparison
from ml_debugger.probes.feature_function.exchange import Column
from ml_debugger.probes.feature_function.experiments import Proof, prove
from ml_debugger.probes.feature_function.sample import NoPrices, take_sample
from ml_debugger.probes.feature_function.session import USER_SIDE, Problem
from ml_debugger.probes.feature_function.trace import Trace
from ml_debugger.probes.feature_function.trial import FunctionTrial, active_python
from ml_debugger.testing.twins import market
from tests.checks.table_judging import prices_of

SESSIONS = 220
BARS = market.bars(np.random.default_rng(7)).filter(
    pl.col("ticker").is_in(["AVEN", "BRIO", "CALX", "DORN", "LUMO"])
)

Try = Callable[..., Proof | Problem]


@pytest.fixture
def tried(tmp_path: Path) -> Try:
    """Try a function `f` of a source text on five tickers."""

    def run(source: str, bars: pl.DataFrame = BARS, **more: object) -> Proof | Problem:
        (tmp_path / "mine.py").write_text(source)
        sample = take_sample([prices_of(bars)], tickers=5, sessions=SESSIONS)
        given: dict[str, object] = {"target": "mine.py:f", "call_seconds": 20.0, **more}
        trial = FunctionTrial(folder=str(tmp_path), python=sys.executable, **given)  # type: ignore[arg-type]
        return prove(trial, sample, lambda *_: None)

    return run


def leaks(proof: Proof | Problem) -> dict[str, Change]:
    assert isinstance(proof, Proof), proof
    assert proof.why_not is None
    changes = {name: trace.change(trace.sources) for name, trace in proof.traces.items()}
    return {name: change for name, change in changes.items() if change is not None}


POLARS = """
import polars as pl

def f(bars: pl.DataFrame) -> pl.DataFrame:
    c, v = pl.col("close"), pl.col("volume")
    step = c.pct_change()
    return bars.with_columns(
        shift=c.shift(-1).over("ticker"),
        five=(c.shift(-5) / c - 1).over("ticker"),
        sign=(c.shift(-1) > c).over("ticker"),
        z=((c - c.mean()) / c.std()).over("ticker"),
        total=c.mean().over("ticker"),
        quantile=v > v.quantile(0.9),
        scaled=c / pl.len(),
        filled=c.rolling_mean(20).backward_fill().over("ticker"),
        centred=c.rolling_mean(21, center=True).over("ticker"),
        between=pl.when(pl.int_range(pl.len()) % 5 == 0).then(c).interpolate().over("ticker"),
        week=c.last().over("ticker", pl.col("date").dt.truncate("1w")),
        both=(v.max() * pl.col("high").max()).over("ticker"),
        word=pl.when(c.shift(-1) > c).then(pl.lit("up")).otherwise(pl.lit("down")).over("ticker"),
        momentum=c.pct_change(5).over("ticker"),
        volatility=step.rolling_std(20).over("ticker"),
        skew=step.rolling_skew(20).over("ticker"),
        ewm=c.ewm_mean(span=20).over("ticker"),
        expanding=(c - c.cum_sum() / pl.int_range(1, pl.len() + 1)).over("ticker"),
        rank=(c.rank() / pl.len()).over("date"),
        market=step.over("ticker").mean().over("date"),
        single=c.rolling_mean(20).over("ticker").cast(pl.Float32),
        name=pl.col("ticker").cast(pl.Categorical),
        gap=(2 * c.backward_fill()).over("ticker"),
    )
"""

LEAKING = {
    "shift": (1, ("close",)),
    "five": (5, ("close",)),
    "sign": (1, ("close",)),
    "z": (None, ("close",)),
    "total": (None, ("close",)),
    "quantile": (None, ("volume",)),
    "scaled": (None, ()),
    "filled": (None, ("close",)),
    "centred": (10, ("close",)),
    "between": (4, ("close",)),
    "week": (4, ("close",)),
    "both": (None, ("high", "volume")),
    "word": (1, ("close",)),
}


def test_a_polars_function_leak_by_leak(tried: Try) -> None:
    proof = tried(POLARS)
    found = leaks(proof)
    assert found.keys() == LEAKING.keys()
    for name, (reach, sources) in LEAKING.items():
        assert found[name].sources == sources, name
        if reach is None:
            assert found[name].at_least, name
        else:
            assert (found[name].reach, found[name].at_least) == (reach, False), name
    assert isinstance(proof, Proof)
    # the prices have no gap; only where one is made it is filled from later rows
    assert proof.filled.keys() == {"gap"}
    assert set(proof.passed_on) == {"open", "high", "low", "close", "volume"}


def test_the_first_changed_row_is_named(tried: Try) -> None:
    (change,) = leaks(
        tried(
            "import polars as pl\n"
            "def f(bars: pl.DataFrame):\n"
            "    late = pl.col('close').shift(-1).over('ticker')\n"
            "    return bars.with_columns(x=pl.when(pl.col('ticker') == 'DORN').then(late))\n"
        )
    ).values()
    first = BARS.filter(pl.col("ticker") == "DORN").tail(SESSIONS).row(0, named=True)
    assert (change.ticker, change.time) == ("DORN", str(first["date"]))
    assert change.unit == "sessions"


PANDAS = """
import numpy as np
import pandas as pd

def f(df):
    print("noise on standard output")
    g = df.groupby("ticker")["close"]
    df["leak"] = g.shift(-1)
    df["around"] = g.transform(lambda s: s.rolling(11, center=True).mean())
    for column in ("close", "volume"):
        by = df.groupby("ticker")[column]
        for window in (5, 20, 60):
            for moment in ("mean", "std", "var", "skew", "kurt", "sum", "median"):
                values = getattr(by.rolling(window), moment)()
                df[f"{column}_{moment}_{window}"] = values.reset_index(level=0, drop=True)
        df[column + "_ewm"] = by.transform(lambda s: s.ewm(span=20).std())
        df[column + "_expanding"] = by.expanding().std().reset_index(level=0, drop=True)
        df[column + "_sum"] = by.cumsum()
        df[column + "_rank"] = df.groupby("date")[column].rank(pct=True)
    df["whole"] = pd.array([1, None] * (len(df) // 2) + [1] * (len(df) % 2), dtype="Int64")
    df["whole"] = df["whole"].where(df["close"] > 0).where(df["volume"] < 0)
    df["date"] = df["date"].dt.strftime("%Y-%m-%d")
    df["ticker"] = df["ticker"].astype("category")
    return df.sample(frac=1, random_state=1).set_index(["ticker", "date"])
"""


def test_rolling_moments_of_pandas_are_no_leak_in_any_order_of_rows(tried: Try) -> None:
    pytest.importorskip("pandas")
    found = leaks(tried(PANDAS))
    assert found.keys() == {"leak", "around"}
    assert found["around"].reach == 5


def test_a_function_without_annotation_that_imports_both_is_tried_with_both(tried: Try) -> None:
    pytest.importorskip("pandas")
    proof = tried(
        "import pandas as pd\nimport polars as pl\n"
        "def f(bars):\n"
        "    return bars.with_columns(x=pl.col('close').shift(1).over('ticker'))\n"
    )
    assert leaks(proof) == {}
    assert isinstance(proof, Proof)
    assert proof.frame == "polars tables, after trying"


def test_a_lazy_frame_is_given_where_one_is_asked_for(tried: Try) -> None:
    proof = tried(
        "from __future__ import annotations\nimport polars as pl\n"
        "def f(bars: pl.LazyFrame) -> pl.LazyFrame:\n"
        "    assert isinstance(bars, pl.LazyFrame)\n"
        "    return bars.with_columns(x=pl.col('close') * 2)\n"
    )
    assert leaks(proof) == {}


def test_chance_is_seen_and_is_no_leak(tried: Try) -> None:
    proof = tried(
        "import polars as pl\nimport random\n"
        "def f(bars):\n"
        "    luck = pl.Series([random.random() for _ in range(len(bars))])\n"
        "    return bars.with_columns(luck=luck, twice=pl.col('close') * 2)\n"
    )
    assert isinstance(proof, Proof)
    assert {name: trace.random for name, trace in proof.traces.items()} == {
        "luck": True,
        "twice": False,
    }


def test_what_a_first_call_leaves_behind_hides_nothing(tried: Try) -> None:
    proof = tried(
        "import polars as pl\nMEAN = None\n"
        "def f(bars):\n"
        "    global MEAN\n"
        "    MEAN = MEAN or bars['close'].mean()\n"
        "    return bars.with_columns(x=pl.col('close') - MEAN, y=pl.col('close') * 2)\n"
    )
    assert leaks(proof).keys() == {"x"}
    assert isinstance(proof, Proof)
    assert "keeps state between calls" in proof.notes[0]


def test_a_least_number_of_rows_is_no_leak(tried: Try) -> None:
    proof = tried(
        "import polars as pl\n"
        "def f(bars):\n"
        "    mean = pl.col('close').cum_sum() / pl.int_range(1, pl.len() + 1)\n"
        "    return bars.with_columns(x=pl.when(pl.len() >= 60).then(mean).over('ticker'))\n"
    )
    assert leaks(proof) == {}


def test_a_warm_up_filled_from_later_rows_shows_although_few_rows_are_refused(tried: Try) -> None:
    proof = tried(
        "import polars as pl\n"
        "def f(bars):\n"
        "    assert len(bars) > 300, 'too few rows'\n"
        "    mean = pl.col('close').rolling_mean(20).backward_fill().over('ticker')\n"
        "    return bars.with_columns(x=mean)\n"
    )
    assert leaks(proof).keys() == {"x"}
    assert isinstance(proof, Proof)
    assert "AssertionError: too few rows at" in proof.notes[0]


def test_a_function_that_refuses_impossible_bars_still_names_the_source(tried: Try) -> None:
    found = leaks(
        tried(
            "import polars as pl\n"
            "def f(bars):\n"
            "    top = pl.max_horizontal('open', 'close')\n"
            "    assert bars.select((pl.col('high') >= top - 1e-6).all()).item()\n"
            "    return bars.with_columns(x=pl.col('close').shift(-1).over('ticker'))\n"
        )
    )
    assert found["x"].sources == ("close",)


HEAD = "import polars as pl\nimport os, sys, ctypes, threading\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", "raised ZeroDivisionError: division by zero at"),
        ("sys.exit('bye')", "raised SystemExit: bye at"),
        ("ctypes.string_at(0)", "was killed by signal 11"),
        ("os._exit(7)", "ended with code 7"),
        ("threading.Event().wait()", "gave no answer within 1 s (--deadline) at"),
        ("bars.with_columns(x=1)", "returned nothing, not a table of polars"),
        ("return bars['close']", "returned a polars.series.series.Series, not a table"),
        ("return bars.select(x='close')", "returned a table without the key column 'ticker'"),
        ("return bars.head(10)", "returned 10 of 1,100 rows; it must return one row for each"),
        ("return pl.concat([bars, bars])", "returned 1,100 rows twice"),
        (
            "return bars.with_columns(pl.col('date').dt.offset_by('100y'))",
            "returned 1,100 rows of other tickers or dates",
        ),
        ("return bars", "returned no column of its own"),
    ],
)
def test_what_cannot_be_compared_is_said_and_its_line_named(
    tried: Try, body: str, said: str
) -> None:
    problem = tried(f"{HEAD}def f(bars):\n    {body}\n", frame="polars", call_seconds=1.0)
    assert isinstance(problem, Problem)
    assert said in str(problem)
    if said.endswith(" at"):
        assert "mine.py:4" in str(problem)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def g(bars): pass\n", "is not there; mine.py has the functions: g"),
        ("def f(bars, other): pass\n", "needs 2 arguments"),
        ("def f(bars) return\n", "raised SyntaxError"),
        ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name' at"),
        ("f = 3\n", "is no function"),
    ],
)
def test_what_cannot_be_loaded_is_said(tried: Try, source: str, said: str) -> None:
    problem = tried(source)
    assert isinstance(problem, Problem)
    assert said in str(problem)


def test_nothing_is_concluded_when_the_known_leak_is_not_found(
    tried: Try, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trace, "changed_at", lambda *_: False)
    proof = tried("import polars as pl\ndef f(b): return b.with_columns(x=pl.col('close') * 2)\n")
    assert isinstance(proof, Proof)
    assert "a known leak, the next close, was not found at the cut after" in str(proof.why_not)


def test_a_repository_with_packages_named_like_ours_keeps_its_own(
    tried: Try, tmp_path: Path
) -> None:
    for name in ("checks", "commands", "tui"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"OWN = {name!r}\n")
    proof = tried(
        "import sys\nimport checks, commands, tui\nimport polars as pl\n"
        "def f(bars):\n"
        "    assert (checks.OWN, commands.OWN, tui.OWN) == ('checks', 'commands', 'tui')\n"
        "    assert not any(name.startswith('ml_debugger') for name in sys.modules)\n"
        "    return bars.with_columns(x=pl.col('close') * 2)\n"
    )
    assert leaks(proof) == {}


def test_a_module_of_a_package_is_loaded_with_its_relatives(tmp_path: Path) -> None:
    for name in ("strategy", "strategy/parts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "strategy/length.py").write_text("N = 3\n")
    (tmp_path / "strategy/parts/made.py").write_text(
        "import polars as pl\nfrom ..length import N\n"
        "def f(bars): return bars.with_columns(x=pl.col('close').shift(-N).over('ticker'))\n"
    )
    sample = take_sample([prices_of(BARS)], tickers=3, sessions=60)
    for target in ("strategy/parts/made.py:f", "strategy.parts.made:f"):
        trial = FunctionTrial(target, str(tmp_path), sys.executable)
        assert leaks(prove(trial, sample, lambda *_: None))["x"].reach == 3


def test_the_user_side_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import user_side.service; "
        "print(sorted({n.partition('.')[0] for n in sys.modules} - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(USER_SIDE.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ml_debugger" not in done.stdout
    assert "polars" not in done.stdout


def test_an_interpreter_that_is_none(tmp_path: Path) -> None:
    sample = take_sample([prices_of(BARS)], tickers=2, sessions=50)
    trial = FunctionTrial("mine.py:f", str(tmp_path), str(tmp_path / "python"))
    assert "No such file" in str(prove(trial, sample, lambda *_: None))


def test_the_active_environment_goes_before_the_present_one(tmp_path: Path) -> None:
    assert active_python({}) == sys.executable
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.touch()
    assert active_python({"CONDA_PREFIX": str(tmp_path)}) == str(python)


def test_the_part_that_is_used_is_bounded_and_said() -> None:
    sample = take_sample([prices_of(BARS)], tickers=3, sessions=100)
    assert (len(sample.tickers), len(sample.times), sample.rows) == (3, 100, 300)
    assert sample.used.startswith("used 3 of 5 tickers and 100 of 700 sessions, ")
    assert sample.used.endswith(": 300 of 3,500 bars")
    closes = take_sample([prices_of(BARS.select("ticker", "date", "close"))], 3, 100)
    assert closes.used.endswith(" bars; they have no open, high, low, volume")


def test_repeated_bars_count_once_and_missing_keys_not_at_all() -> None:
    odd = pl.concat([BARS, BARS.head(50), BARS.head(5).with_columns(ticker=None)])
    assert take_sample([prices_of(odd)], tickers=5, sessions=700).rows == BARS.height


def test_without_prices_there_is_nothing_to_try() -> None:
    with pytest.raises(NoPrices, match="no table of prices"):
        take_sample([], tickers=5, sessions=100)
    with pytest.raises(NoPrices, match="too few"):
        take_sample([prices_of(BARS.filter(pl.col("date") == BARS["date"][0]))], 5, 100)


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (float("nan"), float("nan"), False),
        (float("nan"), 1.0, True),
        (float("inf"), float("inf"), False),
        (float("inf"), 1e300, True),
        (1.0, 1.0 + 1e-12, False),
        (1.0, 1.0 + 1e-7, True),
        (0.0, 1e-12, False),
        (0.0, -0.0, False),
    ],
)
def test_equality(before: float, after: float, differs: bool) -> None:
    rest = [0.123456789, 2.3456789, -1.23456789]
    comparison = Comparison(Column(np.array([before, *rest]), "float64"))
    found = comparison.differ(Column(np.array([after, *rest]), "float64"))
    assert found.tolist() == [differs, False, False, False]


def test_single_precision_has_the_tolerance_of_single_precision() -> None:
    values = np.array([1.1, 2.3, 3.7], dtype=np.float32).astype(np.float64)
    comparison = Comparison(Column(values, "float64"))
    assert not comparison.differ(Column(values * (1 + 1e-7), "float64")).any()
    assert comparison.differ(Column(values * (1 + 1e-4), "float64")).all()
