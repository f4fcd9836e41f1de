"""The report for a person at a terminal: the worst finding last, next to the prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ml_debugger import __version__
from ml_debugger.components import COMPONENTS
from ml_debugger.contract import Result, Status
from ml_debugger.report.curves import curves
from ml_debugger.report.run_findings import drawn_runs
from ml_debugger.report.style import WORDS, Style
from ml_debugger.report.wording import fact
from ml_debugger.runtime.report import Report

MAX_EVIDENCE = 5
MAX_CONSEQUENCES = 4
MAX_UNLOOKED = 6
MAX_FILES = 12
MAX_PICTURES = 2
MAX_PARTS = 12


def render(report: Report, style: Style, *, verbose: bool = False) -> str:
    """The whole report, with a final newline."""
    blocks = [
        *_head(report, style),
        *_files(report, style, verbose=verbose),
        *_curves(report, style, verbose=verbose),
        *_components(report, style),
        *_cleared(report, style, verbose=verbose),
        "",
        *_details(report, style, verbose=verbose),
        *_unlooked(report, style, verbose=verbose),
        *_findings(report, style),
        *_foot(report, style),
    ]
    return "\n".join(line.rstrip() for line in blocks) + "\n"


def _head(report: Report, style: Style) -> Iterator[str]:
    count = len(report.results)
    results = "1 result" if count == 1 else f"{count:,} results"
    parts = ["diagnostic", __version__, report.command, results]
    line = "  ".join((*parts, report.workspace))
    yield from (style.bold(one) for one in _wrap(style, line, "    "))


def _files(report: Report, style: Style, *, verbose: bool) -> Iterator[str]:
    """What the inspected files are; a check of a workspace knows its files already."""
    if report.command != "inspect" or not report.files:
        return
    shown = list(report.files.items())
    for path, words in shown if verbose else shown[:MAX_FILES]:
        yield from _wrap(style, f"{path}: {words}", "    ")
    if len(shown) > MAX_FILES and not verbose:
        yield f"and {len(shown) - MAX_FILES} more files; -v shows them"
    yield ""


def _curves(report: Report, style: Style, *, verbose: bool) -> Iterator[str]:
    if report.command != "inspect":
        return
    runs = drawn_runs(report)
    for run in runs if verbose else runs[:MAX_PICTURES]:
        lines = curves(run, report.results, style)
        yield from lines
        yield from [""] if lines else []
    if len(runs) > MAX_PICTURES and not verbose:
        yield f"and the curves of {len(runs) - MAX_PICTURES} more runs with findings; -v draws them"
        yield ""


def _components(report: Report, style: Style) -> Iterator[str]:
    for component in COMPONENTS:
        results = [r for r in report.results if r.component == component]
        if not results:
            continue
        counts = [
            style.paint(f"{n:>3} {WORDS[status]}", status)
            for status in (Status.PASS, Status.WARN, Status.FAIL, Status.SKIP, Status.ERROR)
            if (n := sum(r.status is status for r in results))
        ]
        yield f"{component.upper() + ' ':.<18}{''.join(f' {count}' for count in counts)}"


def _cleared(report: Report, style: Style, *, verbose: bool) -> Iterator[str]:
    """The columns that passed: whoever tries a feature function asks for these as well."""
    passed = [result.subject for result in report.results if result.status is Status.PASS]
    if report.command == "leakage" and passed and not verbose:
        yield from _wrap(style, f"use no later row: {', '.join(passed)}", "    ")


def _details(report: Report, style: Style, *, verbose: bool) -> Iterator[str]:
    if not verbose:
        return
    for result in report.results:
        if result.status in (Status.PASS, Status.NOTE):
            text = f"{WORDS[result.status]} {result.code} {_where(result)}: {result.title}"
            yield from _wrap(style, text, "     ", result.status)
    yield ""


def _unlooked(report: Report, style: Style, *, verbose: bool) -> Iterator[str]:
    """Skips by reason and every error: what nobody looked at is never silent."""
    skipped: dict[str, list[Result]] = {}
    for result in report.results:
        if result.status is Status.SKIP:
            skipped.setdefault(result.reason or "", []).append(result)
    shown = list(skipped.items())
    hidden = [] if verbose else shown[MAX_UNLOOKED:]
    for reason, results in shown if verbose else shown[:MAX_UNLOOKED]:
        yield from _wrap(style, f"[skip] {_names(results)}: {reason}", "       ")
    if hidden:
        count = sum(len(results) for _, results in hidden)
        reasons = "1 other reason" if len(hidden) == 1 else f"{len(hidden)} other reasons"
        yield f"[skip] {count} more, for {reasons}; -v shows them"
    for result in report.results:
        if result.status is Status.ERROR:
            text = f"[ERROR] {result.code} {result.name} ({_where(result)}): {result.reason}"
            yield from _wrap(style, text, "        ", Status.ERROR)
    if skipped or any(r.status is Status.ERROR for r in report.results):
        yield ""


def _names(results: list[Result]) -> str:
    subjects = {r.subject for r in results}
    codes = list(dict.fromkeys(r.code for r in results))
    named = " ".join(codes[:8]) + (f" and {len(codes) - 8} more" if len(codes) > 8 else "")
    return f"{named} ({subjects.pop()})" if len(subjects) == 1 else named


def _findings(report: Report, style: Style) -> Iterator[str]:
    """The roots, each with what it explains; one fault in several parts of a file is one block."""
    groups: dict[tuple[str, str | None, str], list[Result]] = {}
    for root in report.roots:
        # the gravest comes last, so a group stands where its gravest member does
        key = (root.code, root.path, "" if _part(root) else root.subject)
        groups[key] = [*groups.pop(key, []), root]
    for *others, gravest in groups.values():
        yield from _finding(gravest, others, report, style)
        yield ""


def _part(result: Result) -> str | None:
    """The fold, rank or run of a file that a result is about; None for the whole file."""
    name = result.subject.removeprefix(f"{result.path} (")
    return name.removesuffix(")") if name != result.subject and name.endswith(")") else None


def _finding(root: Result, others: Sequence[Result], report: Report, style: Style) -> Iterator[str]:
    word = f"[{WORDS[root.status]}]"
    new = " NEW" if report.new is not None and root.fingerprint in report.new else ""
    left = f"{word} {root.code} {root.name}{new}"
    where = _where(root)
    gap = style.width - len(left) - len(where)
    if gap >= 2:
        yield style.paint(left, root.status) + " " * gap + style.plain(where)
    else:
        yield style.paint(left, root.status)
        yield from _wrap(style, f"    in    {where}", "          ")
    yield from _wrap(style, f"    saw   {root.title}", "          ")
    for evidence in root.evidence[:MAX_EVIDENCE]:
        yield from _wrap(style, f"          {fact(evidence)}", "            ")
    hidden = len(root.evidence) - MAX_EVIDENCE
    if hidden > 0:
        yield f"          and {hidden} more {'fact' if hidden == 1 else 'facts'} in --format json"
    if others:
        named = [f"{_part(r)} ({WORDS[r.status]})" for r in others[:MAX_PARTS]]
        more = f" and {len(others) - MAX_PARTS} more" if len(others) > MAX_PARTS else ""
        yield from _wrap(style, f"    also  {', '.join(named)}{more}", "          ")
    consequences = report.consequences(root)
    for consequence in consequences[:MAX_CONSEQUENCES]:
        line = f"    then  {WORDS[consequence.status]} {consequence.code} {consequence.name}"
        yield from _wrap(style, f"{line}: {consequence.title}", "          ")
    if len(consequences) > MAX_CONSEQUENCES:
        yield f"    then  {len(consequences) - MAX_CONSEQUENCES} more that it explains"
    yield f"    do    diagnostic explain {root.code}"


def _where(result: Result) -> str:
    if result.path is None:
        return result.subject
    place = result.path if result.subject in (result.path, "") else result.subject
    return f"{place}:{result.line}" if result.line is not None and place == result.path else place


def _foot(report: Report, style: Style) -> Iterator[str]:
    for note in report.notes:
        yield from _wrap(style, f"note: {note}", "      ")
    if report.interrupted:
        yield from _wrap(
            style, "INTERRUPTED: what was not judged by then is missing here", "", Status.ERROR
        )
    if report.broken:
        yield from _wrap(style, f"INCOMPLETE: {report.broken}", "", Status.ERROR)
    summary = report.summary
    counts = ", ".join(
        f"{summary.counts[s]} {s.value}"
        for s in (Status.FAIL, Status.WARN, Status.ERROR, Status.SKIP, Status.PASS)
        if summary.counts[s]
    )
    yield f"{counts or 'nothing was judged'}  in {report.seconds:.1f} s"
    if report.new is not None:
        fixed = f"; gone: {', '.join(report.gone)}" if report.gone else ""
        yield from _wrap(style, f"since the last run: {len(report.new)} new{fixed}")
    if summary.score is not None:
        capped = ", capped by a failure" if summary.counts[Status.FAIL] else ""
        yield (
            f"score {summary.score} {summary.grade}{capped}; coverage {summary.coverage:.0%}"
            f"; run {report.run}; exit {report.exit_code}"
        )
    else:
        yield f"no score: nothing was judged; run {report.run}; exit {report.exit_code}"


def _wrap(
    style: Style, text: str, indent: str = "", first_word: Status | None = None
) -> Iterator[str]:
    """Lines of at most the terminal's width; the first word may be painted as a status."""
    lines = style.wrap(text, indent)
    if first_word is not None and lines:
        word, _, rest = lines[0].partition(" ")
        lines[0] = f"{style.paint(word, first_word)} {rest}"
    yield from lines
