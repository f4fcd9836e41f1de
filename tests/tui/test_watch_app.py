"""The screens by their text, at 80 columns and 24 lines."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.widgets import Input

from ml_debugger.contract import Status
from ml_debugger.report.style import Style
from ml_debugger.runtime.events import Event
from ml_debugger.runtime.history import History
from ml_debugger.runtime.report import Report
from tui.app import WatchApp
from tui.choices import Choices

SIZE = (80, 24)
MakeApp = Callable[..., WatchApp]
Wait = Callable[..., Any]
Seen = Callable[[WatchApp], str]
Replayed = Callable[[Report], Iterator[Event]]


async def test_findings_show_roots_consequences_and_the_chosen_one_in_full(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        text = seen(watch)
        assert "2 FAIL  1 WARN  1 ERROR" in text
        assert "FAIL  TRN001 Loss is NaN from epoch 80" in text
        assert "FAIL    PRD004" in text
        assert "share: 0.2 (limit 0)" in text
        assert "Lower the learning rate and clip the gradient." in text
        assert "it was not in the last stored run" in text
        assert "diagnostic playbook run nan-loss" in text
        await pilot.press("j")
        assert "from  TRN001 non-finite-loss: Loss is NaN from epoch 80" in seen(watch)
        await pilot.press("G")
        assert "the check took longer than 20 s" in seen(watch)
        await pilot.press("g")
        assert "non-finite-loss  training" in seen(watch)


async def test_the_filter_narrows_inverts_and_is_cleared_by_escape(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"trn")
        assert "1 of 4 lines match" in seen(watch)
        assert "FEA002" not in seen(watch)
        await pilot.press("home", "!", "enter")
        assert "3 of 4 lines match" in seen(watch)
        assert "FAIL  PRD004" in seen(watch)
        await pilot.press("escape")
        assert "FAIL    PRD004" in seen(watch)
        assert not watch.main.query_one("#findings Input", Input).display


async def test_a_letter_typed_into_the_filter_is_no_command(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("slash", *"q2r")
        assert watch.is_running
        assert "0 of 4 lines match" in seen(watch)
        assert "[1 Findings]" in seen(watch)


async def test_enter_reads_a_finding_in_full_and_escape_goes_back(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("enter")
        assert "FEA002" not in seen(watch)
        assert "non-finite-loss" in seen(watch)
        await pilot.press("escape")
        assert "FEA002" in seen(watch)


async def test_all_results_are_a_key_away(app: MakeApp, settle: Wait, seen: Seen) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("a", "G")
        assert "38 % of the limit is used" in seen(watch)


async def test_digits_choose_the_screen(app: MakeApp, settle: Wait, seen: Seen) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("2")
        assert "61.0 GiB of 80.0 GiB  93 % busy" in seen(watch)
        assert "has fallen off the bus" in seen(watch)
        assert "12.0 GiB of 32.0 GiB (this container's limit)" in seen(watch)
        assert "no answer within 5 s" in seen(watch)
        await pilot.press("3")
        assert "first 1.1  last nan  best 0.171839 at 79" in seen(watch)
        assert "FAIL  TRN001 epoch 80  Loss is NaN" in seen(watch)
        await pilot.press("4")
        assert "no history is kept" in seen(watch)
        await pilot.press("escape")
        assert "[1 Findings]" in seen(watch)


async def test_a_machine_without_gpu_and_a_silent_driver_are_told_apart(
    app: MakeApp, report: Report, settle: Wait, seen: Seen
) -> None:
    assert report.picture.gpu is not None
    for state, words in (
        ("absent", "no GPU seen"),
        ("unreachable", "the driver did not answer"),
    ):
        gpu = replace(report.picture.gpu, state=state, devices=())
        watch = app(replace(report, picture=replace(report.picture, gpu=gpu)))
        async with watch.run_test(size=SIZE) as pilot:
            await settle(pilot)
            await pilot.press("2")
            assert words in seen(watch)


async def test_help_opens_and_closes(app: MakeApp, settle: Wait, seen: Seen) -> None:
    watch = app()
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        assert "leave at once" in seen(watch)
        await pilot.press("2")
        assert "leave at once" in seen(watch)
        await pilot.press("escape")
        assert "leave at once" not in seen(watch)
        assert "[1 Findings]" in seen(watch)
        await pilot.press("question_mark", "q")
    assert watch.return_code == 0


async def test_q_leaves_while_a_run_is_under_way(app: MakeApp) -> None:
    started, stopped = threading.Event(), threading.Event()

    def source(stop: threading.Event) -> Iterator[Event]:
        started.set()
        assert stop.wait(30)
        stopped.set()
        yield from ()

    watch = app(source)
    async with watch.run_test(size=SIZE) as pilot:
        while not started.is_set():
            await pilot.pause()
        await pilot.press("q")
    assert stopped.wait(30)
    assert watch.return_code == 0


async def test_a_refresh_keeps_what_was_chosen(
    app: MakeApp, report: Report, replayed: Replayed, settle: Wait, seen: Seen
) -> None:
    worse = replace(report.results[2], status=Status.FAIL, title="it is worse")
    grown = replace(report, results=(worse, *report.results[:2], *report.results[3:]))
    reports = iter((report, grown))
    watch = app(lambda stop: replayed(next(reports)))  # noqa: ARG005
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("j")
        before = watch.feed.view().version
        await pilot.press("r")
        while watch.feed.view().version == before:
            await pilot.pause()
        await settle(pilot)
        assert "it is worse" in seen(watch)
        option = watch.main.query_one("#findings Choices", Choices).highlighted_option
        assert option is not None
        assert "PRD004" in str(option.prompt)


async def test_a_failing_run_is_shown_and_not_fatal(app: MakeApp, settle: Wait, seen: Seen) -> None:
    def source(stop: threading.Event) -> Iterator[Event]:  # noqa: ARG001
        raise OSError("the disk is gone")
        yield

    watch = app(source)
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "refresh failed: OSError: the disk is gone" in seen(watch)
        await pilot.press("2")
        assert "[2 Machine]" in seen(watch)


async def test_an_incomplete_run_says_so(
    app: MakeApp, report: Report, settle: Wait, seen: Seen
) -> None:
    watch = app(replace(report, broken="gave up after 25 workers had died"))
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "INCOMPLETE: gave up after 25 workers had died" in seen(watch)


async def test_past_runs_open_with_enter(
    app: MakeApp,
    report: Report,
    replayed: Replayed,
    settle: Wait,
    history_read: Wait,
    seen: Seen,
    tmp_path: Path,
) -> None:
    def open_history() -> History:
        return History(tmp_path / "history.db")

    history = open_history()
    list(history.record(replayed(replace(report, results=report.results[:1]))))
    history.close()
    watch = app(history=open_history)
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await history_read(pilot)
        assert "2026-11-21 10:00:00Z  check full            1 FAIL   0 WARN" in seen(watch)
        await pilot.press("enter")
        await history_read(pilot)
        assert "TRN001 Loss is NaN from epoch 80" in seen(watch)
        assert "FEA002" not in seen(watch)
        await pilot.press("escape")
        await history_read(pilot)
        assert "1 stored run of this workspace" in seen(watch)


async def test_a_broken_history_is_told(
    app: MakeApp, settle: Wait, history_read: Wait, seen: Seen, tmp_path: Path
) -> None:
    file = tmp_path / "history.db"
    file.write_bytes(b"this is no database, " * 100)
    watch = app(history=lambda: History(file))
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await history_read(pilot)
        assert "the history cannot be read" in seen(watch)


async def test_a_window_too_small_says_so_and_takes_only_q(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app()
    async with watch.run_test(size=(59, 24)) as pilot:
        await settle(pilot)
        assert "too small" in seen(watch)
        await pilot.press("2", "question_mark", "slash", "escape")
        assert "too small" in seen(watch)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "[1 Findings]" in seen(watch)
        await pilot.resize_terminal(80, 14)
        await pilot.pause()
        await pilot.press("q")
    assert watch.return_code == 0


async def test_a_locale_without_unicode_gets_ascii_only(
    app: MakeApp, settle: Wait, seen: Seen
) -> None:
    watch = app(style=Style())
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        for key in "1234":
            await pilot.press(key)
            assert seen(watch).isascii()


async def test_what_a_file_is_called_cannot_steer_the_terminal(
    app: MakeApp, report: Report, settle: Wait, seen: Seen
) -> None:
    evil = replace(report.results[0], subject="\x1b[2J[bold]x[/]", title="\x07\x1b]0;owned\x07")
    watch = app(replace(report, results=(evil,)))
    async with watch.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert "\\x1b]0;owned" in seen(watch)
        assert "[bold]x[/]" in seen(watch)
        assert "\x1b" not in seen(watch)
