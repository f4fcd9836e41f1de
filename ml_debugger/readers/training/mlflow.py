"""A run folder of MLflow's file store: meta.yaml, and one text file per metric.

A line of a metric file is `TIMESTAMP VALUE STEP`, the timestamp in milliseconds. MLflow writes
infinity as the largest double, which is read as such. The parameters are the run's configuration.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ml_debugger.artifacts import TrainingConfig
from ml_debugger.readers.configurations.flattening import Plain, scalar
from ml_debugger.readers.head import Head, read_head
from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.training.curves import MAX_POINTS, Runs
from ml_debugger.readers.training.moments import moment
from ml_debugger.readers.training.numbers import number
from ml_debugger.readers.training.stream import Stream

FORMAT = "MLflow run folder"
MAX_METRICS = 500
MAX_PARAMETERS = 200
_META_BYTES = 65_536
_KEY = re.compile(r"^(\w+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
# the codes of mlflow.entities.RunStatus
_STATUS = {"1": "running", "2": "scheduled", "3": "finished", "4": "failed", "5": "killed"}
_ENDED = {"finished": True, "failed": False, "killed": False}
_PARAMETER_BYTES = 500


def is_run_folder(folder: Path) -> bool:
    """Whether the folder holds a run: its meta.yaml names a run, and it has metrics."""
    meta = folder / "meta.yaml"
    try:
        return (folder / "metrics").is_dir() and "run_id" in _meta(meta)
    except OSError:
        return False


def read_run_folder(folder: Path, shown: str) -> Reading:
    """The run of an MLflow folder; `shown` is how results name it.

    Raises Unreadable when meta.yaml cannot be read. Lines that are no points are passed over;
    an unclosed last line too.
    """
    try:
        meta = _meta(folder / "meta.yaml")
    except OSError as error:
        raise Unreadable(f"meta.yaml cannot be read: {error.strerror or error}") from error
    runs = Runs(Head(folder, shown, 0, 0.0, b"", "", "utf-8", False), FORMAT, "step")
    problem = None
    times: list[tuple[float, float, int]] = []
    for name, file in _files(folder / "metrics", MAX_METRICS):
        try:
            own = _take(runs, name, read_head(file, shown))
        except OSError as error:
            problem = f"metric {name} cannot be read: {error.strerror or error}"
            continue
        # the metric that was logged most often tells when each step was
        times = own if len(own) > len(times) else times
    run = runs.now
    for step, when, line in times:
        run.add("timestamp", step, when, line)
    settings: dict[str, Plain] = {}
    for name, file in _files(folder / "params", MAX_PARAMETERS):
        if (text := _short_text(file)) is not None:
            run.details[name] = text
            settings[name.replace("/", ".")] = scalar(text)
    tag = _short_text(folder / "tags" / "mlflow.runName")
    if run_name := meta.get("run_name") or tag:
        run.details["run_name"] = run_name[:200]
    written = meta.get("status", "")
    if status := _STATUS.get(written, written.lower() if written.isalpha() else None):
        run.details["status"] = status
        run.facts["finished"] = _ENDED.get(status)
    started = number(meta.get("start_time", ""))
    if started is not None and 0 < started < 1e14:
        run.facts["started"] = datetime.fromtimestamp(started / 1000, UTC)
    model = run.details.get("model_type") or run.details.get("model")
    if model:
        run.facts["model"] = model
    reading = runs.reading(problem, allow_empty=True)
    if not settings:
        return reading
    config = TrainingConfig(shown, shown, format="mlflow-params", values=settings)
    return Reading([*reading.artifacts, config], reading.problem, reading.line)


def _take(runs: Runs, name: str, head: Head) -> list[tuple[float, float, int]]:
    """Add the points of one metric; the (step, seconds since 1970, line) of each."""
    times: list[tuple[float, float, int]] = []
    for line in Stream(head).lines():
        cells = line.text.split()
        # the model that a point belongs to may follow as a fourth cell
        if len(cells) < 2 or not line.whole:
            continue
        value = number(cells[1])
        step = number(cells[2]) if len(cells) > 2 else None
        if value is None:
            continue
        if abs(value) >= sys.float_info.max:
            value = math.copysign(math.inf, value)
        usable = step is not None and math.isfinite(step)
        runs.now.add(name, step if usable else None, value, line.number)
        when = moment(cells[0])
        if when is not None and step is not None and usable and len(times) < MAX_POINTS:
            times.append((step, when, line.number))
    return times


def _files(folder: Path, limit: int) -> Iterator[tuple[str, Path]]:
    """Regular files below a folder, with their names relative to it; links are not followed."""
    found = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        if len(Path(root).relative_to(folder).parts) >= 4:
            folders.clear()
        for name in sorted(names):
            file = Path(root) / name
            if file.is_symlink() or not file.is_file():
                continue
            found += 1
            if found > limit:
                return
            yield file.relative_to(folder).as_posix(), file


def _short_text(file: Path) -> str | None:
    if file.is_symlink() or not file.is_file():
        return None
    try:
        with file.open("rb") as stream:
            return stream.read(_PARAMETER_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return None


def _meta(file: Path) -> dict[str, str]:
    if not file.is_file():
        raise FileNotFoundError(2, "no such file", str(file))
    with file.open("rb") as stream:
        text = stream.read(_META_BYTES).decode("utf-8", "replace")
    return {key: value.strip("'\"") for key, value in _KEY.findall(text)}
