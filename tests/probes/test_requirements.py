"""Requirements against what is installed."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts.environment import Conflict
from ml_debugger.probes.requirements import conflicts, stale_abi

MARKERS = {"python_version": "3.12", "sys_platform": "linux", "platform_machine": "x86_64"}
INSTALLED = {"numpy": "2.4.6", "scikit-learn": "1.5.0", "torch": "2.7.1+cu126", "odd": "not-1.0"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("numpy>=1.26", []),
        ("numpy<2", [Conflict("ray 2.9", "numpy<2", "2.4.6")]),
        ("Scikit_Learn>=1.6", [Conflict("ray 2.9", "Scikit_Learn>=1.6", "1.5.0")]),
        ("torch==2.7.1", []),
        ("filelock", [Conflict("ray 2.9", "filelock", None)]),
        ("filelock; extra == 'tune'", []),
        ("pywin32; sys_platform == 'win32'", []),
        ("tomli; python_version < '3.11'", []),
        ("nvidia-nccl-cu12", []),
        ("odd>=2", []),
        ("no requirement at all!", []),
    ],
)
def test_lines(line: str, found: list[Conflict]) -> None:
    assert list(conflicts({**INSTALLED, "ray": "2.9"}, {"ray": [line]}, MARKERS)) == found


def test_packages_for_numpy_1_beside_numpy_2() -> None:
    old = {"numpy": "2.0.1", "scipy": "1.11.4", "pandas": "2.2.2", "h5py": "broken version"}
    assert stale_abi(old) == [Conflict("numpy 2.0.1", "scipy>=1.13.0", "1.11.4")]
    assert stale_abi({**old, "numpy": "1.26.4"}) == []
    assert stale_abi({"scipy": "1.0"}) == []
