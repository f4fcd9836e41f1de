import os
from pathlib import Path

from ml_debugger.workspace import discovery
from ml_debugger.workspace.discovery import discover


def shown(found) -> list[str]:
    return [item.shown for item in found.found]


def test_a_folder_is_walked_in_order_and_hidden_things_are_passed_over(tmp_path, write) -> None:
    for name in ("b.csv", "a/x.csv", ".git/config", "__pycache__/m.pyc", ".hidden"):
        write(name, "x")
    assert shown(discover([tmp_path], relative_to=tmp_path)) == ["a/x.csv", "b.csv"]


def test_names_are_as_the_user_named_them(tmp_path, write, monkeypatch) -> None:
    write("data/x.csv", "x")
    monkeypatch.chdir(tmp_path)
    assert shown(discover([Path("data")])) == ["data/x.csv"]
    assert shown(discover([Path("data/x.csv")])) == ["data/x.csv"]


def test_a_loop_of_links_ends(tmp_path, write) -> None:
    write("data/x.csv", "x")
    (tmp_path / "data" / "loop").symlink_to(tmp_path)
    assert shown(discover([tmp_path], relative_to=tmp_path)) == ["data/x.csv"]


def test_a_fifo_is_left_out_with_the_reason_and_never_opened(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = discover([tmp_path], relative_to=tmp_path)
    assert found.found == []
    assert found.left_out == [("pipe", "is a FIFO, not a file", False)]


def test_a_broken_link_is_left_out_with_the_reason(tmp_path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    ((name, reason, _),) = discover([tmp_path], relative_to=tmp_path).left_out
    assert (name, reason) == ("gone", "No such file or directory")


def test_the_number_of_files_is_bounded_and_that_is_said(tmp_path, write, monkeypatch) -> None:
    monkeypatch.setattr(discovery, "MAX_FILES", 3)
    for number in range(5):
        write(f"{number}.csv", "x")
    found = discover([tmp_path])
    assert len(found.found) == 3
    assert found.truncated == "stopped after 3 files"


def test_too_deep_folders_are_left_out_with_the_reason(tmp_path, write, monkeypatch) -> None:
    monkeypatch.setattr(discovery, "MAX_DEPTH", 1)
    write("a/b/c.csv", "x")
    found = discover([tmp_path], relative_to=tmp_path)
    assert found.found == []
    assert found.left_out[0][:2] == ("a/b", "deeper than 1 folders")


def test_patterns_are_ignored(tmp_path, write) -> None:
    write("archive/x.csv", "x")
    write("y.tmp", "x")
    assert discover([tmp_path], ignore=["archive", "*.tmp"]).found == []


def test_a_partitioned_table_and_an_mlflow_run_are_one_artifact_each(tmp_path, write) -> None:
    write("prices/year=2020/ticker=AAPL/part-0.parquet", "x")
    write("prices/_SUCCESS", "")
    write("run/meta.yaml", "x")
    write("run/metrics/loss", "x")
    found = discover([tmp_path], relative_to=tmp_path)
    assert [(item.shown, item.is_folder) for item in found.found] == [
        ("prices", True),
        ("run", True),
    ]


def test_one_name_with_an_equal_sign_makes_no_partitioned_table(tmp_path, write) -> None:
    write("checkpoints/epoch=01.ckpt", "x")
    write("checkpoints/epoch=02.ckpt", "x")
    assert not any(item.is_folder for item in discover([tmp_path]).found)
