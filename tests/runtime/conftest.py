"""Hand-made results."""

from collections.abc import Callable
from typing import Any

import pytest

from ml_debugger.contract import Result, Status
from ml_debugger.runtime.report import Report

MakeResult = Callable[..., Result]


@pytest.fixture
def result() -> MakeResult:
    def make(
        code: str = "TRN001",
        status: Status = Status.FAIL,
        subject: str = "run",
        name: str | None = None,
        **more: Any,
    ) -> Result:
        name = name or f"fault-{code.lower()}"
        return Result(code, name, "training", status, subject, f"title of {code}", **more)

    return make


@pytest.fixture
def report() -> Callable[..., Report]:
    def make(*results: Result, **more: Any) -> Report:
        defaults: dict[str, Any] = {
            "run": "0123456789ab",
            "command": "check",
            "profile": "full",
            "started": "2026-11-21T10:00:00.000Z",
            "seconds": 1.0,
            "workspace": "/somewhere",
        }
        return Report(results=results, **{**defaults, **more})

    return make
