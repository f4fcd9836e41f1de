"""Names that only an unfinished writing leaves."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts.leftovers import is_leftover


@pytest.mark.parametrize(
    "name",
    ["model.pt.tmp", "epoch_3.ckpt.part", "data.parquet.tmp.4711", "tmpab12cd34", "notes.txt~",
     ".model.pt.Xy12Ab", "features.parquet.crdownload", ".model.py.swp", "core.4711",
     "last.ckpt.incomplete"],
)  # fmt: skip
def test_leftovers(name: str) -> None:
    assert is_leftover(name)


@pytest.mark.parametrize(
    "name",
    ["model.pt", "temperature.csv", "partition.parquet", "template.yaml", "part-0001.parquet",
     "core.py", "tmp.py", "attempt_2.log", "department.csv",
     "best.pt.bak", ".config.yaml.backup", ".gitignore", "coredump_notes.md"],
)  # fmt: skip
def test_finished_files(name: str) -> None:
    assert not is_leftover(name)
