"""Reference pages in Markdown, made from the declarations of the built-in checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ml_debugger.contract import Check
from ml_debugger.contract.code import PREFIXES
from ml_debugger.report.card import CardFacts, describe
from ml_debugger.report.card_text import sources
from ml_debugger.runtime.registry import Registry

BUILT_IN = "checks."
MADE = "<!-- Made by references/build.py from the checks' own declarations; do not edit. -->"


def pages(registry: Registry) -> dict[PurePosixPath, str]:
    """The pages by their path below `references/`: one a prefix, and the thresholds."""
    own = [c for c in registry.values() if c.measure.__module__.startswith(BUILT_IN)]
    prefixes = sorted({check.prefix for check in own})
    by_prefix = {
        prefix: [describe(check, registry) for check in own if check.prefix == prefix]
        for prefix in prefixes
    }
    made = {
        PurePosixPath("checks", f"{prefix}.md"): _prefix_page(prefix, facts)
        for prefix, facts in by_prefix.items()
    }
    made[PurePosixPath("thresholds.md")] = _thresholds(by_prefix)
    return made


def _prefix_page(prefix: str, group: Sequence[CardFacts]) -> str:
    lines = [MADE, "", f"# {prefix}: {PREFIXES[prefix]}", ""]
    lines += [f"- [{_title(facts.check)}](#{_anchor(facts.check)})" for facts in group]
    for facts in group:
        lines += ["", *_card(facts)]
    return "\n".join(lines) + "\n"


def _title(check: Check) -> str:
    return f"{check.code} {check.name}"


def _anchor(check: Check) -> str:
    return f"{check.code.lower()}-{check.name}"


def _card(facts: CardFacts) -> Iterator[str]:
    check, card = facts.check, facts.check.card
    yield f"## {_title(check)}"
    yield ""
    yield _escaped(card.headline)
    yield ""
    for name, value in (
        ("component", check.component),
        ("judges", ", ".join(facts.judges)),
        ("profiles", ", ".join(check.profiles)),
        ("explained by", ", ".join(facts.explained_by)),
        ("explains", ", ".join(facts.explains)),
        ("playbook", f"`diagnostic playbook run {check.code}`" if facts.playbook else ""),
        ("preview", "yes" if check.preview else ""),
    ):
        if value:
            yield f"- {name}: {value}"
    for heading, text in (
        ("What it measures", card.measures),
        ("Why it matters", card.matters),
        ("What to do", card.remedy),
        ("Sources", "\n".join(sources(card.sources))),
    ):
        yield from ("", f"**{heading}**", "", _escaped(text))
    yield from ("", "**Limits**", "", *_table(facts.limits))
    if facts.settings:
        yield from ("", "**Settings**", "")
        yield "| name | default | unit | meaning |"
        yield "| --- | --- | --- | --- |"
        for setting in facts.settings:
            cells = (
                f"`{setting['name']}`",
                f"{setting['default']:g}",
                setting["unit"],
                setting["meaning"],
            )
            yield _row(cells)


def _table(limits: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| name | bad side | warn | fail | skip | unit | meaning |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for limit in limits:
        yield _row(
            (
                f"`{limit['name']}`",
                limit["direction"],
                *_levels(limit),
                limit["unit"],
                limit["meaning"],
            )
        )


def _thresholds(by_prefix: Mapping[str, Sequence[CardFacts]]) -> str:
    lines = [
        MADE,
        "",
        "# Thresholds and their sources",
        "",
        "Every number by which a built-in check decides, or that its measurement needs, and where",
        "its default comes from. `diagnostic.toml` overrides each of them under",
        "`[limits.CHECK]`, as `name = number` or `name = { warn = ..., fail = ..., skip = ... }`;",
        "`diagnostic explain CHECK` shows the values in force.",
    ]
    for prefix, group in by_prefix.items():
        lines += ["", f"## {prefix}: {PREFIXES[prefix]}", ""]
        lines += ["| check | name | bad side | warn | fail | skip | unit | source |"]
        lines += ["| --- | --- | --- | --- | --- | --- | --- | --- |"]
        for facts in group:
            check = facts.check
            link = f"[{_title(check)}](checks/{prefix}.md#{_anchor(check)})"
            for limit in facts.limits:
                cells = (f"`{limit['name']}`", limit["direction"], *_levels(limit))
                lines.append(_row((link, *cells, limit["unit"], limit["source"])))
            for setting in facts.settings:
                value = f"setting: {setting['default']:g}"
                cells = (f"`{setting['name']}`", value, "", "", "")
                lines.append(_row((link, *cells, setting["unit"], setting["source"])))
    return "\n".join(lines) + "\n"


def _levels(limit: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        "" if limit[level] is None else f"{limit[level]:g}" for level in ("warn", "fail", "skip")
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _escaped(text: str) -> str:
    """Markdown shows `<`, `*` and `_` of plain text as they are; code needs nothing."""
    if text.startswith("`"):
        return text
    for character in "<*_":
        text = text.replace(character, f"\\{character}")
    return text
