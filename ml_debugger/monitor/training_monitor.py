"""One monitor for any training: it collects, judges, tells, saves and stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ml_debugger.contract import Result
from ml_debugger.errors import UsageError
from ml_debugger.monitor.cadence import Cadence
from ml_debugger.monitor.collector import Collector, asked_rightly
from ml_debugger.monitor.live_run import LiveRun
from ml_debugger.monitor.looking import Looking
from ml_debugger.monitor.naming import curves
from ml_debugger.monitor.policy import LOGGER, Policy, level, to_log
from ml_debugger.monitor.reading import scalar
from ml_debugger.monitor.stopping import StopTraining

if TYPE_CHECKING:
    from ml_debugger.artifacts import TrainingRun
    from ml_debugger.monitor.judging import Judging


class TrainingMonitor:
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
        self.name = name
        self.policy = Policy(on_finding, level(stop_on, "stop_on"), save, level(save_on, "save_on"))
        self.planned_steps = planned_steps
        self.step_unit = "step"
        self._log = Path(log) if log is not None else None
        self._facts = {"model": model_name, "horizon": horizon}
        self._clock = clock
        self._collector = Collector(Cadence(every, overhead / 2), clock)
        self._looking = Looking(self.policy, overhead / 2, judging, folder)
        self._live: LiveRun | None = None
        self._error: str | None = None
        self._closed = False

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
        values = curves(metrics or {}, "val") if self._error is None else {}
        self.record(values, step=step, loss=loss, predictions=predictions)
        self._raise_stop()

    @property
    def should_stop(self) -> bool:
        """Whether a finding reached `stop_on`."""
        return self.policy.stop is not None

    @property
    def interval(self) -> int:
        """Steps between two samples, as the measured cost has set it."""
        return self._collector.cadence.interval

    @property
    def run(self) -> TrainingRun | None:
        """The run so far, as a reader would give it back; None before the first values."""
        return self._live.artifact() if self._live is not None else None

    def observe(self, loss: Any, **given: Any) -> None:
        """`step` for adapters: does not raise StopTraining, see `should_stop`."""
        if self._error is not None or self._closed:
            return
        begin = self._clock()
        if self._live is None:
            asked_rightly(loss, *(given.get(k) for k in ("model", "optimizer", "predictions")))
        try:
            if self._live is None:
                self._begin(begin)
            if self._collector.step(begin, loss, **given):
                self._take()
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)
        self._collector.cadence.own += self._clock() - begin - self._looking.spent()

    def record(
        self,
        values: Mapping[str, Any],
        *,
        step: float | None = None,
        loss: Any = None,
        predictions: Any = None,
    ) -> None:
        """`validation` for adapters, of values that have their canonical names already."""
        if self._error is not None or self._closed:
            return
        try:
            if self._live is None:
                self._begin(self._clock())
            row = dict(values)
            if loss is not None:
                row["val_loss"] = scalar(loss)
            if predictions is not None:
                row.update(self._collector.spread_of(predictions, "val"))
            self._collector.measured(row, step)
            self._take()
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)

    def finish(self) -> Sequence[Result]:
        """The training came to its end: judge it a last time; returns all results."""
        return self._end(None)

    def abort(self, error: BaseException | None) -> Sequence[Result]:
        """The training broke off; the log says so, with the error."""
        return self._end(error or KeyboardInterrupt())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._end(error if kind is not None else None)

    def _begin(self, now: float) -> None:
        self._live = LiveRun(
            self.name,
            self._log,
            step_unit=self.step_unit,
            planned_steps=self.planned_steps,
            **self._facts,
        )
        self._looking.begin(now)
        self._collector.cadence.last = now

    def _take(self) -> None:
        assert self._live is not None
        for name, text in self._collector.notes.items():
            self._live.note(name, text)
        self._collector.notes = {}
        rows, self._collector.arrived = self._collector.arrived, []
        self._live.add(rows)
        self._looking.look_if_due(self._live, rows, self._clock())

    def _end(self, error: BaseException | None) -> Sequence[Result]:
        if self._closed or self._live is None or self._error is not None:
            self._closed = True
            return ()
        results: Sequence[Result] = ()
        try:
            self._collector.flush(wait=True)
            self._live.add(self._collector.arrived)
            if error is None:
                self._live.finish()
            else:
                self._live.note("ended", f"{type(error).__name__}: {error}"[:300])
            self._live.close()
            results = self._looking.look(self._live, final=True)
        except Exception as own:  # noqa: BLE001  the boundary: the training is over or goes on
            self._fail(own)
        self._closed = True
        return results

    def _raise_stop(self) -> None:
        if self.policy.stop is not None and not self._closed:
            raise StopTraining(self.policy.stop)

    def _fail(self, error: Exception) -> None:
        self._error = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        LOGGER.error("the monitor is off, the training goes on: %s", self._error)
