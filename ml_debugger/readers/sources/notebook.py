"""Jupyter notebooks, format 3 and 4: the code cells, without what they printed.

Format: the notebook file format of nbformat, https://nbformat.readthedocs.io.
"""

from __future__ import annotations

from typing import Any

from ml_debugger.artifacts import SourceCell, SourceFile
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load
from ml_debugger.readers.sources.magics import without_magics
from ml_debugger.readers.sources.relevance import works_on_data

FORMAT = "Jupyter notebook"
MAX_BYTES = 32 << 20
"""Pictures in the output make notebooks large; beyond this they are not parsed."""


def recognise(head: Head) -> str | None:
    """By the keys that every notebook has; they stand before or between the first cells."""
    if not head.text.lstrip().startswith("{") or head.gzipped:
        return None
    cells = '"cells"' in head.text or '"worksheets"' in head.text
    named = head.suffix == ".ipynb"
    return FORMAT if cells and ('"cell_type"' in head.text or named) else None


def read(head: Head, form: str) -> Reading:
    """The Python cells; raises Unreadable where the JSON is damaged."""
    if head.size > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES >> 20} MiB: not read"
        return Reading([SourceFile(head.shown, head.shown, form, (), problem)])
    document = load(head)
    if not isinstance(document, dict):
        raise Unreadable("is no notebook: not one JSON object")
    if _language(document) != "python":
        return Reading([])
    cells = tuple(
        SourceCell(number, without_magics(text))
        for number, cell in enumerate(_cells(document), start=1)
        if (text := _code(cell)) is not None
    )
    if not works_on_data("\n".join(cell.text for cell in cells)):
        return Reading([])
    return Reading([SourceFile(head.shown, head.shown, form, cells)])


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return "python"
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        described = metadata.get(key)
        if isinstance(described, dict) and isinstance(described.get(name), str):
            language = described[name].lower()
            return "python" if "python" in language or "sage" in language else language
    return "python"


def _cells(document: dict[str, Any]) -> list[Any]:
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = document.get("worksheets")
    found: list[Any] = []
    for sheet in sheets if isinstance(sheets, list) else ():
        below = sheet.get("cells") if isinstance(sheet, dict) else None
        found.extend(below if isinstance(below, list) else ())
    return found


def _code(cell: Any) -> str | None:
    """The text of a code cell, None for other cells and for code in another language."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    if str(cell.get("language", "python")).lower() not in ("python", "python3", "ipython"):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else None


READER = Reader("notebook", recognise, read, suffixes=(".ipynb",))
