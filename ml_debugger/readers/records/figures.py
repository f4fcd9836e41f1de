"""Reported figures: keys under one spelling, numbers out of what people write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

PLANS = frozenset(
    {
        "args",
        "argument",
        "arguments",
        "best_params",
        "config",
        "configuration",
        "expect",
        "expected",
        "gate",
        "gates",
        "goals",
        "hyperparameters",
        "limits",
        "options",
        "parameters",
        "params",
        "requirements",
        "risk_limits",
        "settings",
        "target",
        "targets",
        "thresholds",
    }
)
"""Keys under which figures are wishes or settings, not results."""


def plain(key: str) -> str:
    """A key in lower case with single underscores: `Max. Drawdown [%]` is `max_drawdown`.

    >>> plain("Max. Drawdown [%]"), plain("valDirAcc"), plain("Sharpe Ratio")
    ('max_drawdown', 'val_dir_acc', 'sharpe_ratio')
    """
    key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    return re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")


_PERCENT_KEY = re.compile(r"%|_pct\b|_percent(age)?\b|_pct_|\bpct_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written: its value, its original key, and whether it says it is percent."""

    value: float
    key: str
    percent: bool


def figures(node: Mapping[str, Any]) -> dict[str, Figure]:
    """The finite numbers of an object by plain key, without percent endings; first one wins."""
    found: dict[str, Figure] = {}
    for key, value in node.items():
        figure = _figure(str(key), value)
        if figure is not None:
            name = re.sub(r"_(pct|percent|percentage)$", "", plain(str(key)))
            found.setdefault(name, figure)
    return found


def _figure(key: str, value: Any) -> Figure | None:
    percent = bool(_PERCENT_KEY.search(key))
    if isinstance(value, str):
        match = re.fullmatch(
            r"\s*([+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%?)\s*", value
        )
        if match is None:
            return None
        value, percent = float(match[1].replace(",", "")), percent or bool(match[2])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return Figure(number, key, percent) if math.isfinite(number) else None


def first(found: Mapping[str, Figure], names: Iterable[str]) -> Figure | None:
    """The first of the named figures that is there."""
    return next((found[name] for name in names if name in found), None)


def share(figure: Figure | None) -> float | None:
    """A rate as a share in [0, 1]: 53.1 and "53.1 %" are 0.531; None where it is no rate."""
    if figure is None:
        return None
    value = figure.value / 100 if figure.percent or figure.value > 1 else figure.value
    return value if 0 <= value <= 1 else None


def whole(figure: Figure | None) -> int | None:
    """A count; None where the number is not whole or negative."""
    if figure is None or figure.value < 0 or figure.value != int(figure.value):
        return None
    return int(figure.value)


def text(node: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """The first of the named entries that is a non-empty string."""
    spelled = {plain(str(key)): value for key, value in node.items()}
    for name in names:
        value = spelled.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def moment(value: Any) -> date | datetime | None:
    """A date or time as people write it in JSON; midnight counts as the date.

    Epoch seconds, milliseconds, microseconds and nanoseconds are told apart by size.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _epoch(float(value))
    if not isinstance(value, str):
        return None
    written = value.strip().replace("/", "-")
    if re.fullmatch(r"\d{8}", written):
        written = f"{written[:4]}-{written[4:6]}-{written[6:]}"
    try:
        read = datetime.fromisoformat(written.replace("Z", "+00:00"))
    except ValueError:
        return None
    if read.tzinfo is not None:
        read = (read - (read.utcoffset() or read - read)).replace(tzinfo=None)
    return read.date() if read.time() == datetime.min.time() else read


def day(value: Any) -> date | None:
    """The date of a date or time."""
    read = moment(value)
    return read.date() if isinstance(read, datetime) else read


def _epoch(value: float) -> date | datetime | None:
    for unit in (1.0, 1e3, 1e6, 1e9):
        seconds = value / unit if math.isfinite(value) else -1.0
        # 1980 to 2100
        if 315_532_800 <= seconds <= 4_102_444_800:
            return moment(datetime.fromtimestamp(seconds, UTC).isoformat())
    return None
