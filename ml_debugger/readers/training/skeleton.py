"""A line of a log as its fixed text and its numbers.

Lines of one print statement differ in their numbers alone. Their common text, with `MARK` for
each number, is understood once; after that a line costs one match of a pattern made from it.
"""

from __future__ import annotations

import re

MARK = "\0"
SPENT = "\1"
"""Stands for a number whose meaning is settled, in a line that is being understood."""
MAX_TEXT = 4_000

# what a number may stand after: not the letters of a name (top5, layer.1, epoch-3), except
# those of counters that are glued to their number (Epoch3) and the T of ISO times
_FREE = (
    r"(?:(?<![A-Za-z0-9_.])(?<![A-Za-z_][-./@])|(?<=\dT)|(?<=[Ee]poch)|(?<=[Ee]poch[_-])|"
    r"(?<=EPOCH)|(?<=[Ss]tep)|(?<=[Ii]ter)|(?<=[Ff]old)|(?<=[Rr]ank))"
)
_NAMED = (
    r"(?:nan(?:\([\w#]*\))?|inf(?:inity)?)(?:\.0)?(?![A-Za-z0-9_])"
    r"|(?:none|null|n/a)(?![A-Za-z0-9_])"
)
_ODD = r"1\.\#(?:IND|QNAN|SNAN|INF)\d*"
# a single dash is a value only behind an equals sign or a colon, before a separator
_DASH = r"(?:(?<==)-{1,3}(?=\s|[,|;)}\]]|$)|(?:(?<=:)|(?<=:\s))-{1,3}(?=\s*(?:[,|;)}\]]|$)))"
_EXPONENT = r"(?:[eEdD][-+]?\d+)?"
_PLAIN = rf"(?:\d+(?:\.(?:\d+|(?![\w.])))?|\.\d+){_EXPONENT}"
_THOUSANDS = r"[1-9]\d{0,2}(?:,\d{3})+(?!\d|,\d)(?:\.\d+)?"
_COMMA = rf"\d+,\d+{_EXPONENT}(?!\d|,\d)"

_TOKENS = {
    comma: re.compile(
        rf"({_FREE}(?:[-+]?(?:{_ODD}|{_COMMA if comma else _THOUSANDS}|{_PLAIN}|{_NAMED})|"
        rf"{_DASH}))",
        re.IGNORECASE,
    )
    for comma in (False, True)
}
_MATCHED = r"([-+]?(?:\d[\d.,]*+(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf|NaN|Infinity))"
_UNCAUGHT = r"[-+]?(?:\d[\d.,]*+|\.\d+|nan)(?:[eE][-+]?\d+)?"

_TQDM = re.compile(r"%\|[^|\r\n]{0,400}\|")
_KERAS = re.compile(r"\[[=>.]{3,}\]|[━╸╺─]{2,}")
_COMMA_DECIMALS = re.compile(r"[:=|]\s*-?\d+,\d+(?!\d|[,.]\d)")
_POINT_DECIMALS = re.compile(r"[:=|]\s*-?\d+\.\d+")


def with_even_bars(text: str) -> str:
    """The text with progress bars drawn alike, however far they are."""
    if "%|" in text:
        return _TQDM.sub("%||", text)
    if "[=" in text or "[>" in text or "..]" in text or "━" in text:
        return _KERAS.sub("[=]", text)
    return text


def split(text: str, decimal_comma: bool = False) -> tuple[str, list[str]]:
    """The fixed text with `MARK` for each number, and the numbers as written."""
    parts = _TOKENS[decimal_comma].split(text)
    return MARK.join(parts[::2]), parts[1::2]


def pattern(skeleton: str, wanted: frozenset[int]) -> re.Pattern[str] | None:
    """A pattern that matches lines of this skeleton and captures the `wanted` numbers.

    It knows the common spellings of numbers only; a line that it does not match is split. None
    where a comma or point touches a number, so that a match could end it elsewhere.
    """
    texts = skeleton.split(MARK)
    if any(text[:1] in (".", ",") and text[1:2].isdigit() for text in texts[1:]):
        return None
    parts = [re.escape(texts[0])]
    for at, text in enumerate(texts[1:]):
        touched = text[:1] in (".", ",")
        form = _MATCHED if at in wanted else _UNCAUGHT
        parts += [form.replace("*+", "*") if touched else form, re.escape(text)]
    return re.compile("".join(parts))


def decimal_commas(text: str) -> bool:
    """Whether a text writes its decimals with commas, as German and French locales do."""
    commas = len(_COMMA_DECIMALS.findall(text))
    return commas >= 2 and commas > 2 * len(_POINT_DECIMALS.findall(text))


def place(text: str, position: int) -> int:
    """Which number of the line it is that stands at a position of its fixed text."""
    return text.count(MARK, 0, position) + text.count(SPENT, 0, position)
