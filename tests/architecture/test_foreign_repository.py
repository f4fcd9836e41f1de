"""A trading repository with folders named like ours works untouched."""

import subprocess
import sys

import pytest


@pytest.fixture
def repository(tmp_path, write):
    for name in ("checks", "commands", "tui", "playbooks"):
        write(f"repo/{name}/__init__.py", "raise RuntimeError('imported the wrong package')\n")
    write("repo/click.py", "raise RuntimeError('imported the wrong click')\n")
    write("repo/logs/metrics.csv", "epoch,train_loss\n" + "".join(f"{n},nan\n" for n in range(9)))
    return tmp_path / "repo"


@pytest.mark.parametrize("path", ["", "."])
def test_started_inside_it(repository, path, own_home) -> None:
    (repository / "click.py").unlink() if path else None
    script = f"{sys.prefix}/bin/diagnostic"
    done = subprocess.run(
        [script, "inspect", "logs", "--format", "json"],
        cwd=repository,
        env={"PATH": "/usr/bin:/bin", "HOME": str(own_home), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "wrong package" not in done.stderr
    assert done.returncode == 1
    assert '"non-finite-loss"' in done.stdout
