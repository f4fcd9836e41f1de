"""Memory errors of cards: which counts are a finding, and which were repaired."""

from __future__ import annotations

from typing import Any

import pytest

from checks.gpu.ecc_correctable_rate import ecc_correctable_rate
from checks.gpu.ecc_uncorrectable import ecc_uncorrectable
from checks.gpu.page_retirement import page_retirement
from checks.gpu.row_remap import row_remap
from ml_debugger.artifacts import GpuErrors, GpuSnapshot
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from tests.checks.gpu_boxes import among, box, h100s, one
from tests.checks.run_judging import measured, status


def with_errors(**counts: Any) -> GpuSnapshot:
    return one(errors=GpuErrors(**counts))


@pytest.mark.parametrize(
    ("check", "counts", "expected"),
    [
        (ecc_uncorrectable, {"uncorrected_volatile": 1}, Status.FAIL),
        (ecc_uncorrectable, {"uncorrected_volatile": 0}, Status.PASS),
        (ecc_uncorrectable, {"uncorrected_aggregate": 7}, Status.WARN),
        (
            ecc_uncorrectable,
            {"uncorrected_aggregate": 4, "remapped_uncorrectable": 4},
            Status.PASS,
        ),
        (
            ecc_uncorrectable,
            {"uncorrected_aggregate": 5, "remapped_uncorrectable": 4},
            Status.WARN,
        ),
        (ecc_uncorrectable, {"sram_threshold": True}, Status.FAIL),
        (ecc_uncorrectable, {"corrected_volatile": 9}, Status.SKIP),
        (ecc_correctable_rate, {"sram_corrected_volatile": 10_000}, Status.PASS),
        (ecc_correctable_rate, {"sram_corrected_volatile": 10_001}, Status.WARN),
        (ecc_correctable_rate, {"corrected_volatile": 400_000}, Status.PASS),
        (ecc_correctable_rate, {"corrected_volatile": 20_000_001}, Status.WARN),
        (ecc_correctable_rate, {"corrected_aggregate": 90_000_000}, Status.SKIP),
        (page_retirement, {"retired_single": 8, "retired_double": 2}, Status.PASS),
        (page_retirement, {"retired_single": 2, "retirement_pending": True}, Status.WARN),
        (page_retirement, {"retired_single": 4, "retired_double": 16}, Status.WARN),
        (page_retirement, {"retired_single": 50, "retired_double": 9}, Status.PASS),
        (page_retirement, {"retired_single": 50, "retired_double": 10}, Status.FAIL),
        (page_retirement, {"remapped_correctable": 3}, Status.SKIP),
        (row_remap, {"remap_pending": True, "remap_failed": False}, Status.WARN),
        (row_remap, {"remap_pending": False, "remap_failed": True}, Status.FAIL),
        (row_remap, {"remapped_uncorrectable": 511, "remap_pending": False}, Status.PASS),
        (row_remap, {"remapped_uncorrectable": 512, "remap_pending": False}, Status.FAIL),
        (row_remap, {"retired_single": 3}, Status.SKIP),
    ],
)
def test_counts(check: Check, counts: dict[str, Any], expected: Status) -> None:
    assert status(check, with_errors(**counts)) is expected


def test_the_card_concerned_is_named_and_the_others_are_named_as_sound() -> None:
    outcome = measured(row_remap, among(8, 5, errors=GpuErrors(remap_pending=True)))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 5: a row remap is pending, reset at the next stop"
    assert [(e.name, e.where) for e in outcome.evidence] == [
        ("remapped", "GPU 5 at 00000000:6D:00.0"),
        ("without_it", None),
    ]
    assert outcome.evidence[1].value == "GPUs 0-4, 6 and 7"


def test_an_output_that_was_cut_off_is_no_pass_but_its_findings_stand() -> None:
    clean = box(*h100s(1), attached=8, source="nvidia-smi -q")
    assert isinstance(measured(row_remap, clean), NotMeasured)
    failed = h100s(1, errors=GpuErrors(remap_failed=True))
    broken = box(*failed, attached=8, source="nvidia-smi -q")
    assert status(row_remap, broken) is Status.FAIL


def test_a_card_without_ecc_is_not_judged_and_says_so() -> None:
    outcome = measured(ecc_uncorrectable, box(*h100s(2, errors=GpuErrors())))
    assert isinstance(outcome, NotMeasured)
    assert outcome.reason == "GPUs 0 and 1: uncorrectable ECC errors not said"
