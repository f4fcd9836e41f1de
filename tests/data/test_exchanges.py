"""Which exchange's calendar a series of days keeps."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ml_debugger.data import nyse
from ml_debugger.data.exchanges import NEW_YORK, closures, early_closes, kept_by

AMERICAN = list(nyse.sessions(date(2015, 1, 2), date(2020, 12, 31)))


def open_days(exchange: str, first: date, last: date) -> list[date]:
    known = closures(exchange, first, last)
    assert known is not None
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in span if day.weekday() < 5 and day not in known[2]]


def test_new_york_agrees_with_the_library() -> None:
    from ml_debugger.data.exchanges import _calendar

    calendar = _calendar(NEW_YORK, 1985, 2026)
    sessions = [stamp.date() for stamp in calendar.sessions]
    assert sessions == list(nyse.sessions(sessions[0], sessions[-1]))


def test_new_york_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("ml_debugger.data.exchanges._calendar", never)
    kept = kept_by(AMERICAN, "12345")
    assert kept is not None
    assert (kept.exchange, kept.exact, len(kept.closed)) == (NEW_YORK, True, 54)


@pytest.mark.parametrize(("exchange", "suffix"), [("XTKS", ""), ("XBOM", ".NS"), ("XLON", "")])
def test_other_exchanges_are_found(exchange: str, suffix: str) -> None:
    days = open_days(exchange, date(2016, 1, 1), date(2019, 12, 31))
    kept = kept_by(days, "12345", suffix)
    assert kept is not None
    assert kept.exchange == exchange


@pytest.mark.parametrize("suffix", ["", ".B", ".US"])
def test_lost_days_and_bars_on_holidays_do_not_hide_the_calendar(suffix: str) -> None:
    extra = [date(2016, 7, 4), date(2017, 12, 25)]
    days = sorted({*AMERICAN[:300], *AMERICAN[340:], *extra})
    kept = kept_by(days, "12345", suffix)
    assert kept is not None
    assert kept.exchange == NEW_YORK
    assert set(extra) <= kept.closed


def test_no_exchange_is_guessed() -> None:
    span = [date(2015, 1, 1) + timedelta(days=n) for n in range(2500)]
    currency = [d for d in span if d.weekday() < 5 and (d.month, d.day) not in ((1, 1), (12, 25))]
    assert kept_by(currency, "12345") is None
    assert kept_by(AMERICAN[:40], "12345") is None
    odd = [d for d in span if d.weekday() < 5 and d.day not in (11, 23)]
    assert kept_by(odd, "12345") is None


def test_early_closes_of_new_york() -> None:
    found, session = early_closes(NEW_YORK, date(2018, 1, 1), date(2018, 12, 31))
    assert found == {
        date(2018, 7, 3): timedelta(hours=3),
        date(2018, 11, 23): timedelta(hours=3),
        date(2018, 12, 24): timedelta(hours=3),
    }
    assert session == timedelta(hours=6.5)
