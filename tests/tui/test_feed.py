import threading
from collections.abc import Callable, Iterator

from ml_debugger.runtime.events import Event
from ml_debugger.runtime.report import Report
from tui.feed import Feed

Replayed = Callable[[Report], Iterator[Event]]


def in_thread(feed: Feed) -> threading.Thread:
    thread = threading.Thread(target=feed.run, daemon=True)
    thread.start()
    return thread


def test_the_report_of_a_finished_run_stays_while_the_next_one_goes_on(
    report: Report, replayed: Replayed
) -> None:
    second, go_on = threading.Event(), threading.Event()
    runs = iter(range(10))

    def source(stop: threading.Event) -> Iterator[Event]:  # noqa: ARG001
        events = list(replayed(report))
        if next(runs) == 0:
            yield from events
            return
        yield from events[:4]
        second.set()
        go_on.wait(30)

    feed = Feed(source, refresh=0.0)
    thread = in_thread(feed)
    assert second.wait(30)
    view = feed.view()
    assert (view.report, view.running, view.done, view.total) == (report, True, 2, 6)
    assert view.age is not None
    feed.stop()
    go_on.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_first_run_shows_what_it_has_found_so_far(report: Report, replayed: Replayed) -> None:
    some, go_on = threading.Event(), threading.Event()

    def source(stop: threading.Event) -> Iterator[Event]:  # noqa: ARG001
        yield from list(replayed(report))[:4]
        some.set()
        go_on.wait(30)

    feed = Feed(source, refresh=600.0)
    thread = in_thread(feed)
    assert some.wait(30)
    view = feed.view()
    assert view.report is not None
    assert [r.code for r in view.report.results] == ["TRN001", "PRD004"]
    assert view.age is None
    feed.stop()
    go_on.set()
    thread.join(30)


def test_a_failing_source_is_told_and_tried_again(report: Report, replayed: Replayed) -> None:
    failed, recovered = threading.Event(), threading.Event()

    def source(stop: threading.Event) -> Iterator[Event]:  # noqa: ARG001
        if not failed.is_set():
            failed.set()
            raise OSError("the disk is gone")
        yield from replayed(report)
        recovered.set()

    feed = Feed(source, refresh=0.0)
    thread = in_thread(feed)
    assert recovered.wait(30)
    feed.stop()
    thread.join(30)
    assert feed.view().report == report
    assert feed.view().problem is None


def test_the_error_of_a_source_is_kept_in_words() -> None:
    def source(stop: threading.Event) -> Iterator[Event]:
        stop.set()
        raise OSError("the disk is gone")
        yield

    feed = Feed(source, refresh=0.0)
    feed.run()
    assert feed.view().problem == "OSError: the disk is gone"


def test_stopping_reaches_the_source(report: Report, replayed: Replayed) -> None:
    started = threading.Event()

    def source(stop: threading.Event) -> Iterator[Event]:
        yield from list(replayed(report))[:2]
        started.set()
        assert stop.wait(30)

    feed = Feed(source, refresh=600.0)
    thread = in_thread(feed)
    assert started.wait(30)
    feed.stop()
    thread.join(30)
    assert not thread.is_alive()
