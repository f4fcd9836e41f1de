"""What every adapter stands on: values in, rows to the run and its log, looks at the run."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_debugger.contract import Result
from ml_debugger.errors import UsageError
from ml_debugger.monitor.cadence import Cadence
from ml_debugger.monitor.collector import Collector, asked_rightly
from ml_debugger.monitor.live_run import LiveRun
from ml_debugger.monitor.looking import Looking
from ml_debugger.monitor.naming import curves
from ml_debugger.monitor.policy import LOGGER, Policy
from ml_debugger.monitor.ranks import Follower, Ranks
from ml_debugger.monitor.reading import scalar
from ml_debugger.monitor.stopping import StopTraining

if TYPE_CHECKING:
    from ml_debugger.monitor.judging import Judging


class Watch:
    """The boundary between a training and its monitor: no error crosses it but UsageError.

    `step_unit`, `planned_steps` and `model_name` may be set until the first values come.
    """

    def __init__(
        self,
        name: str,
        policy: Policy,
        cadence: Cadence,
        *,
        log: Path | None,
        planned_steps: int | None,
        model_name: str | None,
        horizon: int | None,
        folder: Path | None,
        judging: Judging | None,
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.policy = policy
        self.step_unit = "step"
        self.planned_steps = planned_steps
        self.model_name = model_name
        self._horizon = horizon
        self._log = log
        self._clock = clock
        self._collector = Collector(cadence, clock)
        self._looking = Looking(policy, cadence.share, judging, folder)
        self._live: LiveRun | None = None
        self._follower: Follower | None = None
        self._watching = False
        self._off = False

    @property
    def should_stop(self) -> bool:
        """Whether a finding reached `stop_on`, and this is the step to stop at."""
        return self._stop() is not None

    def observe(
        self,
        loss: Any,
        *,
        step: float | None = None,
        metrics: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> None:
        """`step` for adapters: does not raise StopTraining, see `should_stop`."""
        begin = self._clock()
        try:
            if not (metrics or given.get("norms")) and self._passed(begin, loss, step):
                return
            if self._off:
                return
            live = self._begin(begin, loss, given)
            if live is None:
                self._follow(begin, loss, given)
                return
            self._collector.sample(begin, loss, step, metrics=metrics, **given)
            self._take(live)
            self._collector.sampled(begin, self._looking.spent())
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)

    def _passed(self, begin: float, loss: Any, step: float | None) -> bool:
        """Whether the step is one of the many that are not sampled, and was taken."""
        return self._watching and self._collector.plain(begin, loss, step)

    def record(
        self,
        values: Mapping[str, Any],
        *,
        role: str | None = None,
        step: float | None = None,
        loss: Any = None,
        predictions: Any = None,
    ) -> None:
        """`validation` for adapters: does not raise StopTraining.

        Without a `role`, "train" or "val", the values have their canonical names already.
        """
        if self._off:
            return
        try:
            live = self._begin(self._clock(), None, {})
            if live is None:
                return
            row = curves(values, role) if role is not None else dict(values)
            if loss is not None:
                row["val_loss"] = scalar(loss)
            if predictions is not None:
                row.update(self._collector.spread_of(predictions, "val"))
            self._collector.measured(row, step)
            self._take(live, wait=True)
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)

    def told(
        self,
        step: float,
        values: Mapping[str, float],
        closer: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        """Take what a framework computed itself, under canonical names; for adapters.

        `closer` is called where the step is sampled: it may give `predictions` and further
        curves. Does not raise StopTraining.
        """
        if self._off:
            return
        begin = self._clock()
        try:
            live = self._begin(begin, None, {})
            if live is not None and self._collector.told(begin, step, values, closer):
                self._take(live)
                self._collector.sampled(begin, self._looking.spent())
        except UsageError:
            raise
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)

    def often(self) -> None:
        """Sample every report if its cost allows: for frameworks that report rarely."""
        self._collector.cadence.every = self._collector.cadence.interval = 1

    def norms(self, model: Any, optimizer: Any = None) -> Mapping[str, Any] | None:
        """Norms of the present gradients, for `observe`; None where the step is not sampled.

        For adapters of frameworks that clip or zero the gradients before the step ends.
        """
        if self._off or self._follower is not None:
            return None
        if self._watching and not self._collector.due_next(self._clock()):
            return None
        try:
            return self._collector.norms(model, optimizer)
        except Exception as error:  # noqa: BLE001  the boundary: the training goes on
            self._fail(error)
            return None

    def finish(self) -> Sequence[Result]:
        """The training came to its end, or was stopped here: judge it; returns all results."""
        return self._end(None)

    def abort(self, error: BaseException | None) -> Sequence[Result]:
        """The training broke off; the log says so, with the error."""
        return self._end(error or KeyboardInterrupt())

    def _at_exit(self) -> None:
        """The process ends and nobody said how the training did."""
        self._end(getattr(sys, "last_value", None))

    def _stop(self) -> Result | None:
        """The finding to stop for; of several ranks all stop at the same step."""
        if self._follower is not None:
            return self._follower.stop
        stop, ranks = self.policy.stop, self._collector.ranks
        if stop is None or ranks is None:
            return stop
        return stop if ranks.stops(self._collector.seen, stop) else None

    def _begin(self, now: float, loss: Any, given: Mapping[str, Any]) -> LiveRun | None:
        """The run, opened with the first values; None on every rank but the first."""
        if self._live is None and self._follower is None:
            asked_rightly(loss, *(given.get(k) for k in ("model", "optimizer", "predictions")))
            ranks = Ranks.found()
            if ranks is not None and ranks.rank != 0:
                self._follower = Follower(ranks, obeys=self.policy.stop_on is not None)
                return None
            self._looking.begin(now)
            self._live = LiveRun(
                self.name,
                self._log,
                step_unit=self.step_unit,
                planned_steps=self.planned_steps,
                model=self.model_name,
                horizon=self._horizon,
            )
            self._collector.begin(now, ranks)
            self._watching = True
            atexit.register(self._at_exit)
        return self._live

    def _follow(self, begin: float, loss: Any, given: Mapping[str, Any]) -> None:
        assert self._follower is not None
        self._follower.step(begin, loss, given.get("model"), given.get("optimizer"))

    def _take(self, live: LiveRun, *, wait: bool = False) -> None:
        rows = self._collector.flush(live, wait=wait)
        self._looking.look_if_due(live, rows, self._clock())

    def _end(self, error: BaseException | None) -> Sequence[Result]:
        live = self._live
        atexit.unregister(self._at_exit)
        if self._off or live is None:
            self._off = True
            return ()
        results: Sequence[Result] = ()
        try:
            self._collector.flush(live, wait=True)
            error = error or (StopTraining(self.policy.stop) if self.policy.stop else None)
            if error is None:
                live.finish()
                results = self._looking.look(live, final=True)
            else:
                # judged as it ran: that it did not come to its end, the error says already
                results = self._looking.look(live, final=True)
                live.note("ended", f"{type(error).__name__}: {error}"[:300])
            live.close()
        except Exception as own:  # noqa: BLE001  the boundary: the training is over or goes on
            self._fail(own)
        self._off, self._watching = True, False
        return results

    def _fail(self, error: Exception) -> None:
        self._off, self._watching = True, False
        what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        LOGGER.error("the monitor is off, the training goes on: %s", what)
