"""Memory errors of cards, written into recorded snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.artifacts import GpuErrors
from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.machine import change_card


@fault("ecc-uncorrectable")
def plant_ecc_uncorrectable(workspace: Path, rng: np.random.Generator) -> str:
    """Errors came since the driver was loaded, and more before."""
    now = int(rng.integers(1, 5))
    _errors(workspace, uncorrected_volatile=now, uncorrected_aggregate=now + 4)
    return f"{now} uncorrectable memory errors since the driver was loaded"


@fault("ecc-correctable-rate")
def plant_ecc_correctable_rate(workspace: Path, rng: np.random.Generator) -> str:
    """Errors in the chip's own memory are corrected by the thousand."""
    count = int(rng.integers(20_000, 90_000))
    _errors(workspace, sram_corrected_volatile=count, corrected_volatile=count + 3)
    return f"{count:,} corrected errors in the card's SRAM"


@fault("page-retirement")
def plant_page_retirement(workspace: Path, rng: np.random.Generator) -> str:
    """Nearly all pages that can be retired are, and one more waits."""
    single = int(rng.integers(45, 50))
    errors = GpuErrors(retired_single=single, retired_double=14, retirement_pending=True)
    change_card(workspace / "snapshots" / "pages.json", errors=errors)
    return f"{single + 14} pages of the card are retired, one more is pending"


@fault("row-remap")
def plant_row_remap(workspace: Path, rng: np.random.Generator) -> str:
    """A row waits for its remapping."""
    rows = int(rng.integers(1, 6))
    _errors(
        workspace,
        uncorrected_aggregate=rows,
        remapped_uncorrectable=rows,
        remap_pending=True,
        remap_failed=False,
    )
    return f"{rows} rows of the card are remapped at the next reset"


def _errors(workspace: Path, **counts: int | bool) -> None:
    change_card(workspace / "snapshots" / "gpu.json", errors=GpuErrors(**counts))  # type: ignore[arg-type]
