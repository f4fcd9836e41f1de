"""No damage and no garbage raises anything, or makes a card healthy that was not."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import GpuDevice
from ml_debugger.nvidia_smi.output import FORMS, form_of, read_output
from tests.nvidia_smi.reading import sample
from tests.nvidia_smi.test_monitor import DMON, LIST, PMON
from tests.nvidia_smi.test_query_csv import LOG, UNITS

TEXTS = (
    sample("h100.q.txt"),
    sample("k80.xml"),
    sample("tables.txt"),
    DMON,
    PMON,
    LIST,
    LOG,
    UNITS,
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(TEXTS),
    st.integers(0, 6000),
    st.integers(0, 400),
    st.text(max_size=40),
    st.booleans(),
)
def test_any_change_is_read_or_left_alone(
    text: str, place: int, length: int, put: str, cut: bool
) -> None:
    start = place % len(text)
    changed = text[:start] + put + ("" if cut else text[start + length :])
    form = form_of(changed)
    if form is not None:
        output = read_output(changed.splitlines(), form, "saved.txt")
        for device in output.snapshot.devices if output.snapshot else ():
            assert device.memory_used is None or device.memory_used >= 0
            assert device.index >= 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FORMS), st.text(max_size=400))
def test_garbage_in_any_form(form: str, text: str) -> None:
    read_output(text.splitlines(), form, None)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TEXTS[:2]), st.data())
def test_a_cut_output_says_less_and_nothing_else(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    kept = lines[: data.draw(st.integers(12, len(lines)))]
    form = form_of(text)
    assert form is not None
    whole = read_output(lines, form, None).snapshot
    cut = read_output(kept, form, None).snapshot
    assert whole is not None
    assert cut is not None
    for one, other in zip(cut.devices, whole.devices, strict=False):
        for field in fields(GpuDevice):
            value = getattr(one, field.name)
            if isinstance(value, int | float | str) and field.name != "slices":
                known = (getattr(other, field.name), field.default, "unknown")
                # the second power reading stands in for the first as long as that is not read
                assert value in known or field.name in ("recovery_action", "power_limit_watts")


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_long_line_is_no_trouble(size: int) -> None:
    for text in TEXTS:
        longer = text + "x" * size + "\n" + "," * size + "\n" + "| " * size
        form = form_of(longer)
        if form is not None:
            read_output(longer.splitlines(), form, None)
