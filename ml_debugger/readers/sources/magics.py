"""Lines of IPython that are no Python: magics, shell commands, questions for help."""

from __future__ import annotations

import re

_CELL_OF_CODE = re.compile(r"%%(?:time|timeit|capture|prun|memit|mprun|lprun|px|notify|wandb)\b")
_CELL = re.compile(r"%%[A-Za-z]\w*")
_TIMED = re.compile(r"^(\s*)%(?:time|timeit|memit|prun)\s+(?:-\w+\s*\d*\s+)*(?=\S)")
_ASSIGNED = re.compile(r"^(\s*[\w., ]+=\s*)(?:!(?!=)|%[A-Za-z]).*$")
_LINE = re.compile(r"^(\s*)(?:%[A-Za-z]\w*|!(?!=)|\?{1,2}[\w.%]|[\w.%]+\?{1,2}\s*$).*$")


def without_magics(text: str) -> str:
    """The text with every line of IPython replaced in place by one of Python.

    A whole cell in another language becomes empty lines; the code behind `%time` stays.
    """
    if "%" not in text and "!" not in text and "?" not in text:
        return text
    first = text.lstrip()
    if _CELL.match(first) and not _CELL_OF_CODE.match(first):
        return "\n" * text.count("\n")
    return "\n".join(_python(line) for line in text.split("\n"))


def _python(line: str) -> str:
    if "%" not in line and "!" not in line and "?" not in line:
        return line
    bare = line.lstrip()
    if bare.startswith("%%"):
        return ""
    if _TIMED.match(line):
        return _TIMED.sub(r"\1", line)
    line = _ASSIGNED.sub(r"\1None", line)
    return _LINE.sub(r"\1pass", line)
