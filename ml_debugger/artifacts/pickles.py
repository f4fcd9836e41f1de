"""What the pickles of a file would import and call, known without loading them."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class PickleImport:
    """A name that unpickling would import.

    `name` is module and name joined by a dot, as Python 3 would find it. `position` is the byte
    in the stream of opcodes at which it is imported, `member` the way to that stream inside an
    archive ("data.pkl", "outer.zip/inner.pkl"), None for the file itself. `computed` marks a name
    that the pickle puts together by a call, so that it does not stand in the file.
    """

    name: str
    position: int
    member: str | None = None
    computed: bool = False


@dataclass(frozen=True, slots=True)
class PickleCall:
    """A call that unpickling would make, or a change to what was imported.

    `callee` is the name that is called; where the callee is itself the result of a call it is
    the name at the root of it, and `computed` is true. `arguments` are written out, bounded in
    length: text in quotes, names bare, contents of bytes left out. `kind` is "call", "new"
    for a class that makes an instance without calling its `__init__`, or "change" where an
    attribute or item is set on an imported name itself.
    """

    callee: str
    arguments: tuple[str, ...]
    position: int
    member: str | None = None
    computed: bool = False
    kind: str = "call"


@dataclass(frozen=True, slots=True)
class EmbeddedCode:
    """Something outside a pickle that loading would run or reach for.

    `kind` is "pickled-code" (a code object, by the names that it uses), "keras-lambda" (a Lambda
    layer with stored code), "keras-reference" (a layer or function of another module, by its
    name) or "onnx-external" (values in another file, by its path). `text` is what the file says
    there.
    """

    kind: str
    text: str
    member: str | None = None


@dataclass(frozen=True, eq=False)
class PickleContents(Artifact):
    """All that loading one file would import, call or run.

    `format` is what the file is ("pickle", "zip", "tar", "gzip", "npy", "hdf5", "onnx" ...),
    `pickles` how many streams of opcodes were followed in it. Imports and calls are those of all
    of them, each kept once; `repeated` names callees that were called in more different ways than
    were kept. `unread` says what could not be looked at and why; `objects` is true for NumPy
    arrays that only load with `allow_pickle=True`.
    """

    format: str
    pickles: int
    imports: tuple[PickleImport, ...] = ()
    calls: tuple[PickleCall, ...] = ()
    code: tuple[EmbeddedCode, ...] = ()
    repeated: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()
    objects: bool = False
