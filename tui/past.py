"""Past runs of this workspace; Enter shows what one of them found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ContentSwitcher, Static

from ml_debugger.errors import UsageError
from ml_debugger.report.style import Style
from ml_debugger.runtime.history import History, PastRun
from ml_debugger.runtime.report import Report
from tui.choices import Choices
from tui.detail import Cards
from tui.findings import Findings

OpenHistory = Callable[[], History]
MOST_RUNS = 200


class Past(Vertical):
    """The list of stored runs, and the findings of the chosen one."""

    def __init__(
        self, open_history: OpenHistory | None, cards: Cards, style: Style, *, id: str
    ) -> None:
        super().__init__(id=id)
        self._open = open_history
        self._cards = cards
        self._style = style
        self._runs: dict[str, PastRun] = {}
        self._workspace: str | None = None

    def compose(self) -> ComposeResult:
        yield Static("reading the history", classes="count", markup=False)
        with ContentSwitcher(initial="runs"):
            yield Choices(id="runs")
            yield Findings(self._cards, self._style, id="run")

    def show(self, report: Report) -> None:
        """Remember whose past is meant, and look at it when it is on the screen."""
        if self._workspace != report.workspace:
            self._workspace = report.workspace
            if self.display:
                self._read()

    def take_focus(self) -> None:
        """Look at the history again, and let the keys move in the list."""
        if self.query_one(ContentSwitcher).current == "run":
            self.query_one(Findings).take_focus()
        else:
            self._read()
            self.query_one("#runs", Choices).focus()

    def back(self) -> bool:
        """Leave the findings of a run; False in the list of runs."""
        switcher = self.query_one(ContentSwitcher)
        if switcher.current != "run":
            return False
        if not self.query_one(Findings).back():
            switcher.current = "runs"
            self.take_focus()
        return True

    @on(Choices.OptionSelected, "#runs")
    def _chosen(self, event: Choices.OptionSelected) -> None:
        event.stop()
        past = self._runs[event.option_id or ""]
        self.run_worker(lambda: self._load(past), thread=True, group="history", exit_on_error=False)

    def _read(self) -> None:
        if self._open is None or self._workspace is None:
            self.query_one(".count", Static).update("no history is kept")
            return
        self.run_worker(self._list, thread=True, group="history", exit_on_error=False)

    def _list(self) -> None:
        """In a thread: the database may be locked or lie on a slow disk."""
        assert self._open is not None
        try:
            history = self._open()
            try:
                runs = history.runs(MOST_RUNS, self._workspace)
            finally:
                history.close()
        except (OSError, sqlite3.Error, UsageError) as error:
            self.app.call_from_thread(self._say, f"the history cannot be read: {error}")
            return
        self.app.call_from_thread(self._fill, runs)

    def _load(self, past: PastRun) -> None:
        """In a thread, as above."""
        assert self._open is not None
        try:
            history = self._open()
            try:
                results = history.results(past.run)
            finally:
                history.close()
        except (OSError, sqlite3.Error, UsageError) as error:
            self.app.call_from_thread(self._say, f"the run cannot be read: {error}")
            return
        report = Report(
            run=past.run,
            command=past.command,
            profile=past.profile,
            started=past.started,
            seconds=past.seconds or 0.0,
            workspace=past.workspace,
            results=tuple(results),
        )
        self.app.call_from_thread(self._show_run, report)

    def _say(self, text: str) -> None:
        self.query_one(".count", Static).update(Text(self._style.plain(text)))

    def _fill(self, runs: list[PastRun]) -> None:
        self._runs = {past.run: past for past in runs}
        if self.query_one(ContentSwitcher).current == "runs":
            kinds = f"stored run{'s' * (len(runs) != 1)} of this workspace; Enter opens one"
            self._say(f"{len(runs)} {kinds}" if runs else "no run of this workspace is stored yet")
        self.query_one("#runs", Choices).replace([(past.run, _line(past)) for past in runs])

    def _show_run(self, report: Report) -> None:
        self.query_one(Findings).show(report)
        self.query_one(ContentSwitcher).current = "run"
        self._say(f"run {report.run} of {report.started[:19]}Z; Esc goes back to the list")
        self.query_one(Findings).take_focus()


def _line(past: PastRun) -> Text:
    text = Text(f"{past.started[:19].replace('T', ' ')}Z  ", no_wrap=True, end="")
    text.append(f"{past.command} {past.profile}"[:18].ljust(20))
    if past.summary is None:
        return text.append("not finished", "magenta")
    fail, warn, error = (past.summary.get(key) or 0 for key in ("fail", "warn", "error"))
    text.append(f"{fail:>3} FAIL ", "bold red" if fail else "dim")
    text.append(f"{warn:>3} WARN ", "yellow" if warn else "dim")
    text.append(f"{error:>3} ERROR", "magenta" if error else "dim")
    score, grade = past.summary.get("score"), past.summary.get("grade")
    return text.append("" if score is None else f"  {score:>3} {grade}")
