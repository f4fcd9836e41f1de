"""How few rows a logged share can come from."""

from __future__ import annotations

from collections.abc import Sequence

_MOST_DECIMALS = 6


def least_rows(values: Sequence[float], most: int = 1000) -> int:
    """The least number of rows of which all shares are whole numbers; `most` if none below is.

    Shares of 0 and 1, in percent where any is above 1.5, say nothing; without others the answer
    is `most`. A share may be off by half a unit of the last decimal that the log writes, of which
    six are believed.
    """
    scale = 100.0 if max(values, default=0) > 1.5 else 1.0
    told = {value / scale for value in values if 0 < value / scale < 1}
    if not told:
        return most
    off = 0.6 * 10.0 ** -max(_decimals(share) for share in told)
    return next(
        (n for n in range(1, most)
         if all(abs(share * n - round(share * n)) < min(off * n, 0.05) for share in told)),
        most,
    )  # fmt: skip


def _decimals(share: float) -> int:
    return next(
        (n for n in range(1, _MOST_DECIMALS) if abs(share - round(share, n)) < 2e-7),
        _MOST_DECIMALS,
    )
