"""The adapter against a stand-in for yfinance, which the tests do not need installed."""

import sys
from datetime import date
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ml_debugger.data.yahoo import download_batch
from ml_debugger.errors import MissingExtraError

SPAN = (date(2024, 1, 2), date(2024, 1, 4))


class Index:
    def tz_localize(self, zone: None) -> "Index":
        assert zone is None
        return self

    def to_numpy(self) -> np.ndarray:
        return np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[ns]")


class History:
    index = Index()
    columns = ("Open", "High", "Low", "Close", "Volume", "Dividends")

    def __len__(self) -> int:
        return 2

    def __getitem__(self, name: str) -> Any:
        value = self.columns.index(name) + 1.0
        return SimpleNamespace(to_numpy=lambda dtype: np.full(2, value, dtype))


@pytest.fixture
def yfinance(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each ticker answers: a history, or an error."""
    exceptions = ModuleType("yfinance.exceptions")
    for name in ("YFRateLimitError", "YFTickerMissingError"):
        setattr(exceptions, name, type(name, (Exception,), {}))
    answers: dict[str, Any] = {"exceptions": exceptions}

    def ticker(symbol: str) -> Any:
        def history(**asked: object) -> Any:
            assert asked["auto_adjust"] is True
            assert (asked["start"], asked["end"]) == ("2024-01-02", "2024-01-04")
            if isinstance(answers[symbol], Exception):
                raise answers[symbol]
            return answers[symbol]

        return SimpleNamespace(history=history)

    module = ModuleType("yfinance")
    module.Ticker = ticker  # type: ignore[attr-defined]
    module.config = SimpleNamespace(debug=SimpleNamespace())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "yfinance", module)
    monkeypatch.setitem(sys.modules, "yfinance.exceptions", exceptions)
    return answers


def test_bars_come_with_dividends_and_without_invented_splits(yfinance: dict[str, Any]) -> None:
    yfinance["AAPL"] = History()
    bars = download_batch(["AAPL"], *SPAN).bars["AAPL"]
    assert bars.row(0) == ("AAPL", date(2024, 1, 2), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        ("YFRateLimitError", True),
        ("YFTickerMissingError", False),
        (TimeoutError("slow"), True),
        (ConnectionResetError("reset"), True),
        (ValueError("a fault of the program"), False),
    ],
)
def test_failures_are_told_apart(
    yfinance: dict[str, Any], error: str | Exception, transient: bool
) -> None:
    if isinstance(error, str):
        error = getattr(yfinance["exceptions"], error)("said so")
    yfinance |= {"A": error, "B": History()}
    batch = download_batch(["A", "B"], *SPAN)
    assert batch.failures["A"].transient is transient
    assert batch.failures["A"].reason
    assert list(batch.bars) == ["B"]


def test_no_network_is_not_worth_waiting_for(yfinance: dict[str, Any]) -> None:
    unresolved = type("DNSError", (OSError,), {})("Could not resolve host")
    yfinance["A"] = unresolved
    assert not download_batch(["A"], *SPAN).failures["A"].transient


def test_without_yfinance_the_command_to_get_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ml-debugger\[fetch\]'"):
        download_batch(["A"], *SPAN)
