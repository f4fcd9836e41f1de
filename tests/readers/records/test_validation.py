"""Validation records: the engine's form and the forms that people write."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import Split, ValidationRecord
from ml_debugger.readers.head import Head, read_head
from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.records import READERS
from ml_debugger.readers.records.validation import READER

Write = Callable[[str, str | bytes], Path]


def head_of(write: Write, content: Any, name: str = "some.json") -> Head:
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    file = write(name, text)
    return read_head(file, name)


def records(head: Head) -> list[ValidationRecord]:
    kind = READER.recognise(head)
    assert kind is not None
    return [a for a in READER.read(head, kind).artifacts if isinstance(a, ValidationRecord)]


def splits(head: Head) -> list[Split]:
    kind = READER.recognise(head)
    assert kind is not None
    return [a for a in READER.read(head, kind).artifacts if isinstance(a, Split)]


ENGINE = {
    "schema": "ml-debugger/validation/1",
    "model": "xgboost",
    "horizon": 5,
    "mode": "anchored",
    "purge": 5,
    "embargo": 5,
    "lookback": 0,
    "folds": [
        {
            "fold": 0,
            "train": {"start": "2020-01-02", "end": "2021-01-04", "rows": 3000},
            "validation": {"start": "2021-01-19", "end": "2021-04-01", "rows": 600},
            "test": {"start": "2021-04-16", "end": "2021-07-01", "rows": 610},
            "train_accuracy": 0.58,
            "validation_accuracy": 0.55,
            "test_accuracy": 0.52,
            "baseline_accuracy": 0.53,
            "wfe": 40.0,
        }
    ],
    "train_accuracy": 0.58,
    "validation_accuracy": 0.55,
    "test_accuracy": 0.52,
    "wfe": 40.0,
    "trained_through": "2021-07-01",
}


def test_reads_the_engines_record_and_its_split(write: Write) -> None:
    head = head_of(write, ENGINE)
    (record,) = records(head)
    assert (record.model, record.horizon, record.wfe, record.test_rows) == ("xgboost", 5, 40.0, 610)
    assert record.trained_through == date(2021, 7, 1)
    assert record.folds[0].test_accuracy == 0.52
    (split,) = splits(head)
    assert [w.part for w in split.windows] == ["train", "validation", "test"]
    assert (split.purge, split.horizon, split.windows[0].end) == (5, 5, date(2021, 1, 4))


def test_undefined_efficiency_is_not_a_recorded_one(write: Write) -> None:
    (record,) = records(head_of(write, ENGINE | {"wfe": None}))
    assert record.wfe is None
    assert not record.wfe_recorded


@pytest.mark.parametrize(
    "content",
    [
        {"val_dir_acc": 0.55, "test_dir_acc": 0.52, "wfe": 94.5},
        {"metrics": {"val_dir_acc": 0.55, "test_dir_acc": 0.52, "wfe": 94.5}},
        {"valDirAcc": 55.0, "testDirAcc": "52%", "WFE": 0.945},
        {
            "validation": {"directional_accuracy": 0.55},
            "test": {"directional_accuracy": 0.52},
            "wfe_pct": 94.5,
        },
        {"results": [{"symbol": "AAPL", "val_accuracy": 0.55, "test_accuracy": 0.52, "wfe": 94.5}]},
        {"AAPL": {"lstm": {"val_dir_acc": 0.55, "holdout_dir_acc": 0.52, "wfe": 94.5}}},
    ],
)
def test_reads_free_forms(write: Write, content: Any) -> None:
    (record,) = records(head_of(write, content))
    assert record.validation_accuracy == pytest.approx(0.55)
    assert record.test_accuracy == pytest.approx(0.52)
    assert record.wfe == pytest.approx(94.5)
    assert record.wfe_recorded


def test_one_record_for_each_symbol(write: Write) -> None:
    content = {s: {"val_dir_acc": 0.54, "test_dir_acc": 0.53} for s in ("AAPL", "XOM")}
    found = records(head_of(write, content))
    assert [record.subject for record in found] == ["some.json [AAPL]", "some.json [XOM]"]


def test_share_and_percent_of_the_efficiency_are_told_apart_by_the_accuracies(write: Write) -> None:
    right = {"val_dir_acc": 0.55, "test_dir_acc": 0.5006}
    (as_percent,) = records(head_of(write, right | {"wfe": 1.2}, "a.json"))
    (as_share,) = records(head_of(write, right | {"wfe": 0.012}, "b.json"))
    assert as_percent.wfe == pytest.approx(1.2)
    assert as_share.wfe == pytest.approx(1.2)


@pytest.mark.parametrize(
    "windows",
    [
        {
            "train_start": "2019-01-01",
            "train_end": "2020-12-31",
            "test_start": "2021-01-04",
            "test_end": "2021-06-30",
        },
        {"train": ["2019-01-01", "2020-12-31"], "test": ["2021-01-04", "2021-06-30"]},
        {"train_period": "2019-01-01 to 2020-12-31", "test_period": "2021-01-04 to 2021-06-30"},
        {
            "train": {"from": "20190101", "to": "20201231"},
            "test": {"from": "2021/01/04", "to": "2021/06/30"},
        },
        {
            "train": {"start": 1546300800, "end": 1609372800000},
            "test": {"start": "2021-01-04T00:00:00Z", "end": "2021-06-30"},
        },
    ],
)
def test_reads_windows_as_people_write_them(write: Write, windows: Any) -> None:
    fold = {"val_dir_acc": 0.55, "test_dir_acc": 0.52, **windows}
    (split,) = splits(head_of(write, {"horizon": 5, "folds": [fold]}))
    train, test = split.windows
    assert (train.start, train.end) == (date(2019, 1, 1), date(2020, 12, 31))
    assert (test.start, test.end) == (date(2021, 1, 4), date(2021, 6, 30))


@pytest.mark.parametrize(
    "content",
    [
        {"log_history": [{"loss": 1.0, "step": 1}], "global_step": 5},
        {"learner": {"attributes": {}, "gradient_booster": {}}, "version": [3, 0, 0]},
        {"config": {"val_dir_acc": 0.55, "test_dir_acc": 0.52}},
        {"thresholds": {"wfe": 50, "val_accuracy": 0.55}},
        {"wfe_threshold": 40, "skip_wfe_check": False},
        {"val_accuracy": 0.98, "test_accuracy": 0.97, "classes": 10},
        {"val_loss": [1.0, 0.9], "loss": [1.1, 1.0]},
        [1, 2, 3],
        '{"val_dir_acc": 0.5, "test_dir_acc": 0.5}\n{"val_dir_acc": 0.5, "test_dir_acc": 0.5}\n',
        "val_dir_acc: 0.55, test_dir_acc: 0.52",
        {"schema": "ml-debugger/backtest/1", "val_dir_acc": 0.55, "test_dir_acc": 0.52},
    ],
)
def test_leaves_other_documents_alone(write: Write, content: Any) -> None:
    assert READER.recognise(head_of(write, content)) is None


def test_a_half_written_record_is_unreadable_with_its_line(write: Write) -> None:
    text = json.dumps(ENGINE, indent=1)
    head = head_of(write, text[: len(text) * 2 // 3])
    assert READER.recognise(head) == "validation-record"
    with pytest.raises(Unreadable) as caught:
        READER.read(head, "validation-record")
    assert caught.value.line is not None
    assert caught.value.line > 10


def test_not_a_number_as_python_writes_it_is_read(write: Write) -> None:
    text = '{"val_dir_acc": 0.55, "test_dir_acc": NaN, "wfe": -Infinity, "train_dir_acc": 0.6}'
    (record,) = records(head_of(write, text))
    assert record.test_accuracy is None
    assert record.wfe is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "val_dir_acc",
                    "test_dir_acc",
                    "wfe",
                    "folds",
                    "train",
                    "test",
                    "start",
                    "end",
                    "AAPL",
                    "metrics",
                    "sharpe",
                    "total_return",
                    "max_drawdown",
                    "equity",
                    "trades",
                    "window",
                    "max_long",
                    "max_short",
                    "win_rate",
                    "schema",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(document=json_values, cut=st.integers(min_value=0, max_value=400))
def test_no_document_breaks_the_readers(
    tmp_path_factory: pytest.TempPathFactory, document: Any, cut: int
) -> None:
    file = tmp_path_factory.mktemp("record") / "any.json"
    text = json.dumps(document)
    for content in (text, text[:cut]):
        file.write_text(content, encoding="utf-8")
        head = read_head(file, "any.json")
        for reader in READERS:
            kind = reader.recognise(head)
            if kind is not None:
                try:
                    reader.read(head, kind)
                except Unreadable as error:
                    assert error.problem  # noqa: PT017  either outcome is allowed
