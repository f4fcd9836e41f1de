"""The XML of -q -x; the sample joins what several schema versions hold."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import GpuProcess
from tests.nvidia_smi.reading import MIB, output_of, sample, snapshot_of

XML = sample("k80.xml")
BOMB = """<?xml version="1.0"?>
<!DOCTYPE nvidia_smi_log [
 <!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<nvidia_smi_log><driver_version>&b;</driver_version></nvidia_smi_log>
"""
OUTSIDE = BOMB.replace('a "aaaaaaaaaa"', 'a SYSTEM "file:///etc/passwd"').replace("&b;", "&a;")


def test_a_card_with_errors_of_all_kinds() -> None:
    snapshot = snapshot_of(XML)
    assert (snapshot.driver_version, snapshot.cuda_version) == ("430.26", "10.2")
    assert (snapshot.attached, snapshot.partial, snapshot.taken) == (2, None, "2019-12-03T05:27:00")
    card = snapshot.devices[0]
    # the order of nvidia-smi counts, not the minor number
    assert (card.index, card.name, card.pci) == (0, "Tesla K80", "00001580:00:00.0")
    assert (card.memory_total, card.memory_used) == (11441 * MIB, 587 * MIB)
    assert (card.slowdown_at, card.shutdown_at, card.margin) == (88, 110, None)
    assert (card.power_watts, card.power_limit_watts) == (135.72, 149)
    assert (card.throttled, card.fan, card.performance) == (("application-clocks",), None, 0)
    link = card.connection
    assert (link.generation, link.generation_max, link.width, link.width_max, link.replays) == (
        *(1, 3, 8, 16, 3),
    )
    errors = card.errors
    assert (errors.corrected_volatile, errors.uncorrected_volatile) == (1, 0)
    assert (errors.corrected_aggregate, errors.uncorrected_aggregate) == (34, 4)
    assert (errors.retired_single, errors.retired_double, errors.retirement_pending) == (1, 2, True)
    assert card.processes == (GpuProcess(58813, 576 * MIB, "python"),)


def test_the_memory_of_a_slice_is_not_that_of_the_card() -> None:
    card = snapshot_of(XML).devices[1]
    assert (card.memory_total, card.memory_used) == (40960 * MIB, 38 * MIB)
    assert (card.mig, card.slices, card.utilisation, card.processes) == (True, 2, None, ())


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_no_entity_is_expanded(text: str) -> None:
    output = output_of(text)
    assert output.snapshot is None
    assert output.problem is not None
    assert "no entity is expanded" in output.problem


def test_a_declaration_of_elements_is_read_past() -> None:
    """As `nvidia-smi -q -x --dtd` writes it."""
    external = '<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v10.dtd">'
    inner = "<!DOCTYPE nvidia_smi_log [\n<!ELEMENT nvidia_smi_log (gpu)*>\n]>"
    assert len(snapshot_of(XML.replace(external, inner)).devices) == 2


def test_a_cut_document_keeps_what_stands_before_the_cut() -> None:
    output = output_of(XML[: XML.index("<temperature>")])
    assert output.problem is not None
    assert output.problem.startswith("is no whole XML")
    assert output.line == XML[: XML.index("<temperature>")].count("\n") + 1
    assert output.snapshot is not None
    (card,) = output.snapshot.devices
    assert (card.memory_used, card.temperature) == (587 * MIB, None)
    assert output.snapshot.partial == "1 of 2 cards"


def test_a_log_of_several_documents() -> None:
    later = XML.replace("05:27:00", "05:27:30").replace("64 C", "70 C")
    cut = XML[: XML.index("<fan_speed>")]
    output = output_of(XML + later + cut)
    assert output.snapshot is not None
    assert output.history is not None
    assert output.snapshot.devices[0].temperature == 70
    assert list(output.history.series[0].temperature) == [64, 70]
    assert list(output.history.series[0].seconds) == [0, 30]
    assert output.problem is not None


def test_documents_on_one_line() -> None:
    flat = XML.replace("\n", "")
    output = output_of(flat + flat)
    assert output.problem is None
    assert output.history is not None
    assert len(output.history.series[0].seconds) == 2


def test_an_empty_card_and_missing_tags() -> None:
    text = (
        '<nvidia_smi_log><attached_gpus>2</attached_gpus><gpu id="">'
        "<product_brand>Tesla</product_brand></gpu></nvidia_smi_log>"
    )
    snapshot = snapshot_of(text)
    assert (snapshot.attached, snapshot.partial) == (2, "product brand")
    assert (snapshot.devices[0].name, snapshot.devices[0].pci) == ("unknown", None)


def test_a_lost_card_in_xml() -> None:
    lost = XML.replace("<gpu_util>99 %", "<gpu_util>GPU is lost")
    assert snapshot_of(lost).devices[0].problem == "GPU is lost"
    assert snapshot_of(lost).devices[1].problem is None


def test_depth_is_bounded() -> None:
    deep = "<nvidia_smi_log>" + "<a>" * 100 + "</a>" * 100 + "</nvidia_smi_log>"
    assert "nests more than" in (output_of(deep).problem or "")
