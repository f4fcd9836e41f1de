"""The Python that trains, and what it can do here."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, eq=False)
class Environment(Artifact):
    """The Python interpreter that trains, asked in a child process.

    `xgboost_gpu` is "works", "fails" (with `xgboost_detail`) or None where XGBoost is missing
    or was not tried.
    """

    interpreter: str
    python_version: str | None
    packages: dict[str, str]
    xgboost_gpu: str | None = None
    xgboost_detail: str | None = None
    gpu_seen: bool | None = None
    problem: str | None = None
    taken: str | None = None
