"""What a command prints arrives unchanged, and its copy too."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.monitor.wrapped.process import Wrapped
from ml_debugger.monitor.wrapped.relay import Copy, relay

Ran = tuple[bytes, bytes, int]
Run = Callable[[str], Ran]


@pytest.fixture
def run(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a Python program wrapped; gives standard output, the copy and the exit code."""

    def run(program: str) -> Ran:
        copy = Copy(tmp_path / "output.log")
        wrapped = Wrapped(
            [sys.executable, "-c", program], size=(24, 100), keys=False, environment=os.environ
        )
        relay(wrapped, copy, keys=None, tick=lambda: None, seen=lambda _: None)
        code = wrapped.wait()
        wrapped.close()
        copy.close()
        return capfdbinary.readouterr().out, copy.path.read_bytes(), code

    return run


def test_bytes_pass_unchanged(run: Run) -> None:
    data = bytes(range(256)) * 40 + b"a\nb\r\n\x1b[1mc"
    out, copy, code = run(f"import os; os.write(1, {data!r})")
    assert out == data
    assert copy == data
    assert code == 0


def test_much_output_arrives_whole(run: Run) -> None:
    out, copy, _ = run("import sys; sys.stdout.write('step 1 loss=0.5\\n' * 100_000)")
    assert out == copy == b"step 1 loss=0.5\n" * 100_000


def test_the_command_believes_to_stand_at_a_terminal(run: Run) -> None:
    out, _, _ = run("import os, sys; print(sys.stdout.isatty(), os.get_terminal_size().columns)")
    assert out == b"True 100\n"


def test_both_outputs_keep_their_ways(run: Run) -> None:
    program = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    out, copy, _ = run(program)
    assert out == b"out\n"
    assert sorted(copy) == sorted(b"out\nerr\n")


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 128 + 9),
        ("import os; os.kill(os.getpid(), 15)", 128 + 15),
    ],
)
def test_the_exit_code_is_that_of_the_command(run: Run, program: str, code: int) -> None:
    assert run(program)[2] == code


def test_a_process_left_behind_does_not_hold_the_end_up(run: Run) -> None:
    program = (
        "import subprocess, sys; print('done', flush=True);"
        "subprocess.Popen(['sleep', '600'], stdout=sys.stdout)"
    )
    assert run(program)[0] == b"done\n"


def test_a_signal_reaches_what_the_command_started() -> None:
    program = (
        "import subprocess, sys; p = subprocess.Popen(['sleep', '600']);"
        "print('up', flush=True); sys.exit(p.wait() == 0)"
    )
    wrapped = Wrapped(
        [sys.executable, "-c", program], size=(24, 80), keys=False, environment=os.environ
    )
    assert wrapped.read(wrapped.outputs[0]).startswith(b"up")
    wrapped.send(signal.SIGTERM)
    assert wrapped.wait() == 128 + signal.SIGTERM
    wrapped.close()


def test_a_command_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Wrapped(["no-such-command-here"], size=(24, 80), keys=False, environment=os.environ)


def test_a_full_disk_ends_the_copy_and_not_the_training() -> None:
    copy = Copy(Path("/dev/full"))
    copy.add(b"step 1 loss=0.5\n")
    copy.add(b"step 2 loss=0.4\n")
    copy.close()
    assert copy.problem is not None
    assert "No space left" in copy.problem
