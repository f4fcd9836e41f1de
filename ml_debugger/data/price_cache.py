"""Downloaded bars on disk: one Parquet file per ticker, written atomically."""

import hashlib
import re
from datetime import date
from pathlib import Path

import polars as pl

from ml_debugger.data.storage import replace_file

# Adjusted prices of one vendor repeat to the cent; a dividend of the usual size moves all of them
# by 0.1 % or more.
_SAME_PRICE = 1e-4
_START_KEY = "asked_from"


class PriceCache:
    """The folder of cached bars."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, ticker: str, start: date) -> pl.DataFrame | None:
        """Returns the cached bars, or None if there are none or they were asked from later on.

        A file that cannot be read counts as none: it is only a copy and is fetched again.
        """
        path = self._path(ticker)
        try:
            asked_from = pl.read_parquet_metadata(path).get(_START_KEY, "9999-12-31")
            bars = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
            return None
        return bars if date.fromisoformat(asked_from) <= start and len(bars) else None

    def extend(
        self, ticker: str, old: pl.DataFrame | None, new: pl.DataFrame, start: date
    ) -> pl.DataFrame:
        """Stores old bars up to the first new one, and the new ones; returns the whole."""
        if old is None:
            bars, asked_from = new, start
        else:
            bars = pl.concat([old.filter(pl.col("date") < new["date"][0]), new])
            metadata = pl.read_parquet_metadata(self._path(ticker))
            asked_from = date.fromisoformat(metadata[_START_KEY])
        replace_file(
            self._path(ticker),
            lambda temporary: bars.write_parquet(
                temporary, compression="zstd", metadata={_START_KEY: asked_from.isoformat()}
            ),
        )
        return bars

    @staticmethod
    def history_changed(old: pl.DataFrame, new: pl.DataFrame) -> bool:
        """Whether the new bars show that the old ones are no longer adjusted alike.

        True for a dividend or split after the last old bar, and for closes of a common date that
        differ, except on the last old date, whose bar may have been unfinished.
        """
        last = old["date"][-1]
        later = new.filter(pl.col("date") > last)
        if len(later.filter((pl.col("dividend") != 0) | (~pl.col("split").is_in([0.0, 1.0])))):
            return True
        common = old.filter(pl.col("date") < last).join(new, on="date", suffix="_new")
        moved = (common["close_new"] / common["close"] - 1).abs() > _SAME_PRICE
        return bool(moved.any())

    def _path(self, ticker: str) -> Path:
        # Tickers such as BRK/B or ^GSPC are no safe file names, and some systems ignore case.
        safe = re.sub(r"[^A-Za-z0-9.-]", "_", ticker)
        if safe != ticker or ticker != ticker.upper() or ticker.startswith("."):
            safe += "-" + hashlib.sha256(ticker.encode()).hexdigest()[:8]
        return self._folder / f"{safe}.parquet"
