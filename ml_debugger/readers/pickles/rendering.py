"""Values of a pickle written out, bounded in depth and length: memos share without end."""

from __future__ import annotations

from typing import Any

from ml_debugger.readers.checkpoints.symbols import Global, Instance, Persistent

MAX_TEXT = 160
"""Characters of one argument: a command line is told from a tensor by fewer."""

MAX_ARGUMENTS = 16
MAX_NAMES = 2_000
_DEPTH, _ITEMS = 3, 6


def arguments(value: Any) -> tuple[str, ...]:
    """The arguments of a call, each as text."""
    given = value if isinstance(value, tuple | list) else (value,)
    return tuple(rendered(one) for one in given[:MAX_ARGUMENTS])


def rendered(value: Any, depth: int = _DEPTH) -> str:
    """One value as text: strings quoted, names bare, bytes by their length."""
    match value:
        case str():
            text = repr(value[:MAX_TEXT])
        case bytes():
            text = f"<{getattr(value, 'length', len(value)):,} bytes>"
        case None | bool() | float():
            text = repr(value)
        case int():
            text = repr(value) if value.bit_length() < 200 else "<a large number>"
        case Global():
            text = str(value)
        case Instance():
            inner = "" if depth == 0 else _joined(value.arguments, depth)
            text = f"{rendered(value.callee, max(0, depth - 1))}({inner})"
        case Persistent():
            text = "<stored beside>"
        case tuple() | list():
            text = f"({_joined(value, depth)})" if depth else "(...)"
        case dict():
            text = "{...}"
        case _:
            text = "..."
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."


def _joined(value: Any, depth: int) -> str:
    items = value if isinstance(value, tuple | list) else (value,)
    shown = [rendered(item, depth - 1) for item in items[:_ITEMS]]
    return ", ".join([*shown, "..."] if len(items) > _ITEMS else shown)


def root(callee: Any) -> Global | None:
    """The imported name at the root of a callee that may be the result of calls."""
    for _ in range(100):
        if not isinstance(callee, Instance):
            break
        callee = callee.callee
    return callee if isinstance(callee, Global) else None


def code_names(call: Instance) -> str | None:
    """The names that a stored code object uses, None for any other call.

    A code object is made by a type that is got by name, or by dill's own function, from numbers,
    the bytes of its instructions, and tuples of names.
    """
    maker = rendered(call.callee)
    if "CodeType" not in maker and "_create_code" not in maker:
        return None
    given = call.arguments if isinstance(call.arguments, tuple) else ()
    names = [
        name
        for tuples in given
        if isinstance(tuples, tuple)
        for name in tuples
        if isinstance(name, str) and name.isidentifier()
    ]
    return " ".join(dict.fromkeys(names[:MAX_NAMES]))
