"""The text of logs: what is collected while it streams, and which files are logs at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Artifact, LogText, Passage, TrainingRun
from ml_debugger.readers.opening import open_file
from ml_debugger.readers.training.passages import Passages
from ml_debugger.readers.training.time_stamps import stamp_of

RAISED = (
    "Traceback (most recent call last):\n"
    '  File "/home/ann/train.py", line 9, in main\n    fit(x)\n'
    "KeyError: 'close'\n"
)
BLOCKS = (
    "Epoch 3/10 - loss: 0.31\n", "\n", "2025-01-02 03:04:05,678 - INFO - saved\n", RAISED,
    "2025-01-02 03:04:06,678 - ERROR - no prices for AAPL\n", "Killed\n",
    "\r 10%|#   | 1/10 [00:01<00:09,  1.0it/s]\r 20%|##  | 2/10 [00:02<00:08,  1.0it/s]\n",
    "[rank1]: Traceback (most recent call last):\n[rank1]:   File \"a.py\", line 3, in f\n"
    "[rank1]: ValueError: x\n",
    "val_error: 0.125\n", "terminate called after throwing an instance of 'std::bad_alloc'\n"
    "  what():  std::bad_alloc\n",
)  # fmt: skip


def collected(*pieces: str) -> tuple[tuple[Passage, ...], list[tuple[int, str]], int]:
    passages = Passages()
    for piece in pieces:
        passages.take(piece)
    found = passages.finish()
    return found, passages.tail(), passages.lines


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_pieces_do_not_matter(data: st.DataObject) -> None:
    text = "".join(data.draw(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert collected(*pieces) == collected(text)
    assert collected(text)[2] == text.count("\n")


@settings(max_examples=100, deadline=None)
@given(
    text=st.text(st.sampled_from("ab:\n\r \t|%'\"[]0TraceError\x1b\b")), again=st.integers(1, 40)
)
def test_any_text_is_taken(text: str, again: int) -> None:
    found, tail, _ = collected(*([text, RAISED] * again))
    assert sum(passage.count for passage in found) >= 1 or not text
    assert len(tail) <= 120


def test_equal_passages_are_counted_once() -> None:
    found, _, lines = collected(("line\n" * 10 + RAISED.replace("line 9", "line 11")) * 5 + RAISED)
    (one,) = found
    assert (one.count, one.line, one.last, lines) == (6, 11, 74, 74)


def test_a_traceback_has_no_prefixes_and_no_foreign_lines() -> None:
    text = "".join(f"[rank{n % 2}]: {line}\n" for line in RAISED.splitlines() for n in range(2))
    found, _, _ = collected(text)
    assert {passage.rank for passage in found} == {0, 1}
    assert all(passage.lines == tuple(RAISED.splitlines()) for passage in found)


def test_a_bar_of_megabytes_is_bounded_and_a_crash_behind_it_is_seen() -> None:
    bar = "".join(f"\r{n % 100}%|##| {n}/90000 [00:10<01:00, 23.1it/s]" for n in range(60_000))
    found, tail, lines = collected(*(bar[at : at + 100_000] for at in range(0, len(bar), 100_000)),
                                   "\n" + RAISED)  # fmt: skip
    assert [passage.kind for passage in found] == ["traceback"]
    assert lines == 5
    assert tail[0][1].startswith("99%|##| 59999/90000")


def test_the_end_and_the_times() -> None:
    text = "".join(f"2025-01-02 03:{n:02d}:00,000 - INFO - epoch {n} done\n" for n in range(50))
    passages = Passages()
    passages.take(text + "2025-01-02 09:00:00,000 - INFO - late\n2025-01-02 09:01")
    passages.finish()
    assert not passages.complete
    assert passages.times.first == datetime(2025, 1, 2, 3, 0)
    assert passages.times.pauses[0].seconds == pytest.approx(5 * 3600 + 11 * 60)
    assert passages.times.pauses[0].line == 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-02T03:04:05Z x", datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("[2025-01-02 03:04:05,250] x", datetime(2025, 1, 2, 3, 4, 5, 250_000)),
        ("2025/01/02 03:04:05.5 x", datetime(2025, 1, 2, 3, 4, 5, 500_000)),
        ("2025-01-02T05:04:05+02:00 x", datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("01/02/2025 03:04:05 - INFO", datetime(2025, 1, 2, 3, 4, 5)),
        ("[01/02 03:04:05 d2.utils]: x", datetime(1904, 1, 2, 3, 4, 5)),
        ("Jan  2 03:04:05 host kernel: x", datetime(1904, 1, 2, 3, 4, 5)),
        ("2025-13-02 03:04:05 x", None),
        ("epoch 3: 0.12", None),
    ],
)
def test_time_stamps(text: str, expected: datetime | None) -> None:
    assert stamp_of(text) == expected


LOGS = {
    "slurm.err": "Loading python/3.11\n" + RAISED,
    "app.log": "2025-01-02 03:04:05 [INFO] start\n2025-01-02 03:04:06 [INFO] loaded 5 rows\n"
    "2025-01-02 03:04:07 [ERROR] no prices\n",
    "bars.err": "\r 10%|#   | 1/10 [00:01<00:09,  1.0it/s]\r100%|####| 10/10 [00:02<00:00,  "
    "1.0it/s]\n",
    "job.out": "hello\nworld\nKilled\n",
    "journal.txt": "Jan  2 03:04:05 box systemd[1]: Started train.\n" * 3,
    "late.log": "loading shard\n" * 9_000 + RAISED,
    "chinese.log": "2025-08-03 16:08:20,665 [INFO] - 系统启动 请稍等\n" * 4,
}
NO_LOGS = {
    "README.md": "# Help\n\nIf you see this:\n\n```\n" + RAISED + "```\n\nthen lower the batch.\n",
    "notes.txt": "To the team: yesterday the training ended, and this is what it said to me.\n"
    "I think that the loader is to blame, because it has no such key in the table.\n" + RAISED
    + "Please look at the file and tell me if we have to fetch the prices again.\n"
    "It is not urgent, but the run of tonight is going to fail in the same way.\n" * 4,
    "script.py": "import sys\ntry:\n    run()\nexcept KeyError:\n    print('Traceback')\n",
    "code.txt": "import sys\nfrom x import y\ndef run():\n    raise KeyError('a')\nclass A:\n    "
    "pass\n",
    "errors.txt": "An error is not a failure. The word error, as it is used in this document, is "
    "the\n"
    "distance of a forecast to the truth, and that is to be kept apart from a crash.\n" * 5,
    "prices.csv": "2025-01-02 03:04:05,1.0,2.0\n2025-01-02 03:05:05,1.1,2.1\n" * 5,
    "table.txt": "2025-01-02 03:04:05\t1.0\t2.0\n2025-01-02 03:05:05\t1.1\t2.1\n" * 5,
    "page.html": "<html><body>" + RAISED + "</body></html>",
    "run.sh": "#!/bin/sh\nset -e\necho killed\nKilled\n",
}  # fmt: skip


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[str, str], list[Artifact]]:
    def open_text(name: str, text: str) -> list[Artifact]:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return list(open_file(tmp_path / name, name, named=True))

    return open_text


@pytest.mark.parametrize("name", LOGS)
def test_logs_are_known_by_what_they_say(
    name: str, opened: Callable[[str, str], list[Artifact]]
) -> None:
    assert any(isinstance(a, LogText) for a in opened(name, LOGS[name]))


@pytest.mark.parametrize("name", NO_LOGS)
def test_documents_code_and_tables_are_no_logs(
    name: str, opened: Callable[[str, str], list[Artifact]]
) -> None:
    assert not any(isinstance(a, LogText) for a in opened(name, NO_LOGS[name]))


def test_a_training_log_is_read_as_both(opened: Callable[[str, str], list[Artifact]]) -> None:
    text = "".join(f"Epoch {n}/9 - loss: {1 / n:.3f}\n" for n in range(1, 6)) + RAISED
    found = opened("train.log", text)
    assert any(isinstance(a, TrainingRun) for a in found)
    (log,) = [a for a in found if isinstance(a, LogText)]
    assert (log.lines, log.passages[0].line, log.passages[0].last) == (9, 6, 9)
    assert log.written is not None


def test_errors_in_a_table_of_runs(opened: Callable[[str, str], list[Artifact]]) -> None:
    text = (
        "algo,seed,status,reason\nppo,0,ok,\n"
        'ppo,1,error,"OutOfMemoryError: CUDA out of memory. Tried to allocate 64.00 MiB.\nmore"\n'
        'ppo,2,error,"OutOfMemoryError: CUDA out of memory. Tried to allocate 32.00 MiB.\nmore"\n'
        "ppo,3,ok,OutOfMemoryError: retried\n"
    )
    (log,) = [a for a in opened("summary.csv", text) if isinstance(a, LogText)]
    (passage,) = log.passages
    assert (passage.count, passage.line, passage.ended) == (2, 3, True)
    assert log.details == {"runs": "4", "failed_runs": "2"}
