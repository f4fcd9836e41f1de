"""Python source and notebooks are recognised by content and read as text."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_debugger.artifacts import Artifact, FileRead, SourceFile, Unrecognised
from ml_debugger.readers.opening import open_file
from ml_debugger.readers.sources import notebook, python
from ml_debugger.readers.sources.magics import without_magics
from ml_debugger.workspace.discovery import discover

SCRIPT = "import pandas as pd\n\ndf = pd.read_csv('prices.csv')\n"
Write = Callable[[str, str | bytes], Path]


def opened(file: Path) -> tuple[Artifact, ...]:
    return tuple(open_file(file, file.name, named=True))


def source_of(file: Path) -> SourceFile:
    found, read = opened(file)
    assert isinstance(found, SourceFile)
    assert isinstance(read, FileRead)
    assert read.problem is None
    return found


def cell(text: str | list[str], kind: str = "code", **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": text, **more}


def notebook_of(*cells: dict[str, Any], **metadata: Any) -> str:
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.py", SCRIPT),
        ("train.py", "\ufeff" + SCRIPT),
        ("train.py", SCRIPT.replace("\n", "\r\n")),
        ("train", "#!/usr/bin/env python3\n" + SCRIPT),
        ("features.py", "def f(df):\n    return df['close'].shift(1)\n"),
        ("latin.py", ("# é\n" + SCRIPT).encode("latin-1")),
    ],
)
def test_python_source_is_recognised(name: str, text: str | bytes, write: Write) -> None:
    source = source_of(write(name, text))
    assert source.format == python.FORMAT
    assert [one.number for one in source.cells] == [None]
    ast.parse(source.cells[0].text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", "from setuptools import setup\nsetup(name='x')\n"),
        ("__init__.py", '"""Nothing here."""\n'),
        ("numbers.py", "1;2;3\n4;5;6\n"),
        ("notes.txt", SCRIPT),
        ("photo.py", b"\x00\x01\x02\xff" * 200),
    ],
)
def test_what_handles_no_data_or_is_no_python_is_no_source(
    name: str, text: str | bytes, write: Write
) -> None:
    assert not any(isinstance(found, SourceFile) for found in opened(write(name, text)))


def test_an_empty_module_is_nobodys_fault(write: Write) -> None:
    (found,) = opened(write("__init__.py", ""))
    assert isinstance(found, Unrecognised)


def test_source_too_large_says_so(write: Write) -> None:
    source = source_of(write("data.py", SCRIPT + "x = [" + "1," * python.MAX_BYTES + "]\n"))
    assert source.cells == ()
    assert "larger than 2 MiB" in str(source.problem)


def test_a_notebook_gives_its_code_cells_with_their_places(write: Write) -> None:
    text = notebook_of(
        cell("# A study", "markdown"),
        cell(["import pandas as pd\n", "%matplotlib inline\n", "x = 1"]),
        cell("%%bash\nls -la\n"),
        cell("!pip install x\ny = 2"),
    )
    source = source_of(write("study.ipynb", text))
    assert source.format == notebook.FORMAT
    assert [one.number for one in source.cells] == [2, 3, 4]
    assert source.cells[0].text == "import pandas as pd\npass\nx = 1"
    assert source.cells[1].text.strip() == ""
    assert source.cells[2].text == "pass\ny = 2"


def test_a_notebook_of_format_3(write: Write) -> None:
    old = {"cell_type": "code", "language": "python", "input": ["import numpy\n", "x = 1"]}
    document = {"metadata": {}, "nbformat": 3, "worksheets": [{"cells": [old]}]}
    assert len(source_of(write("old.ipynb", json.dumps(document))).cells) == 1


@pytest.mark.parametrize(
    "metadata",
    [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "julia"}}],
)
def test_a_notebook_in_another_language_is_left_alone(
    metadata: dict[str, Any], write: Write
) -> None:
    text = notebook_of(cell("import pandas as pd"), **metadata)
    (found,) = opened(write("study.ipynb", text))
    assert isinstance(found, Unrecognised)


def test_a_damaged_notebook_is_unreadable_with_its_line(write: Write) -> None:
    text = json.dumps(json.loads(notebook_of(cell("import pandas"))), indent=1)
    (read,) = opened(write("study.ipynb", text[:-20]))
    assert isinstance(read, FileRead)
    assert read.problem is not None
    assert read.line is not None


@pytest.mark.parametrize(
    ("line", "python_line"),
    [
        ("%timeit f(x)", "f(x)"),
        ("    %time model.fit(X)", "    model.fit(X)"),
        ("files = !ls", "files = None"),
        ("df.head?", "pass"),
        ("?df", "pass"),
        ("x = a % b", "x = a % b"),
        ("x != y", "x != y"),
        ("print('100%')", "print('100%')"),
        ("     % (a, b))", "     % (a, b))"),
    ],
)
def test_lines_of_ipython_are_replaced_in_place(line: str, python_line: str) -> None:
    assert without_magics(line) == python_line


@given(st.text())
def test_lines_keep_their_numbers(text: str) -> None:
    assert without_magics(text).count("\n") == text.count("\n")


KEYS = st.sampled_from(["cells", "cell_type", "source", "metadata", "worksheets", "input"])
ODD = st.recursive(
    st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(KEYS, x)
)


@given(ODD)
def test_odd_notebooks_do_not_break_the_reader(document: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "odd.ipynb"
        file.write_text(json.dumps({"cells": document, "cell_type": document}), encoding="utf-8")
        assert open_file(file, "odd.ipynb", named=True)


def test_environments_are_left_out_of_a_walk(tmp_path: Path, write: Write) -> None:
    for folder in ("site-packages", ".venv", "node_modules", "venv", "src"):
        write(f"{folder}/a.py", SCRIPT)
    write("tools310/pyvenv.cfg", "home = /usr/bin\n")
    write("tools310/lib/b.py", SCRIPT)
    assert [found.shown for found in discover([tmp_path], relative_to=tmp_path).found] == [
        str(Path("src") / "a.py")
    ]
