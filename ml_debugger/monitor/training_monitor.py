"""One monitor for any training: it collects, judges, tells, saves and stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ml_debugger.contract import Result
from ml_debugger.errors import UsageError
from ml_debugger.monitor.cadence import Cadence
from ml_debugger.monitor.policy import Policy, level, to_log
from ml_debugger.monitor.stopping import StopTraining
from ml_debugger.monitor.watch import Watch

if TYPE_CHECKING:
    from ml_debugger.artifacts import TrainingRun
    from ml_debugger.monitor.judging import Judging


FRAMEWORKS = ("xgboost", "lightgbm", "lightning", "transformers", "keras")


class TrainingMonitor(Watch):
    """Watches one training from within and judges it by the same checks as any log.

    `log` is a file that the readers read back; without it nothing is written. Each new finding
    goes to `on_finding` once; by default it is logged to "ml_debugger.monitor". At `stop_on`
    ("warn" or "fail") the training is asked to stop: a plain loop by the exception StopTraining
    out of `step` or `validation`, a framework by its own flag. At `save_on` the function `save`
    is called once, before that. `every` is how often gradients, predictions, rate and memory are
    sampled at most, in steps; the monitor samples more rarely by itself where it would take
    more than the share `overhead` of the time, one half for collecting and one for judging.
    `folder` is where `diagnostic.toml` is looked for; its limits hold here too.

    No error of the monitor's own ends the training: it is logged once and the monitor is off
    from then on. Only wrong arguments of the first call raise, UsageError.
    """

    def __init__(
        self,
        name: str = "training",
        *,
        log: Path | str | None = None,
        on_finding: Callable[[Result], object] = to_log,
        stop_on: str | None = None,
        save: Callable[[], object] | None = None,
        save_on: str | None = "fail",
        every: int = 10,
        overhead: float = 0.01,
        planned_steps: int | None = None,
        model_name: str | None = None,
        horizon: int | None = None,
        folder: Path | None = None,
        judging: Judging | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if every < 1 or not 0 < overhead <= 1:
            raise UsageError("every must be 1 or more, and overhead a share above 0 up to 1")
        super().__init__(
            name,
            Policy(on_finding, level(stop_on, "stop_on"), save, level(save_on, "save_on")),
            Cadence(every, overhead / 2),
            log=Path(log) if log is not None else None,
            planned_steps=planned_steps,
            model_name=model_name,
            horizon=horizon,
            folder=folder,
            judging=judging,
            clock=clock,
        )

    def step(
        self,
        loss: Any,
        *,
        step: float | None = None,
        model: Any = None,
        optimizer: Any = None,
        predictions: Any = None,
        grad_norm: Any = None,
        scaler: Any = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> None:
        """Take one optimizer step of a loop, before the gradients are zeroed.

        `loss` is a number or a tensor of one element, on any device. `grad_norm` is what
        `clip_grad_norm_` returned: the norm before clipping, which cannot be seen afterwards.
        `step` counts from 0 by itself where it is not given. Raises StopTraining.
        """
        begin = self._clock()
        try:
            if not metrics and self.policy.stop is None and self._passed(begin, loss, step):
                return
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)
        self.observe(
            loss,
            step=step,
            model=model,
            optimizer=optimizer,
            predictions=predictions,
            grad_norm=grad_norm,
            scaler=scaler,
            metrics=metrics,
        )
        self._raise_stop()

    def validation(
        self,
        loss: Any = None,
        *,
        step: float | None = None,
        predictions: Any = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> None:
        """Take the result of one validation, at the last training step or at `step`.

        Raises StopTraining.
        """
        self.record(metrics or {}, role="val", step=step, loss=loss, predictions=predictions)
        self._raise_stop()

    def callback(self, framework: str, **given: Any) -> Any:
        """The callback of a framework that brings this monitor everything it is told.

        `framework` is "xgboost", "lightgbm", "lightning", "transformers" or "keras"; what else
        is `given` is described by that adapter's function `callback`. Raises UsageError for
        another name, and MissingExtraError where the framework is not installed.
        """
        if framework not in FRAMEWORKS:
            known = ", ".join(FRAMEWORKS)
            raise UsageError(f"there is no adapter for '{framework}'; there are: {known}")
        adapter = import_module(f"ml_debugger.monitor.adapters.{framework}")
        return adapter.callback(self, **given)

    @property
    def interval(self) -> int:
        """Steps between two samples, as the measured cost has set it."""
        return self._collector.cadence.interval

    @property
    def run(self) -> TrainingRun | None:
        """The run so far, as a reader would give it back; None before the first values."""
        return self._live.artifact() if self._live is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._end(error if kind is not None else None)

    def _raise_stop(self) -> None:
        if not self._off and (finding := self._stop()) is not None:
            raise StopTraining(finding)
