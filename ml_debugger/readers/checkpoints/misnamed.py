"""Files that are named as checkpoints but hold something else, or nothing."""

from __future__ import annotations

import re

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

CLAIMS = {
    ".pt": "torch",
    ".pth": "torch",
    ".ckpt": "torch",
    ".safetensors": "safetensors",
    ".h5": "keras-h5",
    ".keras": "keras-zip",
    ".onnx": "onnx",
    ".ubj": "xgboost-ubj",
    ".joblib": "joblib",
    ".pkl": "pickle",
    ".model": "model",
    ".bst": "xgboost",
}
"""The format that an ending claims."""

_ALWAYS_BINARY = frozenset(CLAIMS) - {".model", ".bst"}
_ONE_FORMAT = frozenset(
    {".pt", ".pth", ".safetensors", ".h5", ".keras", ".onnx", ".joblib", ".pkl"}
)
_LFS = b"version https://git-lfs.github.com/spec/"
_HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
_PATH_FILE = re.compile(rb"(import[ \t]|#|[./\\]|[A-Za-z]:\\)")
"""Lines of Python's path configuration files, which are named `.pth` too (module `site`)."""

_SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet table",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a zip archive",
}


def recognise(head: Head) -> str | None:
    """By a checkpoint's name and a content that surely is none."""
    claimed = CLAIMS.get(head.suffix)
    return claimed if claimed is not None and _content(head) is not None else None


def read(head: Head, kind: str) -> Reading:
    """Say what the content is instead."""
    content = _content(head)
    if content is None and _is_torch_tar(head):
        return describe(head, "torch-tar")
    return describe(head, kind, content)


def _content(head: Head) -> str | None:
    start = head.start
    if head.size == 0:
        return "is empty: zero bytes"
    if start.startswith(_LFS):
        return "is a Git LFS pointer: the content was never fetched"
    if _HTML.match(start):
        return "is an HTML page, not a model"
    if not start.strip(b"\0"):
        return "holds only zero bytes as far as it was read"
    if head.suffix not in _ALWAYS_BINARY:
        return None
    for signature, content in _SIGNATURES.items():
        if head.start.startswith(signature) or (head.gzipped and signature == b"\x1f\x8b"):
            return f"is {content}, not a model"
    if head.suffix == ".pth" and _PATH_FILE.match(start):
        return None
    if head.encoding is not None:
        first = head.text.strip().splitlines()[0][:40] if head.text.strip() else "blanks"
        return f"is text, not a model: {first!r}"
    if head.suffix in _ONE_FORMAT and not _is_torch_tar(head):
        return f"is nothing that {CLAIMS[head.suffix]} reads: it begins with {start[:8].hex(' ')}"
    return None


def _is_torch_tar(head: Head) -> bool:
    """torch.save wrote tar archives before release 0.2 of 2017."""
    return head.start[257:262] == b"ustar" and head.suffix in (".pt", ".pth")


READER = Reader("checkpoint", recognise, read, tuple(CLAIMS))
