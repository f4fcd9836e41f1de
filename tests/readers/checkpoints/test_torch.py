"""Files that torch itself wrote are read as torch reads them, and every cut is noticed."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint
from ml_debugger.readers.opening import open_file

torch = pytest.importorskip("torch")

Read = Callable[[Path], Checkpoint]

STATE = {
    "epoch": 7,
    "global_step": 350,
    "state_dict": {
        "net.weight": torch.arange(12, dtype=torch.float32).reshape(3, 4),
        "net.bias": torch.zeros(3, dtype=torch.bfloat16),
        "steps": torch.tensor(5, dtype=torch.int64),
    },
    "optimizer": {"lr": 1e-3, "momenta": [torch.ones(2, 2, dtype=torch.float64)]},
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("torch")
    torch.save(STATE, folder / "zip.pt")
    torch.save(STATE, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    return {name: (folder / f"{name}.pt").read_bytes() for name in ("zip", "legacy")}


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_sees_the_tensors_that_torch_loads(
    form: str, saved: dict[str, bytes], tmp_path: Path, read: Read
) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(saved[form])
    loaded = torch.load(file, weights_only=True)

    checkpoint = read(file)

    assert checkpoint.format == f"torch-{form}"
    assert checkpoint.problem is None
    assert (checkpoint.epoch, checkpoint.step) == (7, 350)
    expected = {f"state_dict.{k}": v for k, v in loaded["state_dict"].items()}
    expected["optimizer.momenta.0"] = loaded["optimizer"]["momenta"][0]
    seen = {tensor.name: (f"torch.{tensor.dtype}", tensor.shape) for tensor in checkpoint.tensors}
    assert seen == {name: (str(t.dtype), tuple(t.shape)) for name, t in expected.items()}
    assert checkpoint.details["keys"].split("\n") == list(loaded)


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_modules_and_parameters_are_seen(form: str, tmp_path: Path, read: Read) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    file = tmp_path / "whole.pth"
    torch.save(model, file, _use_new_zipfile_serialization=form == "zip")

    checkpoint = read(file)

    assert checkpoint.problem is None
    assert {tensor.name for tensor in checkpoint.tensors} == set(model.state_dict())
    assert "torch.nn.modules.linear.Linear" in checkpoint.details["globals"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), form=st.sampled_from(["zip", "legacy"]))
def test_every_truncation_is_noticed(
    data: st.DataObject, form: str, saved: dict[str, bytes], tmp_path: Path, read: Read
) -> None:
    whole = saved[form]
    file = tmp_path / "cut.pt"
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert read(file).problem is not None


def test_a_flipped_byte_in_the_values_is_noticed(
    saved: dict[str, bytes], tmp_path: Path, read: Read
) -> None:
    file = tmp_path / "flipped.ckpt"
    file.write_bytes(saved["zip"])
    with zipfile.ZipFile(file) as archive:
        member = next(m for m in archive.infolist() if m.filename.endswith("data/0"))
    content = bytearray(saved["zip"])
    content[content.index(struct.pack("<f", 11.0))] ^= 0xFF
    file.write_bytes(content)
    problem = read(file).problem
    assert problem is not None
    assert member.filename in problem


def test_checksums_that_were_never_written_accuse_nobody(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "plain.pt"
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(STATE, file)
    finally:
        torch.serialization.set_crc32_options(True)
    checkpoint = read(file)
    assert checkpoint.problem is None
    assert checkpoint.details["checksums"] == "not compared"


def test_a_missing_storage_is_named(saved: dict[str, bytes], tmp_path: Path, read: Read) -> None:
    whole, file = tmp_path / "whole.pt", tmp_path / "less.pt"
    whole.write_bytes(saved["zip"])
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(file, "w") as target:
        for member in source.infolist():
            if not member.filename.endswith("data/1"):
                target.writestr(member.filename, source.read(member))
    assert "values are missing" in (read(file).problem or "")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_of_checkpoints_is_no_broken_checkpoint(tmp_path: Path, method: int) -> None:
    torch.save({"w": torch.ones(4)}, tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "models.zip", "w", method) as archive:
        archive.write(tmp_path / "whole.pt", "whole.pt")
    found = open_file(tmp_path / "models.zip", "models.zip", named=False)
    assert all(a.problem is None for a in found if isinstance(a, Checkpoint))
