"""What the status line says: where the training is, its figures, the machine, the findings."""

from __future__ import annotations

import math

from ml_debugger.artifacts import Artifact, GpuSnapshot, HostSnapshot, TrainingRun
from ml_debugger.monitor.wrapped.following import Look

SHOWN = (
    ("train_loss", "loss"), ("val_loss", "val"), ("learning_rate", "lr"), ("grad_norm", "grad"),
)  # fmt: skip


def status_text(look: Look | None, seconds: float) -> str:
    """One line, the most important first, as the terminal may cut its end."""
    parts = ["diagnostic"]
    if look is not None:
        findings = [result for result in look.results if result.status.is_finding]
        if findings:
            worst = max(findings, key=lambda result: result.status.gravity)
            more = f" +{len(findings) - 1}" if len(findings) > 1 else ""
            parts.append(f"{worst.status.value.upper()} {worst.code} {worst.name}{more}")
        else:
            parts.append("no finding" if look.runs else "no metric in the output yet")
        if look.runs:
            parts.extend(_figures(look.runs[-1]))
        parts.extend(text for a in look.artifacts if (text := _machine(a)))
    minutes, second = divmod(int(seconds), 60)
    parts.append(f"{minutes // 60}:{minutes % 60:02}:{second:02}")
    return " | ".join(parts)


def _figures(run: TrainingRun) -> list[str]:
    told = []
    last = max((c.steps[-1] for c in run.curves.values() if len(c)), default=None)
    if last is not None:
        of = f"/{run.planned_steps}" if run.planned_steps else ""
        told.append(f"{run.step_unit} {last:g}{of}")
    for name, short in SHOWN:
        curve = run.curve(name)
        if curve is not None and len(curve):
            value = curve.values[-1]
            told.append(f"{short} {value:.4g}" if math.isfinite(value) else f"{short} {value}")
    return told


def _machine(artifact: Artifact) -> str | None:
    if isinstance(artifact, GpuSnapshot) and artifact.devices:
        used = sum(device.memory_used or 0 for device in artifact.devices)
        total = sum(device.memory_total or 0 for device in artifact.devices)
        busy = [d.utilisation for d in artifact.devices if d.utilisation is not None]
        share = f" {sum(busy) / len(busy):.0f} %" if busy else ""
        return f"GPU{share} {used / 2**30:.1f}/{total / 2**30:.0f} GiB"
    if isinstance(artifact, HostSnapshot):
        limit = artifact.memory_limit or artifact.host_memory_total
        return f"memory {artifact.memory_used / 2**30:.1f}/{limit / 2**30:.0f} GiB"
    return None
