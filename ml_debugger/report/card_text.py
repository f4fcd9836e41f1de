"""A check's card as `explain` prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ml_debugger.report.card import CardFacts
from ml_debugger.report.style import Style


def render(facts: CardFacts, style: Style) -> str:
    """The card, with a final newline."""
    check, card = facts.check, facts.check.card
    lines = [style.bold(style.plain(f"{check.code} {check.name}")), ""]
    lines += _wrap(style, card.headline)
    lines.append("")
    playbook = f"{facts.playbook}: diagnostic playbook run {check.code}" if facts.playbook else ""
    preview = ("preview", "yes: new, its limits may still move") if check.preview else None
    for pair in (
        ("component", check.component),
        ("judges", ", ".join(facts.judges)),
        ("profiles", ", ".join(check.profiles)),
        ("explained by", ", ".join(facts.explained_by)),
        ("explains", ", ".join(facts.explains)),
        ("playbook", playbook),
        ("fix", f"{check.fix}: diagnostic fix {check.code}" if check.fix else ""),
        preview,
    ):
        if pair is not None and pair[1]:
            lines += _wrap(style, f"{pair[0]:<14}{pair[1]}", " " * 14)
    for heading, text in (
        ("What it measures", card.measures),
        ("Why it matters", card.matters),
        ("What to do", card.remedy),
        ("Sources", "\n".join(sources(card.sources))),
    ):
        lines += ["", style.bold(heading)]
        lines += _section(style, text)
    lines += ["", style.bold("Limits")]
    for limit in facts.limits:
        lines += _limit(style, limit)
    if facts.settings:
        lines += ["", style.bold("Settings")]
    for setting in facts.settings:
        value = f"{setting['value']:g} {setting['unit']}"
        lines += _wrap(style, f"  {setting['name']} = {value}", "    ")
        lines += _explained(style, setting)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _limit(style: Style, limit: dict[str, Any]) -> Iterator[str]:
    beyond = ">" if limit["direction"] == "above" else "<"
    levels = [
        f"{level} {beyond} {limit[level]:g}"
        for level in ("warn", "fail", "skip")
        if limit[level] is not None
    ]
    unit = f"  [{limit['unit']}]" if limit["unit"] else ""
    yield from _wrap(style, f"  {limit['name']}  {', '.join(levels) or 'never'}{unit}", "    ")
    yield from _explained(style, limit)


def _explained(style: Style, entry: dict[str, Any]) -> Iterator[str]:
    yield from _wrap(style, f"    {entry['meaning']}", "    ")
    if entry["source"]:
        yield from _wrap(style, f"    source: {entry['source']}", "      ")
    if entry["configured"] is not None:
        configured = entry["configured"]
        yield from _wrap(style, f"    set by {configured['source']}: {_text(configured)}", "      ")


def _text(configured: dict[str, Any]) -> str:
    value = configured["value"]
    levels = value.items() if isinstance(value, dict) else (("", value),)
    now = " ".join(f"{name} {number:g}".strip() for name, number in levels)
    defaults = " ".join(
        f"{name} {number:g}".strip()
        for name, number in configured["default"].items()
        if number is not None
    )
    return f"{now} (default: {defaults})"


def sources(text: str) -> tuple[str, ...]:
    """The entries of a card's sources, each as a list entry: one ends where a line ends with a
    full stop."""
    entries: list[str] = []
    begun = ""
    for line in text.splitlines():
        begun = f"{begun} {line.strip().removeprefix('- ')}".strip()
        if begun.endswith("."):
            entries.append(f"- {begun}")
            begun = ""
    return (*entries, *([f"- {begun}"] if begun else ()))


def _section(style: Style, text: str) -> Iterator[str]:
    """Paragraphs and list entries of a card, wrapped anew for this width."""
    for block in _blocks(text.splitlines()):
        deeper = "    " if block.startswith(("- ", "* ")) else "  "
        yield from _wrap(style, f"  {block}" if block else "", deeper)


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    block: list[str] = []
    for line in lines:
        begins = not line.strip() or line.lstrip().startswith(("- ", "* "))
        if begins and block:
            yield " ".join(block)
            block = []
        if not line.strip():
            yield ""
        else:
            block.append(line.strip())
    if block:
        yield " ".join(block)


def _wrap(style: Style, text: str, indent: str = "") -> list[str]:
    """Lines of a text; an empty one keeps its line."""
    return style.wrap(text, indent) or [""]
