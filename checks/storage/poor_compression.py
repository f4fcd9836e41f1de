"""STO009: a store of Parquet files takes much more room than it needs."""

from __future__ import annotations

from ml_debugger.artifacts import ParquetStore
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)


@check(
    code="STO009",
    name="poor-compression",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "saving_share",
            "percent",
            "above",
            "bytes that the store would save if it were written anew with zstd",
            "the repair's own rule: a file is written anew from a fifth saved on",
            warn=20,
        ),
    ),
    settings=(
        Setting(
            "least_mib",
            "MiB",
            32,
            "a saving that is worth a person's time",
            "choice: a store that would save less is passed whatever its share",
        ),
    ),
    fix="recompress",
    profiles=("full",),
    deadline=30.0,
)
def poor_compression(store: ParquetStore, settings: Settings) -> Outcome:
    """A store of Parquet files takes much more room than it needs.

    What it measures:
        Up to six files of the store, chosen in proportion to their size: their first rows
        (8 MB before compression) are written in memory with zstd, level 9, and compared with
        what they take now. Files that would save less than a fifth count as saving nothing,
        as the repair leaves them. The sampling ends after about a second, so the figure is
        an estimate.
    Why it matters:
        Market data written without compression take three to five times the room; on a
        network volume they also take that much longer to read.
    What to do:
        `diagnostic fix STO009` shows the files and writes them anew with --apply, each one
        verified equal before it takes the old one's place. Set compression="zstd" where they
        are written: pandas and pyarrow use snappy, and some writers nothing.
    Sources:
        the project's record: a target of 70 to 80 percent less for uncompressed Parquet;
        facebook/zstd README (levels, speed); Apache Parquet format (codecs).
    """
    saving = store.saving()
    if not saving.sampled:
        return NotMeasured(saving.problem or "no file of it could be sampled")
    saved = saving.share * store.size
    counts = saved >= settings["least_mib"] * 2**20
    codecs = ", ".join(f"{name} {share:.0%}" for name, share in list(saving.codecs.items())[:3])
    title = (
        f"zstd would save {100 * saving.share:.0f} % of {_words(store.size)}, about {_words(saved)}"
    )
    if not counts:
        title = f"{_words(store.size)} of Parquet, too little to gain by writing it anew"
    evidence = [
        Evidence("size", store.size, "bytes", f"{store.files:,} files"),
        Evidence("codecs", codecs, None, f"{saving.sampled} files sampled"),
    ]
    if counts and saving.worst is not None:
        file, share = saving.worst
        evidence.append(Evidence("saves_most", round(100 * share), "percent", file))
    if saving.problem is not None:
        evidence.append(Evidence("not_read", saving.problem))
    return Measurement(
        title, {"saving_share": 100 * saving.share if counts else 0.0}, tuple(evidence)
    )


def _words(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
