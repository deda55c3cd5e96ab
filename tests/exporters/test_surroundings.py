"""Power events of the record, and whether the monitor itself is watched."""

from __future__ import annotations

from helpers.shift_estate import FAULT, NOW, WARNING, clock, incident, said

from healthmon.checks.function_check.cells import Mark
from healthmon.model.enums import AGENT, CheckName
from healthmon_exporters.reports.surroundings import SILENT_SECONDS, Around, Record

BATTERY = said("UPS1", CheckName.UPS, "power", FAULT, "on battery 3 min", "on_battery")
STORE = said(AGENT, CheckName.AGENT, "store", FAULT, "history is not kept", "store")
MISSED = said(
    AGENT, CheckName.AGENT, "shift", WARNING, "the shift check was not made", "sweep_missed"
)


def around(*incidents, verdicts=(), **more):
    record = Record(NOW - 43200, incidents, **({"alive": NOW - 5} | more))
    return Around(record, NOW, clock).surroundings(verdicts)


def test_a_mains_failure_that_is_over_is_told_with_its_times():
    over = incident(7, BATTERY, NOW - 3600, closed=NOW - 3000)
    (event,) = around(ended=(over,)).power
    assert (event.device, event.over) == ("UPS1", True)
    assert event.words == "UPS1: on battery 3 min (17:55 to 18:05, 10 min)"


def test_one_that_goes_on_is_told_once_whether_the_record_has_it_or_not():
    (event,) = around(incident(7, BATTERY, NOW - 60), verdicts=[BATTERY]).power
    assert (event.words, event.over) == ("UPS1: on battery 3 min, since 18:54", False)
    (event,) = around(verdicts=[BATTERY]).power
    assert (event.words, event.over) == ("UPS1: on battery 3 min", False)


def test_other_faults_are_no_power_events():
    assert around(incident(7, STORE, NOW - 60), verdicts=[MISSED]).power == ()


def test_power_is_not_known_without_a_record_or_a_running_agent():
    assert around(problem="there is no record of an agent").power_unknown.endswith("of an agent")
    assert "no agent has run" in around(alive=None).power_unknown
    assert "ago" in around(alive=NOW - SILENT_SECONDS - 1).power_unknown
    assert around(alive=NOW - SILENT_SECONDS).power_unknown == ""


def test_the_monitor_is_well_warns_fails_or_is_not_checked():
    assert (
        around(last_sweep=NOW - 43000).monitor.why
        == "the agent works; last check of everything 06:58"
    )
    assert around(incident(7, MISSED, NOW - 60)).monitor.mark is Mark.WARNING
    failing = around(incident(7, MISSED, NOW - 60), incident(8, STORE, NOW - 60)).monitor
    assert (failing.mark, "history is not kept" in failing.why) == (Mark.FAIL, True)
    assert around(alive=NOW - 3600).monitor.mark is Mark.FAIL
    assert around(problem="there is no record of an agent").monitor.mark is Mark.NOT_CHECKED
    assert around(incident(7, BATTERY, NOW - 60)).monitor.mark is Mark.WELL
