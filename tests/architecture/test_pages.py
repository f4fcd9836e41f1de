"""The generated reference pages say what the checks declare."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_do_not_lag_behind_the_checks() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "references" / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_built_in_check_has_its_place_and_its_sources() -> None:
    from ml_debugger.runtime.registry import registry

    thresholds = (ROOT / "references" / "thresholds.md").read_text(encoding="utf-8")
    for code, check in registry().items():
        if check.measure.__module__.startswith("checks."):
            page = ROOT / "references" / "checks" / f"{check.prefix}.md"
            assert f"## {code} {check.name}\n" in page.read_text(encoding="utf-8")
            assert thresholds.count(f"[{code} {check.name}]") == len(check.limits) + len(
                check.settings
            )
