"""CKP001: a checkpoint or model file that cannot be opened."""

from __future__ import annotations

from ml_debugger.artifacts import Checkpoint
from ml_debugger.contract import Evidence, Limit, Measurement, Outcome, check


@check(
    code="CKP001",
    name="unreadable-checkpoint",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "problems",
            "problems",
            "above",
            "what keeps the file from being opened",
            "one is enough: no loader opens a file whose structure is broken",
            fail=0,
        ),
    ),
    explained_by=("disk-near-full", "no-space-left"),
    profiles=("quick", "pre-train", "full"),
    deadline=120.0,
)
def unreadable_checkpoint(checkpoint: Checkpoint) -> Outcome:
    """A checkpoint or model file cannot be opened.

    What it measures:
        Whether the structure of the file is whole: the directory and checksums of an archive,
        the places of tensors against the size of the file, the opcodes of a pickle to their
        end, the trees that a boosted model announces. Nothing is loaded or executed. A format
        that is old but whole, and a pickle that is dangerous but whole, are not judged here.
    Why it matters:
        A training that resumes from such a file, or a service that loads it, stops at its
        start. A save that was cut short by a full disk or a killed process looks like any
        other file in a listing, and rotation may already have removed the one before.
    What to do:
        Resume from the newest checkpoint that passes. If the file is a Git LFS pointer, fetch
        the content with `git lfs pull`. If it is a web page, download it again with the link
        of the raw file. If it was cut short, look at the free space of its volume, and write
        checkpoints to a temporary name that is renamed when it is complete.
    Sources:
        The formats' own specifications, named in the readers: torch/serialization.py of
        PyTorch 2.13, the README of huggingface/safetensors, doc/model.schema of dmlc/xgboost,
        the HDF5 File Format Specification 3.0, onnx/onnx.proto, pickletools of Python.
    """
    if checkpoint.problem is None:
        return Measurement(
            title=f"{checkpoint.format} of {checkpoint.size:,} bytes is whole",
            values={"problems": 0},
        )
    return Measurement(
        title=f"Cannot be opened: {checkpoint.problem}",
        values={"problems": 1},
        evidence=(
            Evidence("problem", checkpoint.problem, None, checkpoint.path),
            Evidence("format", checkpoint.format),
            Evidence("size", checkpoint.size, "bytes"),
        ),
    )
