"""Files that are named as checkpoints and are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.artifacts import Checkpoint, CheckpointIndex
from ml_debugger.readers.checkpoints import READERS, index
from ml_debugger.readers.checkpoints.misnamed import CLAIMS
from ml_debugger.readers.head import read_head

Read = Callable[[Path], Checkpoint]

HTML = b"\n\n<!DOCTYPE html>\n<html><body>Not Found</body></html>\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("suffix", CLAIMS)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HTML, "is an HTML page, not a model"),
        (POINTER, "is a Git LFS pointer"),
        (b"", "is empty"),
        (bytes(5000), "zero bytes"),
    ],
)
def test_what_it_is_instead_is_said(
    suffix: str, content: bytes, said: str, tmp_path: Path, read: Read
) -> None:
    file = tmp_path / f"model{suffix}"
    file.write_bytes(content)
    problem = read(file).problem
    assert problem is not None
    assert said in problem or "cut short" in problem


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".pkl"])
def test_text_and_images_are_named(suffix: str, tmp_path: Path, read: Read) -> None:
    file = tmp_path / f"model{suffix}"
    file.write_text("FAKE MODEL FILE\nnothing here\n")
    assert "is text, not a model" in (read(file).problem or "")
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert read(file).problem == "is a PNG image, not a model"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("distutils-precedence.pth", b"import os; var = 'SETUPTOOLS_USE_DISTUTILS'\n"),
        ("editable.pth", b"/home/me/project/src\n"),
        ("style.bst", b"ENTRY { address author } { } { label }\n"),
        ("words.model", b"hello world\n" * 50),
        ("pieces.model", b"\x0a\x0e\x0a\x05<unk>\x15" + bytes(range(200))),
    ],
)
def test_other_files_of_the_same_name_are_left_alone(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    head = read_head(tmp_path / name, name)
    assert [reader.name for reader in READERS if reader.recognise(head)] == []


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "ml-debugger/checkpoints/1", "checkpoints": [{"file": "fold-0.ubj", '
        '"role": "fold", "step": 41, "validation_loss": 0.5}]}',
        '{"keep": 3, "checkpoints": [{"file": "fold-0.ubj", "step": 41, "val_loss": 0.5}]}',
    ],
)
def test_an_index_is_read_in_both_forms(text: str, tmp_path: Path) -> None:
    file = tmp_path / "checkpoints.json"
    file.write_text(text)
    head = read_head(file, "run/checkpoints.json")
    kind = index.READER.recognise(head)
    assert kind == "checkpoint-index"
    (found,) = index.READER.read(head, kind).artifacts
    assert isinstance(found, CheckpointIndex)
    assert found.keep in (None, 3)
    assert (found.entries[0].file, found.entries[0].step, found.entries[0].val_loss) == (
        "fold-0.ubj",
        41,
        0.5,
    )
