"""Pickles that would do something when they are loaded, written opcode by opcode.

Every one of them is inert: what it would call is `os.getpid` or another function without effect.
They are for scanners, which must find the call without making it. The detours are those of the
advisories against published scanners and of the documentation of `pickletools`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

CALL = b"cos\ngetpid\n(tR."
"""Protocol 0: import os.getpid, call it with nothing, stop."""

_PROTO = b"\x80\x04"


def text(value: str) -> bytes:
    """An opcode that pushes a short text."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def call(module: str, name: str, *arguments: str, protocol: bytes = _PROTO) -> bytes:
    """A pickle that calls an imported name with texts."""
    given = b"(" + b"".join(text(one) for one in arguments) + b"t"
    return protocol + text(module) + text(name) + b"\x93" + given + b"R."


def zipped(
    content: bytes, name: str = "archive/data.pkl", method: int = zipfile.ZIP_STORED
) -> bytes:
    """A zip archive of one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return packed.getvalue()


def tarred(content: bytes, name: str = "model.pkl") -> bytes:
    """A tar archive of one member."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def array_of_objects(content: bytes) -> bytes:
    """A NumPy file whose array of objects is this pickle."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def _flagged(archive: bytes, bit: int) -> bytes:
    """The archive with a flag set in both headers of its member."""
    changed = bytearray(archive)
    changed[6] |= bit
    changed[archive.index(b"PK\x01\x02") + 8] |= bit
    return bytes(changed)


def _wrong_checksum(archive: bytes) -> bytes:
    changed = bytearray(archive)
    place = archive.index(b"PK\x01\x02") + 16
    changed[place : place + 4] = changed[14:18] = b"\x01\x02\x03\x04"
    return bytes(changed)


def _behind_joblib_array() -> bytes:
    """Opcodes where joblib expects the values of an array: `pickle.load` runs them."""
    hidden = b"0" + CALL
    state = b"}(" + text("dtype") + b"cnumpy\ndtype\n(" + text("u1") + b"\x89\x88tR"
    state += text("shape") + b"K" + bytes([len(hidden)]) + b"\x85u"
    return _PROTO + b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"b" + hidden


def _loaded_from_bytes(content: bytes) -> bytes:
    packed = b"B" + struct.pack("<I", len(content)) + content
    return _PROTO + b"ctorch.storage\n_load_from_bytes\n" + packed + b"\x85R."


EVASIONS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "protocol 0": lambda: ("model.pkl", CALL),
    "names on the stack": lambda: ("model.pkl", call("os", "getpid")),
    "names from the memo": lambda: (
        "model.pkl",
        b"Vos\np2\n0Vgetpid\np3\n0Vtorch\np0\n0VLongStorage\np1\n0g2\ng3\n\x93(tR.",
    ),
    "escaped text": lambda: ("model.pkl", b"S'o\\x73'\nVgetp\\u0069d\n\x93(tR."),
    "hexadecimal number first": lambda: ("model.pkl", b"I0x10\n0" + CALL),
    "class by INST": lambda: ("model.pkl", b"(ios\ngetpid\n."),
    "class by OBJ": lambda: ("model.pkl", b"(cos\ngetpid\no."),
    "class by NEWOBJ": lambda: ("model.pkl", _PROTO + b"cos\ngetpid\n)\x81."),
    "name of Python 2": lambda: ("model.pkl", b"c__builtin__\neval\n(S'1'\ntR."),
    "posix for os": lambda: ("model.pkl", call("posix", "getpid")),
    "nt for os": lambda: ("model.pkl", call("nt", "getpid")),
    "way through a safe module": lambda: ("model.pkl", call("torch.serialization", "os.getpid")),
    "attribute by getattr": lambda: (
        "model.pkl",
        _PROTO + b"cbuiltins\ngetattr\ncbuiltins\nstr\n" + text("__class__") + b"\x86R.",
    ),
    "operator.attrgetter": lambda: ("model.pkl", call("operator", "attrgetter", "real")),
    "functools.partial called": lambda: (
        "model.pkl",
        _PROTO + b"cfunctools\npartial\ncbuiltins\nlen\n\x85R" + text("a") + b"\x85R.",
    ),
    "name that is put together": lambda: (
        "model.pkl",
        _PROTO + b"c_codecs\nencode\n" + text("b3M=") + text("latin1") + b"\x86R"
        + text("getpid") + b"\x93)R.",
    ),
    "state of an imported name": lambda: (
        "model.pkl", _PROTO + b"ccollections\nOrderedDict\nN}" + text("x") + b"K\x01s\x86b."
    ),
    "extension registry": lambda: ("model.pkl", _PROTO + b"\x82\x01)R."),
    "persistent identifier first": lambda: ("model.pkl", b"\x80\x02Vx\nQ0" + CALL),
    "second pickle": lambda: ("model.pkl", pickle.dumps([1.0]) + CALL),
    "behind the end": lambda: ("model.pkl", pickle.dumps({"a": 1}, 4) + b"\x80\x04" + CALL),
    "breaks after the call": lambda: ("model.pkl", CALL[:-1] + b"X\xff\xff\xff\x20cut"),
    "ending .txt": lambda: ("notes.txt", CALL),
    "ending .dat": lambda: ("weights.dat", call("os", "getpid")),
    "ending .bin": lambda: ("pytorch_model.bin", call("os", "getpid")),
    "ending .csv": lambda: ("prices.csv", CALL),
    "zip": lambda: ("model.pt", zipped(call("os", "getpid"))),
    "zip, member of another name": lambda: ("model.pt", zipped(CALL, "archive/config.p")),
    "zip, deflated": lambda: ("model.zip", zipped(CALL, "a.bin", zipfile.ZIP_DEFLATED)),
    "zip marked as encrypted": lambda: ("model.pt", _flagged(zipped(CALL), 0x01)),
    "zip marked as strongly encrypted": lambda: ("model.pt", _flagged(zipped(CALL), 0x40)),
    "zip with a wrong checksum": lambda: ("model.pt", _wrong_checksum(zipped(CALL))),
    "zip without its directory": lambda: ("model.pt", zipped(CALL).partition(b"PK\x01\x02")[0]),
    "zip behind other bytes": lambda: ("model.bin", b"\x00" * 64 + zipped(CALL)),
    "zip behind a pickle": lambda: ("model.pt", pickle.dumps([1]) + zipped(CALL)),
    "pickle before a zip": lambda: ("model.pt", CALL + zipped(pickle.dumps([1]))),
    "zip in a zip": lambda: ("model.zip", zipped(zipped(CALL), "inner.zip")),
    "tar": lambda: ("model.pt", tarred(CALL)),
    "tar, gzip": lambda: ("model.tar.gz", gzip.compress(tarred(CALL, "pickle"), mtime=0)),
    "gzip": lambda: ("model.joblib", gzip.compress(CALL, mtime=0)),
    "bz2": lambda: ("model.joblib", bz2.compress(CALL)),
    "xz": lambda: ("model.joblib", lzma.compress(CALL)),
    "zlib": lambda: ("model.joblib", zlib.compress(CALL)),
    "array of objects": lambda: ("names.npy", array_of_objects(CALL)),
    "array of objects in npz": lambda: ("names.npz", zipped(array_of_objects(CALL), "a.npy")),
    "hidden in a joblib array": lambda: ("model.joblib", _behind_joblib_array()),
    "bytes that torch loads": lambda: ("model.pkl", _loaded_from_bytes(CALL)),
    "torch module of commands": lambda: (
        "model.pkl", call("torch.jit.unsupported_tensor_ops", "execWrapper", "1")
    ),
    "torch configuration": lambda: (
        "model.pkl", call("torch.utils._config_module", "ConfigModule.load_config", "")
    ),
    "torch.hub": lambda: ("model.pkl", call("torch.hub", "load", "a/b")),
    "numpy test runner": lambda: (
        "model.pkl", call("numpy.testing._private.utils", "runstring", "1")
    ),
    "numpy.f2py": lambda: ("model.pkl", call("numpy.f2py.crackfortran", "getlincoef", "1")),
    "pandas.eval": lambda: ("model.pkl", call("pandas", "eval", "1")),
    "pandas.read_pickle": lambda: ("model.pkl", call("pandas", "read_pickle", "x.pkl")),
    "sympy": lambda: ("model.pkl", call("sympy", "sympify", "1")),
    "timeit": lambda: ("model.pkl", call("timeit", "timeit", "1")),
    "pip": lambda: ("model.pkl", call("pip._internal", "main", "help")),
    "asyncio": lambda: ("model.pkl", call("asyncio.unix_events", "_UnixSubprocessTransport", "x")),
    "pty": lambda: ("model.pkl", call("pty", "spawn", "true")),
    "runpy": lambda: ("model.pkl", call("runpy", "run_path", "x.py")),
    "webbrowser": lambda: ("model.pkl", call("webbrowser", "open", "about:blank")),
    "importlib": lambda: ("model.pkl", call("importlib", "import_module", "os")),
    "ctypes": lambda: ("model.pkl", call("ctypes", "CDLL", "x")),
    "shutil": lambda: ("model.pkl", call("shutil", "rmtree", "/nowhere")),
    "marshal": lambda: ("model.pkl", call("marshal", "loads", "")),
    "code": lambda: ("model.pkl", call("code", "InteractiveInterpreter.runcode", "1")),
    "pdb": lambda: ("model.pkl", call("pdb", "run", "1")),
    "cProfile": lambda: ("model.pkl", call("cProfile", "run", "1")),
    "doctest": lambda: ("model.pkl", call("doctest", "debug_script", "1")),
    "lib2to3": lambda: ("model.pkl", call("lib2to3.pgen2.pgen", "ParserGenerator", "x")),
    "idlelib": lambda: ("model.pkl", call("idlelib.pyshell", "ModifiedInterpreter.runcode", "1")),
    "ensurepip": lambda: ("model.pkl", call("ensurepip", "_run_pip", "help")),
    "venv": lambda: ("model.pkl", call("venv", "create", "/nowhere")),
    "types.FunctionType": lambda: ("model.pkl", call("types", "FunctionType", "x")),
    "nested pickle.loads": lambda: ("model.pkl", call("_pickle", "loads", "x")),
    "open a file": lambda: ("model.pkl", call("io", "open", "/nowhere")),
    "pathlib writes": lambda: ("model.pkl", call("pathlib", "Path.write_text", "x")),
    "logging.config": lambda: ("model.pkl", call("logging.config", "dictConfig", "x")),
}  # fmt: skip
"""By name: what a file is called and what it holds."""
