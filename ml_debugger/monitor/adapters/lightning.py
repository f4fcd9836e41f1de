"""Lightning: a callback for `Trainer(callbacks=[...])`.

Tried with pytorch-lightning 2.6; `lightning` is taken where it is the one that is loaded.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.adapters.missing import module
from ml_debugger.monitor.naming import curves
from ml_debugger.readers.training.names import meaning

if TYPE_CHECKING:
    from ml_debugger.monitor.training_monitor import TrainingMonitor

_HOMES = ("lightning.pytorch", "pytorch_lightning")


def callback(monitor: TrainingMonitor) -> Any:
    """A Lightning `Callback`: loss, rates and gradient norms of every optimizer step.

    Gradients are looked at before clipping. Of the metrics that the module logs, those of the
    validation are taken. A stop sets `trainer.should_stop`.
    """
    homes = sorted(_HOMES, key=lambda home: home not in sys.modules)
    base = module(*(f"{home}.callbacks" for home in homes)).Callback

    class Callback(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self._norms: Any = None
            self._at = -1

        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            self._at = trainer.global_step
            monitor.model_name = monitor.model_name or type(pl_module).__name__
            if monitor.planned_steps is None and 0 < trainer.estimated_stepping_batches < 1e15:
                monitor.planned_steps = int(trainer.estimated_stepping_batches)

        def on_before_optimizer_step(self, _trainer: Any, pl_module: Any, optimizer: Any) -> None:
            self._norms = monitor.norms(pl_module, optimizer)

        def on_train_batch_end(
            self, trainer: Any, _module: Any, outputs: Any, _batch: Any, _index: int
        ) -> None:
            # with accumulated gradients several batches make one step
            if trainer.global_step == self._at:
                return
            self._at = trainer.global_step
            loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
            if loss is not None:
                # Lightning divides the loss by the number of accumulated batches
                loss = loss * trainer.accumulate_grad_batches
            optimizers = trainer.optimizers
            monitor.observe(
                loss,
                step=trainer.global_step,
                optimizer=optimizers[0] if optimizers else None,
                norms=self._norms or {},
            )
            self._norms = None
            if monitor.should_stop:
                trainer.should_stop = True

        def on_validation_end(self, trainer: Any, _module: Any) -> None:
            if trainer.sanity_checking:
                return
            told = {
                name: value
                for name, value in trainer.callback_metrics.items()
                if (known := meaning(name)) is not None and known.role == "val"
            }
            if told:
                monitor.record(curves(told, "val"), step=trainer.global_step)

        def on_train_end(self, _trainer: Any, _module: Any) -> None:
            monitor.finish()

        def on_exception(self, _trainer: Any, _module: Any, exception: BaseException) -> None:
            monitor.abort(exception)

    return Callback()
