"""How few rows a logged share can come from."""

from __future__ import annotations

from collections.abc import Sequence


def least_rows(values: Sequence[float], most: int = 1000) -> int:
    """The least number of rows of which all shares are whole numbers; `most` if none below is.

    Shares of 0 and 1, in percent where any is above 1.5, say nothing; without others the answer
    is `most`. A share may be off by half a thousandth, as logs round to three decimals, or by as
    much as chance would fit to one more of many rows.
    """
    scale = 100.0 if max(values, default=0) > 1.5 else 1.0
    shares = {value / scale for value in values}
    told = [share for share in shares if 0 < share < 1]
    if not told:
        return most
    return next((n for n in range(1, most) if all(_whole(share, n) for share in told)), most)


def _whole(share: float, rows: int) -> bool:
    return abs(share * rows - round(share * rows)) < min(5e-4 * rows, 0.05)
