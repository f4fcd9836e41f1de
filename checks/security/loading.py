"""What loading a file would do: every import, call and layer in one of four classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from checks.security.dangerous_names import REACHES, RUNS_CODE, danger
from checks.security.safe_names import is_class_of_known_package, is_of_known_package, is_safe
from ml_debugger.artifacts import EmbeddedCode, PickleCall, PickleContents, PickleImport

DANGEROUS, CARRIED, UNKNOWN = "dangerous", "carried", "unknown"
"""Gravest first: runs or reaches something of itself; code that the file carries; code of a
package or project that is not known."""

_CARRIES = re.compile(
    r"(?:joblib\.externals\.|ray\.|pyspark\.)?cloudpickle\b.*|dill\b.*|torch\.package\b.*"
)
_MAKES_FUNCTION = re.compile(r".*\b(?:_make_function|_create_function|_fill_function|FunctionType)")
_TEXT_CODECS = frozenset({"'latin1'", "'latin-1'", "'utf-8'", "'utf8'", "'ascii'"})
_REBUILDS = frozenset(
    {"torch._tensor._rebuild_from_type_v2", "torch._tensor._rebuild_from_type"},
)
_PUT_TOGETHER = frozenset({"functools.partial", "builtins.type", "types.MethodType"})
_JUDGED_BY_ARGUMENTS = (
    frozenset({"builtins.getattr", "_codecs.encode", "codecs.encode"}) | _REBUILDS
)
_USED = """exec __import__ system popen Popen subprocess check_output check_call getoutput rmtree
    urlopen urlretrieve import_module run_module marshal CDLL create_connection execv execve"""
_TELLTALE = frozenset(_USED.split())
"""Names that stored code uses for nothing harmless; `eval` is also a method of every module."""

_KERAS = frozenset(
    {"keras", "tensorflow", "tf_keras", "keras_core", "keras_nlp", "keras_hub", "keras_cv"}
)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that loading would do: its class, what it is, and where it stands."""

    grade: str
    name: str
    what: str
    where: str


def acts(contents: PickleContents) -> list[Act]:
    """All that loading would do beyond building values, the gravest first, each name once."""
    found: dict[tuple[str, str], Act] = {}
    called = {call.callee for call in contents.calls if call.kind == "call"}
    for act in (
        *_of_calls(contents),
        *(act for one in contents.imports for act in _of_import(one, called)),
        *(act for code in contents.code for act in _of_code(code)),
        *_of_repeated(contents),
    ):
        found.setdefault((act.grade, act.name), act)
    order = (DANGEROUS, CARRIED, UNKNOWN)
    return sorted(found.values(), key=lambda act: order.index(act.grade))


def _grade(name: str) -> tuple[str, str] | None:
    """The class of a name and what it is good for; None for one that only builds values."""
    if is_safe(name):
        return None
    if _CARRIES.fullmatch(name):
        loads = danger(name)
        return (DANGEROUS, loads) if loads else (CARRIED, "carries code of its own")
    doing = danger(name)
    if doing is not None:
        return DANGEROUS, doing
    if is_class_of_known_package(name):
        return None
    return UNKNOWN, f"runs code of {name.partition('.')[0]}"


def _of_import(found: PickleImport, called: Collection[str]) -> Iterator[Act]:
    where = _place(found.member, found.position)
    if found.computed:
        yield Act(DANGEROUS, found.name, "imports a name that it puts together", where)
        return
    graded = _grade(found.name)
    if graded is not None and graded[0] == UNKNOWN and found.name not in called:
        # a function of a known package that is stored and not called, as estimators hold them
        graded = None if is_of_known_package(found.name) else graded
    if graded is not None:
        yield Act(graded[0], found.name, f"imports {found.name}, which {graded[1]}", where)


def _of_calls(contents: PickleContents) -> Iterator[Act]:
    reached = [
        _reached(c) for c in contents.calls if c.callee == "builtins.getattr" and not c.computed
    ]
    for call in contents.calls:
        where = _place(call.member, call.position)
        graded = _grade(call.callee)
        text = f"{call.callee}({', '.join(call.arguments)})"
        if call.kind == "change":
            yield Act(DANGEROUS, call.callee, f"changes {call.callee} itself", where)
        elif graded is not None and graded[0] == DANGEROUS:
            yield Act(DANGEROUS, call.callee, f"calls {text}, which {graded[1]}", where)
        elif call.computed:
            yield from _of_computed(call, reached, where)
        elif call.callee in _JUDGED_BY_ARGUMENTS:
            yield from _of_arguments(call, text, where)


def _of_computed(call: PickleCall, reached: list[str | None], where: str) -> Iterator[Act]:
    """A call of something that was itself the result of a call."""
    given = ", ".join(call.arguments)
    if _MAKES_FUNCTION.fullmatch(call.callee):
        yield Act(DANGEROUS, call.callee, f"calls a function it carries with ({given})", where)
    elif call.callee in _PUT_TOGETHER:
        yield Act(DANGEROUS, call.callee, f"calls what {call.callee} put together", where)
    elif call.callee == "builtins.getattr" and all(n and _grade(n) is None for n in reached):
        return
    elif _grade(call.callee) is None:
        yield Act(UNKNOWN, f"result of {call.callee}", "calls the result of a call", where)


def _of_arguments(call: PickleCall, text: str, where: str) -> Iterator[Act]:
    first = call.arguments[0] if call.arguments else ""
    if call.callee == "builtins.getattr":
        name = _reached(call)
        if name is None:
            yield Act(DANGEROUS, call.callee, f"calls {text}, which {REACHES}", where)
        elif (doing := danger(name)) is not None:
            yield Act(DANGEROUS, call.callee, f"reaches {name}, which {doing}", where)
    elif call.callee in _REBUILDS:
        if not first.startswith(("torch._utils._rebuild", "torch._tensor._rebuild")):
            yield Act(DANGEROUS, call.callee, f"calls {text}, which {RUNS_CODE}", where)
    elif len(call.arguments) > 1 and call.arguments[1] not in _TEXT_CODECS:
        yield Act(UNKNOWN, call.callee, f"decodes text by {call.arguments[1]}", where)


def _reached(call: PickleCall) -> str | None:
    """The dotted name that getattr gives; None where its attribute is no plain text."""
    if len(call.arguments) < 2:
        return None
    try:
        attribute = ast.literal_eval(call.arguments[1])
    except (ValueError, SyntaxError):
        return None
    if not isinstance(attribute, str):
        return None
    owner = call.arguments[0].partition("(")[0]
    return f"{owner}.{attribute}"


def _of_repeated(contents: PickleContents) -> Iterator[Act]:
    for name in sorted(contents.repeated & _JUDGED_BY_ARGUMENTS):
        yield Act(UNKNOWN, name, f"calls {name} in more ways than were looked at", "")


def _of_code(code: EmbeddedCode) -> Iterator[Act]:
    where = code.member or ""
    match code.kind:
        case "pickled-code":
            told = sorted(_TELLTALE & set(code.text.split()))
            if told:
                what = f"carries code that uses {', '.join(told)}"
                yield Act(DANGEROUS, "code", what, where)
        case "keras-lambda":
            yield Act(CARRIED, "Lambda layer", "carries the code of a Lambda layer", where)
        case "keras-reference":
            doing = danger(code.text)
            if doing is not None and not code.text.startswith(tuple(f"{k}." for k in _KERAS)):
                what = f"imports {code.text} for a layer, which {doing}"
                yield Act(DANGEROUS, code.text, what, where)
            elif code.text.partition(".")[0] not in _KERAS:
                package = code.text.partition(".")[0]
                yield Act(UNKNOWN, code.text, f"runs code of {package} for a layer", where)
        case "onnx-external":
            path = PurePosixPath(code.text.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or re.match(r"\w+:", code.text):
                what = f"reads values from {code.text}, outside its folder"
                yield Act(DANGEROUS, code.text, what, where)


def _place(member: str | None, position: int) -> str:
    return f"{member}, byte {position:,}" if member else f"byte {position:,}"
