"""What alarm texts say, and which source counts of several."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.model import ups as says
from healthmon.model.ups import UpsCondition
from healthmon.vendors.ups.phrases import alarms_in
from healthmon.vendors.ups.sources import Evidence, conditions_of, result_of, source_of
from healthmon.vendors.ups.tables import Flow, SelfTest, Source, Statement

WORDS: dict[str, Statement] = {
    "Replace battery!": says.BATTERY_REPLACE,
    "Battery needs replacing": says.BATTERY_REPLACE,
    "No battery installed!": says.BATTERY_MISSING,
    "Battery disconnected!": says.BATTERY_DISCONNECTED,
    "Battery charger fault!": says.CHARGER_FAILED,
    "Charger fail": says.CHARGER_FAILED,
    "Battery voltage too low!": says.BATTERY_LOW,
    "Battery voltage too high!": says.BATTERY_VOLTAGE_HIGH,
    "Battery temperature too high": says.BATTERY_HOT,
    "Low battery": says.BATTERY_LOW,
    "Fan failure!": says.FAN_FAILED,
    "Fuse fault!": says.FUSE_FAILED,
    "Internal UPS fault!": says.UNIT_FAULT,
    "Temperature too high!": says.OVERHEATED,
    "Output overload!": says.OVERLOAD,
    "Inverter fault": says.INVERTER_FAILED,
    "Shutdown imminent!": says.SHUTDOWN_IMMINENT,
    "Awaiting power!": says.AWAITING_POWER,
    "Automatic bypass mode!": Source.BYPASS,
    "Communication lost": says.LINK_LOST,
    "Battery communication fault": says.BATTERY_COMMUNICATION,
    "Door open": says.alarm("Door open"),
}


@pytest.mark.parametrize("words", WORDS)
def test_an_alarm_in_words(words: str) -> None:
    assert list(alarms_in(words)) == [WORDS[words]]


def test_several_alarms_in_one_text_are_all_told() -> None:
    text = "battery: Replace battery! [Fan failure!] UPS is in ECO mode; Door open\n"
    assert list(alarms_in(text)) == [
        says.BATTERY_REPLACE,
        says.FAN_FAILED,
        says.alarm("Door open"),
    ]


@pytest.mark.parametrize("words", ["", "0", "none", "OK", "No alarms", "normal", "--", "0 0 0"])
def test_words_that_say_that_there_is_no_alarm(words: str) -> None:
    assert list(alarms_in(words)) == []


@given(st.text(max_size=300))
def test_any_text_gives_words_that_can_be_printed(text: str) -> None:
    for said in alarms_in(text):
        if isinstance(said, UpsCondition):
            assert said.words.isprintable()
            assert len(said.words) <= 128


@pytest.mark.parametrize(
    ("said", "mains", "output", "source"),
    [
        ({Source.NORMAL, Source.BATTERY}, None, None, Source.BATTERY),
        ({Source.ECO, Source.BYPASS}, None, None, Source.ECO),
        ({Source.OFF, Source.NORMAL}, None, True, Source.NORMAL),
        ({Source.OFF, Source.NORMAL}, None, False, Source.OFF),
        ({Source.OFF}, None, True, None),
        ({Source.BATTERY, SelfTest.RUNNING}, True, None, Source.TEST),
        ({Source.BATTERY, SelfTest.RUNNING}, None, None, Source.TEST),
        ({Source.BATTERY, SelfTest.RUNNING}, False, None, Source.BATTERY),
        ({Source.NORMAL, SelfTest.RUNNING}, True, None, Source.NORMAL),
        ({Source.NORMAL, Flow.DISCHARGING}, True, None, Source.NORMAL),
        ({Source.NORMAL, Flow.DISCHARGING}, False, None, Source.BATTERY),
        ({Flow.DISCHARGING}, None, None, Source.BATTERY),
        ({Flow.HOLDING}, None, None, Source.NORMAL),
        ({Source.OTHER, Flow.HOLDING}, None, None, Source.OTHER),
        (set(), None, None, None),
    ],
)
def test_which_source_counts(
    said: set[Statement], mains: bool | None, output: bool | None, source: Source | None
) -> None:
    assert source_of(Evidence(said, mains, output, 230.0 if output else 0.0))[0] is source


def test_the_result_of_a_test_that_matters_most_counts_and_a_calibration_is_none() -> None:
    assert result_of([SelfTest.PASSED, SelfTest.FAILED]) == "failed"
    assert result_of([SelfTest.CALIBRATING]) is None


def test_of_a_ups_without_a_bypass_none_is_missing() -> None:
    said = [says.BYPASS_NOT_FITTED, says.BYPASS_MISSING, says.BATTERY_WELL, says.BATTERY_WELL]
    assert conditions_of(said) == (says.BYPASS_NOT_FITTED, says.BATTERY_WELL)
