import subprocess
import sys
from types import SimpleNamespace

import pytest

from commands import watch
from ml_debugger.errors import UsageError


class Stream:
    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Standard streams that are terminals, in place of those that pytest captures."""
    streams = SimpleNamespace(stdin=Stream(True), stdout=Stream(True), stderr=Stream(True))
    monkeypatch.setattr(watch, "sys", streams)
    monkeypatch.setenv("TERM", "xterm-256color")
    return streams


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_enough() -> None:
    watch.require_terminal()


@pytest.mark.parametrize(
    ("name", "word"), [("stdin", "input"), ("stdout", "output"), ("stderr", "error")]
)
def test_a_stream_that_is_no_terminal_is_named(
    terminal: SimpleNamespace, name: str, word: str
) -> None:
    setattr(terminal, name, Stream(False))
    with pytest.raises(UsageError, match=f"standard {word}"):
        watch.require_terminal()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("value", ["dumb", ""])
def test_a_dumb_terminal_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TERM", value)
    with pytest.raises(UsageError, match="TERM"):
        watch.require_terminal()


def test_without_a_terminal_the_exit_code_is_2_and_textual_stays_unloaded() -> None:
    script = (
        "import sys; from commands.main import run; code = run(['watch']);"
        "print(code, 'textual' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, input=""
    )
    assert done.stdout.split() == ["2", "False"]
    assert done.stderr.startswith("diagnostic: watch needs a terminal")
    assert done.stderr.count("\n") == 1
