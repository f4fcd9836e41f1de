"""Judges artifacts in the own process: the same checks, limits and folding as any other run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_debugger.artifacts import Artifact, GpuSnapshot, HostSnapshot, LogText, TrainingRun
from ml_debugger.contract import Outcome, Result, Status
from ml_debugger.runtime.causes import distinct, feeding, fold
from ml_debugger.runtime.judge import effective, judge
from ml_debugger.runtime.plan import Task, plan
from ml_debugger.runtime.registry import registry
from ml_debugger.workspace import configuration as configurations
from ml_debugger.workspace.links import link

LIVE = (TrainingRun, LogText, GpuSnapshot, HostSnapshot)
"""Kinds that change while a training runs. Their checks read nothing, so they need no worker."""


class Judging:
    """All checks of live artifacts, under the limits of the configuration that holds `folder`.

    Raises ConfigError for a wrong configuration. Not safe for several threads at once.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._overrides = configurations.load(folder or Path()).limits
        self._checks = [check for check in registry().values() if check.judges in LIVE]
        self._told: dict[str, Status] = {}

    def look(self, artifacts: Sequence[Artifact]) -> list[Result]:
        """Judge artifacts and name in each finding those that explain it."""
        links = link(artifacts, ())
        tasks = plan(self._checks, artifacts, links, whole_workspace=False)
        results = [self._judge(task) for task in tasks]
        explained_by = {check.name: check.explained_by for check in self._checks}
        return fold(distinct(results), explained_by, feeding(artifacts, links))

    def new(self, results: Sequence[Result]) -> list[Result]:
        """The findings among the results that are new, or graver than when they were told.

        What was told once is not told again, even where it goes away and comes back.
        """
        news = []
        for result in results:
            told = self._told.get(result.fingerprint)
            if result.status.is_finding and (
                told is None or result.status.gravity > told.gravity
            ):  # fmt: skip
                self._told[result.fingerprint] = result.status
                news.append(result)
        return news

    def _judge(self, task: Task) -> Result:
        def measure() -> Outcome:
            settings = effective(task.check, self._overrides)[1]
            return task.check.run(task.given, settings)

        return judge(task, measure, self._overrides)
