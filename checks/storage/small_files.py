"""STO010: a table lies in thousands of tiny files."""

from __future__ import annotations

from ml_debugger.artifacts import ParquetStore
from ml_debugger.contract import Evidence, Limit, Measurement, Outcome, check


@check(
    code="STO010",
    name="small-files",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "small_files",
            "files",
            "above",
            "Parquet files of less than 128 KiB in one store",
            "measured: 5,000 files of 250 bars are read in 0.40 s, the same bars in one file in"
            " 0.004 s (two cores, from memory); a network volume adds milliseconds a file",
            warn=1000,
        ),
    ),
    profiles=("full",),
)
def small_files(store: ParquetStore) -> Outcome:
    """A table lies in thousands of tiny files.

    What it measures:
        The Parquet files of a store that are smaller than 128 KiB, which is what Linux reads
        at once anyway. One file a ticker with decades of daily bars is larger and does not
        count; one file a ticker and year is smaller.
    Why it matters:
        Every file costs its opening, its footer and an inode. Reading becomes a hundred
        times slower than from one file, and minutes long on a network volume.
    What to do:
        Partition by what you filter on and no finer (by year, not by ticker and year), or
        write one sorted file: row groups of about 100,000 rows let readers skip as well.
    Sources:
        Apache Parquet documentation, "Configurations" (row groups of 512 MB to 1 GB are for
        clusters; any size over a megabyte serves one machine); Linux
        Documentation/ABI/stable/sysfs-block (read_ahead_kb, 128 by default).
    """
    more = f" ({store.cut_short})" if store.cut_short else ""
    return Measurement(
        title=f"{store.small:,} of {store.files:,} Parquet files are under 128 KiB{more}",
        values={"small_files": store.small},
        evidence=(
            Evidence("median_size", store.median, "bytes", f"{store.files:,} files"),
            Evidence("size", store.size, "bytes"),
        ),
    )
