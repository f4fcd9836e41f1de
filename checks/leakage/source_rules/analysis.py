"""One source from its text to its findings."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from checks.leakage.source_rules import evidence, program, strategies, verdict
from checks.leakage.source_rules.interpreter import Run
from checks.leakage.source_rules.relevance import relevant
from checks.leakage.source_rules.trace import Finding
from ml_debugger.artifacts import SourceFile

_TRIGGERS = re.compile(
    r"\b(?:shift\w*|pct_change|diff|roll|lead)\([^)\n]*-|\[\s*\w+\s*\+\s*\d+\s*\]|Ref\(|asof|resample\(|"
    r"transform\(|\.fit\(|\.adapt\(|fit_resample|fit_sample|train_test_split|Fold\b|ShuffleSplit|"
    r"cross_val|SearchCV|random_split|shuffle|permutation\(|sample\(|center\s*=|convolve|"
    r"filt(?:er|filt)|decompose|bfill|backfill|backward|interpolate|reindex|rank\(|qcut|zscore|scale\(|"
    r"dwt|wave(?:dec|rec)|denoise|lowess|hpfilter|\bSTL|EMD|fft\(|hilbert|backtrader|"
    r"(?:mean|std|max|min|quantile|percentile)\("
)
"""Words without which no rule can fire: most files of a repository have none."""
_PURGE = re.compile(r"purge|embargo", re.I)


@dataclass(frozen=True)
class Analysis:
    """The findings in one source. `reason` says why nothing could be looked at."""

    findings: tuple[Finding, ...]
    program: program.Program
    reason: str | None = None
    rest: str = ""

    def where(self, line: int) -> str:
        """The place of a finding."""
        return self.program.where(line)

    def line(self, line: int) -> int:
        """The line within the file or the cell."""
        return self.program.line(line)


def analyse(source: SourceFile) -> Analysis:
    """Parse and follow the data; a text without any sign of a series is not parsed."""
    text = "\n".join(cell.text for cell in source.cells)
    if _TRIGGERS.search(text) is None or not evidence.may_be_series(text):
        return Analysis((), program.EMPTY)
    parsed = program.parse(source)
    if parsed.unparsed and not parsed.tree.body:
        return Analysis((), parsed, f"does not parse as Python 3: {parsed.unparsed[0]}")
    rest = f"; not parsed: {parsed.unparsed[0]}" if parsed.unparsed else ""
    if _is_test(parsed.tree):
        return Analysis((), parsed, "test code: it may plant such faults on purpose")
    signs = evidence.gather(parsed.tree)
    if not signs.is_series:
        return Analysis((), parsed, rest=rest)
    lines = [n for n, line in enumerate(text.split("\n"), 1) if _TRIGGERS.search(line)]
    run = Run(parsed.tree, relevant(parsed.tree, lines))
    trace = run.all()
    if "backtrader" in signs.market:
        trace.findings.update(strategies.later_bars(parsed.tree))
    if "Ref(" in text:
        trace.findings.update(strategies.later_references(parsed.tree))
    found = verdict.findings(trace, signs, purged=_PURGE.search(text) is not None)
    if run.exhausted:
        rest += "; too large to be followed to its end"
        if not found:
            return Analysis((), parsed, "too large to be followed to its end")
    return Analysis(tuple(found), parsed, rest=rest)


def _is_test(tree: ast.Module) -> bool:
    """Whether the file holds tests of a test framework."""
    framework = _imports(tree, {"pytest", "unittest", "hypothesis"})
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                return framework or any(isinstance(inner, ast.Assert) for inner in ast.walk(node))
            case ast.ClassDef(name=name) if name.startswith("Test") and framework:
                return True
            case ast.ClassDef(bases=bases) if any(
                getattr(base, "attr", getattr(base, "id", "")) == "TestCase" for base in bases
            ):
                return True
    return False


def _imports(tree: ast.Module, modules: set[str]) -> bool:
    for node in tree.body:
        match node:
            case ast.Import(names=names):
                roots = {alias.name.split(".")[0] for alias in names}
            case ast.ImportFrom(module=str(module)):
                roots = {module.split(".")[0]}
            case _:
                continue
        if roots & modules:
            return True
    return False
