"""Loading the function, and seeing what kind of table it takes."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from typing import Any

from .faults import Refused
from .watching import watch

KINDS = ("pandas", "polars")


def load(target: str, folder: str) -> tuple[Any, dict[str, Any]]:
    """The function, and what is told about it."""
    place, _, name = target.rpartition(":")
    os.chdir(folder)
    path = Path.cwd() / place
    watch()
    module = import_file(path) if path.is_file() else import_module(place)
    function: Any = module
    for part in name.split("."):
        if not hasattr(function, part):
            own = [n for n, v in vars(module).items() if inspect.isfunction(v) and n[0] != "_"]
            shown = ", ".join(own[:8]) + (" ..." if len(own) > 8 else "")
            raise Refused(f"is not there; {place} has the functions: {shown or 'none'}")
        function = getattr(function, part)
    if not callable(function):
        raise Refused("is no function")
    needed = required_parameters(function)
    if needed is not None and needed != 1:
        raise Refused(f"needs {needed} arguments; a feature function takes one table")
    kinds, why = kinds_of(function, module)
    code = getattr(inspect.unwrap(function), "__code__", None)
    return function, {
        "kinds": kinds,
        "why": why,
        "file": getattr(module, "__file__", None),
        "line": code.co_firstlineno if code else None,
        "python": sys.version.split()[0],
    }


def import_file(path: Path) -> Any:
    """Import a file as Python would from its own folder, or as part of its package."""
    root, parts = path.parent, [path.stem]
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    sys.path[:0] = list(dict.fromkeys((str(root), str(Path.cwd()))))
    if len(parts) > 1:
        return importlib.import_module(".".join(parts))
    # a file named like a module that is loaded already (signal.py) must not be mixed up with it
    name = parts[0] if parts[0] not in sys.modules else f"{parts[0]}_of_user"
    spec = importlib.util.spec_from_file_location(name, str(path))
    if spec is None or spec.loader is None:
        raise Refused("is in no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def import_module(name: str) -> Any:
    """Import a module by its name, from the present folder or installed."""
    sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(name)


def required_parameters(function: Any) -> int | None:
    """How many arguments must be given; None where Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    spread = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    keyword = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    needed = sum(p.default is p.empty for p in positional) + len(keyword)
    return 1 if needed == 0 and (positional or spread) else needed


def kinds_of(function: Any, module: Any) -> tuple[list[str], str]:
    """The kinds of table to try, the likeliest first, and how that was seen."""
    installed = [kind for kind in KINDS if importlib.util.find_spec(kind) is not None]
    if not installed:
        raise Refused(f"cannot be run: {sys.executable} has neither pandas nor polars")
    plain = inspect.unwrap(function)
    noted = list(getattr(plain, "__annotations__", {}).values())
    for note in noted:
        text = note if isinstance(note, str) else f"{getattr(note, '__module__', '')}.{note}"
        head = text.partition(".")[0].strip("'\" ")
        value = getattr(plain, "__globals__", {}).get(head)
        text = f"{origin(value)}.{text}"
        for kind, short in (("pandas", "pd"), ("polars", "pl")):
            if kind in text or head == short:
                if kind not in installed:
                    raise Refused(f"takes tables of {kind}, which {sys.executable} does not have")
                lazy = ["lazy"] if "LazyFrame" in text else []
                return [kind, *lazy], "as annotated"
    modules = {origin(value) for value in list(vars(module).values())}
    named = [kind for kind in installed if kind in modules]
    if len(named) == 1:
        return named, f"as its file imports {named[0]}"
    if len(installed) == 1:
        return installed, f"as only {installed[0]} is installed"
    return installed, "after trying"


def origin(value: Any) -> str:
    """The top package that a module or an object comes from."""
    name = getattr(value, "__module__", None) or getattr(value, "__name__", None) or ""
    return str(name).partition(".")[0]
