"""Scalers that somebody wrote as JSON: means and spreads by feature."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from ml_debugger.artifacts import Scaler
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.scalers.fitted import NAMES, fitted

MAX_DEPTH = 3
_NAMED = re.compile(r"scal|norm|standard|preproc|stats|feature|transform", re.IGNORECASE)


def scalers(node: Any, shown: str, trail: tuple[str, ...] = ()) -> Iterator[Scaler]:
    """The scalers in a document, each an object that holds a centre and a scale a feature."""
    if not isinstance(node, Mapping) or len(trail) > MAX_DEPTH:
        return
    subject = f"{shown} [{' / '.join(trail)}]" if trail else shown
    forms = (_by_feature(node), node)
    found = (fitted(form, subject, shown, _numbers, _names) for form in forms if form)
    scaler = next((one for one in found if one is not None), None)
    if scaler is not None:
        yield scaler if scaler.features else _named(scaler, node)
        return
    for key, inner in node.items():
        yield from scalers(inner, shown, (*trail, str(key)))


def _by_feature(node: Mapping[str, Any]) -> dict[str, Any] | None:
    """Entries `{"close": {"mean": …, "std": …}, …}` turned to `{"mean": […], "std": […]}`."""
    inner = [value for value in node.values() if isinstance(value, Mapping)]
    if len(inner) < 2 or len(inner) != len(node):
        return None
    keys = inner[0].keys()
    if not keys or any(value.keys() != keys for value in inner):
        return None
    if not all(_is_number(item) for value in inner for item in value.values()):
        return None
    turned: dict[str, Any] = {key: [value[key] for value in inner] for key in keys}
    return turned | {"feature_names": list(node)}


def _named(scaler: Scaler, node: Mapping[str, Any]) -> Scaler:
    """Names from entries `{"mean": {"close": …}, "std": {"close": …}}`."""
    by_name = next((v for v in node.values() if isinstance(v, Mapping)), None)
    if by_name is None or len(by_name) != scaler.width:
        return scaler
    return replace(scaler, features=tuple(map(str, by_name)))


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(value: Any) -> Sequence[float] | None:
    items = list(value.values()) if isinstance(value, Mapping) else value
    if isinstance(items, list) and len(items) == 1 and isinstance(items[0], list):
        items = items[0]
    if _is_number(items):
        return (float(items),)
    if not isinstance(items, list) or not items or not all(map(_is_number, items)):
        return None
    return [float(item) for item in items]


def _names(value: Any) -> Sequence[str] | None:
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    return None


def recognise(head: Head) -> str | None:
    """Numbers a feature under the names of a scaler; one number alone may be any result."""
    document = sketch(head)
    if not isinstance(document, Mapping) or str(document.get("schema", "")).startswith("ml-"):
        return None
    found = next(scalers(document, head.shown), None)
    if found is None or found.width < 1:
        return None
    spoken = bool(_NAMED.search(head.stem)) or any(str(key).endswith("_") for key in document)
    told = any(str(key).lower() in NAMES for key in document)
    return "scaler" if spoken or told or (found.width >= 2 and not found.features) else None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The scalers of a document."""
    found = list(scalers(load(head), head.shown))
    if not found:
        raise Unreadable("holds no centre and scale by feature")
    return Reading(found)


READER = Reader("scaler", recognise, read)
