"""Secrets in logs, configurations, sources and notebooks; never shown themselves."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.security.secret_in_file import secret_in_file
from ml_debugger.artifacts import LogText, SearchedText
from ml_debugger.contract import Evidence, Measurement, NotMeasured, Settings, Status
from ml_debugger.readers import searching
from ml_debugger.readers.opening import open_whole
from ml_debugger.runtime.judge import judge as judged
from ml_debugger.runtime.plan import Task
from ml_debugger.testing.plant import faults

Write = Callable[[str, str | bytes], Path]
KEY = "5ed7e70cad19461922995d84016e51c6b36d6f3c"
LINE = f"WANDB_API_KEY={KEY}"


def search(file: Path) -> SearchedText | None:
    found = open_whole(file, file.name, named=True)
    return next((one for one in found if isinstance(one, SearchedText)), None)


def judge(text: SearchedText) -> Status:
    outcome = secret_in_file.run((text,), Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in secret_in_file.limits}
    return max(
        (limits[name].judge(value) for name, value in outcome.values.items()),
        key=lambda status: status.gravity,
    )


def test_the_clean_twin_passes(twin: Path) -> None:
    texts = [search(file) for file in sorted(twin.rglob("*")) if file.is_file()]
    found = [text for text in texts if text is not None]
    assert len(found) > 10
    assert {judge(text) for text in found} == {Status.PASS}


def test_the_planted_key_fails(twin: Path) -> None:
    faults()["secret-in-file"].plant(twin, np.random.default_rng(2))
    text = search(twin / "runs" / "gru" / "train.log")
    assert text is not None
    assert judge(text) is Status.FAIL


NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "source": ["import pandas as pd\n", "print(1)\n"],
            "outputs": [{"output_type": "stream", "text": ["connecting\n", f"{LINE}\n"]}],
        }
    ],
    "nbformat": 4,
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.log", f"2025-01-01 12:00:00 start\n{LINE}\n"),
        ("config.yaml", f"lr: 0.001\nwandb:\nwandb_api_key: {KEY}\n"),
        ("train.py", f"import torch\nwandb.login(key='{KEY}')\n"),
        ("run.sh", f"export {LINE}\npython train.py\n"),
        ("n.ipynb", json.dumps(NOTEBOOK)),
        ("n.ipynb", json.dumps(NOTEBOOK, indent=1)),
        ("notes.txt", f"{LINE}"),
        ("train.log.gz", gzip.compress(f"2025-01-01 12:00:00 start\n{LINE}\n".encode(), mtime=0)),
        ("train.log", f"2025-01-01 12:00:00 start\n{LINE}\n".encode("utf-16")),
    ],
)
def test_all_kinds_of_text_are_searched(name: str, content: str | bytes, write: Write) -> None:
    text = search(write(name, content))
    assert text is not None
    assert judge(text) is Status.FAIL
    outcome = secret_in_file.run((text,), Settings({}))
    assert KEY not in repr(text) + repr(outcome)
    assert isinstance(outcome, Measurement)
    assert outcome.evidence[0].value == "5ed7*** (40 characters)"


def test_lines_are_counted_across_chunks(write: Write) -> None:
    filler = "x" * 99 + "\n"
    text = search(write("long.log", filler * 30_000 + f"{LINE}\n" + filler * 30_000 + LINE))
    assert text is not None
    (spot,) = text.spots
    assert (spot.line, spot.count) == (30_001, 2)


@pytest.mark.parametrize("place", range((1 << 20) - 60, (1 << 20) + 10, 7))
def test_a_secret_across_two_chunks_is_found_once(place: int, write: Write) -> None:
    text = search(write("one-line.log", "x " * (place // 2) + LINE + " x" * (1 << 19)))
    assert text is not None
    assert [(spot.line, spot.count) for spot in text.spots] == [(1, 1)]


def test_a_part_of_a_file_is_no_pass(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MAX_BYTES", 1 << 20)
    file = write("long.log", "2025-01-01 12:00:00 step\n" * 100_000)
    text = search(file)
    assert text is not None
    assert judge(text) is Status.SKIP


def test_files_for_secrets_are_judged_by_their_permissions(write: Write) -> None:
    text = search(write(".env", LINE))
    assert text is not None
    assert text.meant
    assert judge(text) is Status.PASS


def test_tables_and_models_are_not_searched(twin: Path) -> None:
    for file in (twin / "data" / "prices.parquet", *twin.glob("runs/tcn/checkpoints/*")):
        assert search(file) is None


def test_no_result_quotes_a_secret() -> None:
    quoted = f"calls os.environ.update({LINE})"

    def measure() -> Measurement:
        return Measurement(
            quoted, {"known_secrets": 1.0}, (Evidence("tail", quoted, None, f"after {LINE}"),)
        )

    task = Task(secret_in_file, "a.log", "a.log", (LogText("a.log", "a.log", "text", 1),))
    results = [
        judged(task, measure, {}),
        judged(task, lambda: NotMeasured(quoted), {}),
        judged(replace(task, missing=quoted), measure, {}),
    ]
    assert [result.status for result in results] == [Status.FAIL, Status.SKIP, Status.SKIP]
    assert not any(KEY in json.dumps(result.to_dict()) for result in results)
    assert "5ed7*** (40 characters)" in results[0].title
