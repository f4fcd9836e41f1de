"""TRN022: the memory of a GPU ran out."""

from __future__ import annotations

from ml_debugger.artifacts import LogText
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.gpu_memory import device_of, greatest, message_of, ran_out, shown
from ml_debugger.runs.log_end import LogEnd
from ml_debugger.runs.raised import raised

_NAMES = ("requested", "free", "capacity", "allocated", "reserved", "others")


@check(
    code="TRN022",
    name="cuda-out-of-memory",
    component="training",
    playbook="gpu-box",
    limits=[
        Limit(
            name="out_of_memory_ends",
            unit="runs",
            direction="above",
            fail=0,
            meaning="runs that ended because the memory of a GPU ran out",
            source="PyTorch documentation, torch.cuda.OutOfMemoryError",
        ),
        Limit(
            name="doubtful_ends",
            unit="messages",
            direction="above",
            warn=0,
            meaning="messages of exhausted memory with little behind them in the log",
            source="CPython, io.DEFAULT_BUFFER_SIZE: up to 8,192 bytes of output may be written "
            "behind the traceback that ended the process",
        ),
    ],
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def cuda_out_of_memory(log: LogText) -> Outcome:
    """The memory of a GPU ran out.

    What it measures:
        Messages of PyTorch, TensorFlow, JAX, XGBoost, LightGBM, CuPy, RMM, cuBLAS and cuDNN
        that an allocation on a GPU failed, and whether the run ended there. The amounts are
        read where the message has them: requested, free, total, held by this process, reserved
        without use, held by other processes.
        A run that lowered its batch and went on is no fault. Exhausted memory of the host is
        another one.

    Why it matters:
        The run is lost back to its last checkpoint. Often the cause is not the model: another
        process holds the memory, or fragments of it are reserved and cannot be used.

    What to do:
        If other processes hold much, end them or wait for them. If much is reserved but
        unallocated, set PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True. Else lower the batch
        and accumulate gradients, use mixed precision or checkpointed activations, and keep no
        loss with its graph (loss.item()). An end during validation mostly lacks no_grad.

    Sources:
        PyTorch documentation, CUDA semantics, memory management. TensorFlow API, errors,
        ResourceExhaustedError. XGBoost documentation, GPU support. JAX documentation, GPU memory
        allocation.
    """
    if not log.lines:
        return NotMeasured("the log is empty")
    end = LogEnd(log)
    ended = [p for p in end.ended_by() if ran_out(p)]
    doubtful = [p for p in end.having("doubtful") if ran_out(p)]
    outlived = [p for p in end.having("outlived") if ran_out(p)]
    runs = sum(p.count if p.ended else 0 for p in ended) + any(not p.ended for p in ended)
    values = {
        "out_of_memory_ends": float(runs),
        "doubtful_ends": float(len(doubtful) if not ended else 0),
    }
    found = ended or doubtful or outlived
    if not found:
        return Measurement(f"No GPU memory ran out in {log.lines:,} lines", values)
    passage, amounts = greatest(found)
    first = min(found, key=lambda p: p.line)
    message = message_of(passage) or ""
    told = raised(passage)
    where = f"line {passage.line}"
    evidence = [
        Evidence(name, round(amounts[name], 6), "GiB", where) for name in _NAMES if name in amounts
    ]
    if told.frame is not None and told.frame.own:
        evidence.insert(2, Evidence("own_code", f"{told.frame.file}:{told.frame.line}", None,
                                    told.frame.where))  # fmt: skip
    if not evidence:
        evidence.append(Evidence("message", message[:200], None, where))
    device = device_of(message)
    gpu = f"GPU {device}" if device is not None else "A GPU"
    title = f"{gpu} ran out of memory{_asked(amounts)}"
    if runs > 1:
        title = f"{runs} runs ended because a GPU ran out of memory"
    elif not ended and not doubtful:
        times = sum(p.count for p in outlived)
        title = f"{gpu} ran out of memory {times:,} times, and the run went on"
    return Measurement(title, values, tuple(evidence[:5]), line=first.line)


def _asked(amounts: dict[str, float]) -> str:
    text = ""
    if "requested" in amounts:
        text = f": {shown(amounts['requested'])} asked"
    if "free" in amounts:
        text += f"{',' if text else ':'} {shown(amounts['free'])} free"
    if "capacity" in amounts:
        text += f" of {shown(amounts['capacity'])}"
    others = amounts.get("others", 0.0)
    if others > 0.25 * amounts.get("capacity", float("inf")):
        text += f"; others hold {shown(others)}"
    return text
