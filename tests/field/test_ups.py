"""A UPS is well only by its own word: FF-C1 to FF-C17.

All scripted UPSes stand in one sweep. What an operator must read of each is written here and in
ups_mibs.txt, from the MIB documents and the manuals of NUT and apcupsd.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from helpers.fakes.ups_park import Unit, apcupsd_unit, nut_unit, park, snmp_unit
from helpers.product import Product, Swept
from helpers.snmp_agent import Value, integer
from helpers.ups_mibs import families

E = "1.3.6.1.4.1"
RFC = "1.3.6.1.2.1.33.1"
APC, XUPS, MGE, CYBERPOWER = f"{E}.318.1.1.1", f"{E}.534.1", f"{E}.705.1", f"{E}.3808.1.1.1"
PPC, NETVISION = f"{E}.935.1.1.1", f"{E}.4555.1.1.1.1"
TICKS = 0x43  # TimeTicks
SECTIONS = {"fault": "faults", "warning": "warnings", "unknown": "not_checked"}
LOST = "unknown: communication between it and the UPS is lost"
NO_SOURCE = "unknown: does not say where its output comes from"
FAMILIES = families()
UNITS: dict[str, Unit] = {}


def unit(one: Unit) -> str:
    """Put `one` into the sweep; its name."""
    name = f"U{len(UNITS) + 1:04d}"
    UNITS[name] = one
    return name


def card(**blocks: dict[str, Value]) -> str:
    """A card that tells the objects of these families."""
    told = {
        FAMILIES[family].full(oid): value
        for family, objects in blocks.items()
        for oid, value in objects.items()
    }
    return unit(snmp_unit(told))


def well(family: str, **changed: Value) -> dict[str, Value]:
    """The objects of a UPS of `family` that is well, and others: ``o2_1_0=4`` is 2.1.0 = 4."""
    more = {name[1:].replace("_", "."): value for name, value in changed.items()}
    root = FAMILIES[family].root
    return {oid.removeprefix(f"{root}."): v for oid, v in FAMILIES[family].well.items()} | more


def nut(status: str, **more: str) -> str:
    return unit(nut_unit(ups__status=status, battery__charge="100", **more))


def apcupsd(**fields: str) -> str:
    return unit(apcupsd_unit(**{"APC": "001,036,0879", "MODEL": "Smart-UPS", **fields}))


@dataclass(frozen=True)
class Estate:
    """The product that has swept all UPSes once; they still answer."""

    product: Product
    swept: Swept

    def lines(self, name: str) -> list[str]:
        """What the sheet says of a UPS: "fault: battery is low"."""
        return [
            f"{word}: {row['sentence']}"
            for word, section in SECTIONS.items()
            for row in self.swept.rows(name, section)
            if row["question"] == "ups"
        ]

    def probed(self, name: str) -> tuple[str, int]:
        """What ``healthmon probe`` prints of a UPS, also of what is well, and its exit code."""
        done = self.product.run("probe", name, "--question", "ups")
        return done.out, done.code


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with park(UNITS) as rows:
        tree = {**rows, "defaults": {"timeout": "10 s"}}
        product = Product(tmp_path_factory.mktemp("ups"), tree)
        yield Estate(product, product.sweep(timeout=380))


def fits(lines: list[str], wanted: tuple[str, ...]) -> bool:
    """Whether `lines` are those of `wanted` and no others: "fault: low" is any fault with "low"."""

    def one_of_them(one: str) -> bool:
        word, _, words = one.partition(": ")
        return any(line.startswith(f"{word}: ") and words in line for line in lines)

    return len(lines) == len(wanted) and all(map(one_of_them, wanted))


def told(estate: Estate, name: str, *wanted: str) -> None:
    lines = estate.lines(name)
    assert fits(lines, wanted), f"{UNITS[name].told}: {lines}, not {wanted}"


# Every documented value of every status object (FF-C1 to C3, C5, C12, C13 and the added families).
DOCUMENTED = {
    name: [(unit(snmp_unit(value.objects)), value) for value in family.values]
    for name, family in FAMILIES.items()
}


@pytest.mark.parametrize("family", DOCUMENTED)
def test_ff_c_every_documented_value_is_told(estate: Estate, family: str):
    bad = [
        f"{value.what}: {estate.lines(name)}, not {value.lines}"
        for name, value in DOCUMENTED[family]
        if not fits(estate.lines(name), value.lines)
    ]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    "family",
    ["hp", "sinetica", "usha", "dell", "alpha", "bke", "imco", "unity"],
)
def test_ff_c_the_added_families_are_read(estate: Estate, family: str):
    """HP and HPE, Hawk-i, USHA, Dell, Alpha FXM, BKE, IMCO, Vertiv IS-UNITY and RDU."""
    troubles = [(name, value) for name, value in DOCUMENTED[family] if value.lines]
    assert len(troubles) >= 2
    for name, value in troubles:
        assert fits(estate.lines(name), value.lines), value.what


DISCHARGES = {
    family: card(**{family: objects})
    for family, objects in {
        "xups": {"2.5.0": 2, "2.4.0": 80},
        "hp": {"2.5.0": 2, "2.4.0": 80},
        "dell": {"120.5.1.0": 2},
        "vertiv": {"1.14.0": 4, "1.19.0": 80},
        "delta": {"7.3.0": 3, "7.8.0": 80},
        "huawei": {"2.101.1.3.1": 6},
        "eppc": {"3.1.0": 5, "3.4.0": 80},
        "usha": {"2.1.0": 5, "2.4.0": 80},
        "tripplite": {"3.1.3.1.2.1.4.1": 3, "3.1.3.1.1.1.4.1": 80},
    }.items()
}
MAINS_DEAD = {
    "xups": card(xups=well("xups", o2_5_0=2, o3_4_1_2_1=0)),
    "usha": card(usha=well("usha", o2_1_0=5, o3_3_1_3_1=0)),
    "delta": card(delta=well("delta", o7_3_0=3, o4_3_0=0)),
}


# FF-C1 ------------------------------------------------------------------------------------------
NO_BATTERY = {
    "APC": card(apc=well("apc", o2_1_1_0=5)),
    "apcupsd": apcupsd(STATUS="ONLINE NOBATT", STATFLAG="0x05000008", BCHARGE="0.0 Percent"),
    "apcupsd by its bits": apcupsd(STATUS="ONLINE", STATFLAG="0x01000008"),
    "NUT": nut("ALARM OL", ups__alarm="No battery installed!"),
    "NUT in other words": nut("ALARM OL", ups__alarm="[Battery not present]"),
    "NUT by a status word": nut("OL NOBATT"),
    "CyberPower": card(cyberpower=well("cyberpower", o2_1_1_0=4)),
    "XUPS": card(xups=well("xups", o2_8_0=1)),
    "MGE": card(mge=well("mge", o5_10_0=1)),
}
BATTERY_BAD = {
    "APC": (card(apc=well("apc", o2_1_1_0=4)), "fault: battery fault"),
    "APC, bad packs": (card(apc=well("apc", o2_2_6_0=2)), "warning: a battery pack is bad"),
    "NUT, bad packs": (nut("OL", battery__packs__bad="1"), "warning: a battery pack is bad"),
    "apcupsd, bad packs": (
        apcupsd(STATUS="ONLINE", BADBATTS="001"),
        "warning: a battery pack is bad",
    ),
    "NUT": (
        nut("ALARM OL", ups__alarm="Battery charger fault!"),
        "fault: charger failed",
    ),
    "NUT, another": (nut("ALARM OL", ups__alarm="Battery failure!"), "fault: battery fault"),
}


@pytest.mark.parametrize("case", NO_BATTERY)
def test_ff_c1_no_battery_is_a_fault_and_never_well(estate: Estate, case: str):
    told(estate, NO_BATTERY[case], "fault: no battery")
    text, code = estate.probed(NO_BATTERY[case])
    assert code == 1
    assert "battery is well" not in text
    assert "charge:" not in text


@pytest.mark.parametrize("case", BATTERY_BAD)
def test_ff_c1_a_bad_battery_pack_or_charger_is_told(estate: Estate, case: str):
    name, wanted = BATTERY_BAD[case]
    told(estate, name, wanted)


# FF-C2, C3 --------------------------------------------------------------------------------------
def alarms(family: str, count: str, column: str, *rows: str) -> dict[str, Value]:
    """A well UPS of `family` with these rows in its alarm table."""
    table = {f"{column}.{number}": row for number, row in enumerate(rows, 1)}
    return {**well(family), count: len(rows), **table}


XUPS_ALARMS = card(
    xups=alarms("xups", "7.1.0", "7.2.1.2", f"{XUPS}.7.32", f"{XUPS}.7.33", f"{XUPS}.7.15")
)
XUPS_UNNAMED = card(xups=alarms("xups", "7.1.0", "7.2.1.2", f"{XUPS}.7.77"))
MORE_ALARMS = card(rfc1628=well("rfc1628", o6_1_0=3))


def test_ff_c2_every_alarm_of_the_table_is_told_by_name(estate: Estate):
    told(
        estate,
        XUPS_ALARMS,
        "fault: charger failed",
        "warning: fan failure",
        "warning: building alarm",
    )
    told(estate, XUPS_UNNAMED, "warning: number 77")
    told(estate, MORE_ALARMS, "warning: 3 that the UPS does not name")


ABM = card(xups=well("xups", o2_5_0=8))
FAILURE = card(xups=well("xups", o2_7_0=1, o2_8_0=2, o2_9_0=2))


def test_ff_c2_a_battery_that_failed_or_must_be_checked_is_a_fault(estate: Estate):
    told(estate, ABM, "fault: battery must be checked")
    told(estate, FAILURE, "fault: battery fault")


OVERLOADED = card(cyberpower=well("cyberpower", o4_1_1_0=11, o4_2_3_0=98))
ABSENT = card(cyberpower=well("cyberpower", o2_1_1_0=4, o2_2_1_0=0))


def test_ff_c3_cyberpower_without_a_battery_or_overloaded(estate: Estate):
    told(estate, OVERLOADED, "fault: overload")
    told(estate, ABSENT, "fault: no battery")


# FF-C4 ------------------------------------------------------------------------------------------
WORSE = {
    "rfc1628": {"2.1.0": 3},
    "apc": {"2.2.4.0": 2},
    "xups": {"2.9.0": 1},
    "mge": {"5.11.0": 1},
    "cyberpower": {"2.2.5.0": 2},
    "socomec": {"2.1.0": 8},
    "delta": {"7.1.0": 2},
    "ppc": {"2.2.5.0": 2},
    "hp": {"7.2.0": 3},
    "eppc": {"3.1.0": 6},
    "tripplite": {"3.1.3.1.1.1.1.1": 4},
}
PAIRS = {
    (bad, other): card(**{other: well(other), bad: well(bad) | WORSE[bad]})
    for bad in WORSE
    for other in ("rfc1628", "xups", "mge", "apc")
    if bad != other
}


@pytest.mark.parametrize("bad", [name for name in WORSE if name != "apc"])
def test_ff_c4_of_all_blocks_that_answer_the_worst_counts(estate: Estate, bad: str):
    for (one, other), name in PAIRS.items():
        if one == bad:
            lines = estate.lines(name)
            assert len(lines) == 1, (bad, other, lines)
            assert lines[0].startswith("fault: "), (bad, other, lines)


# FF-C5 ------------------------------------------------------------------------------------------
LOSSES = {
    "MGE": card(mge=well("mge", o12_13_0=2)),
    "MGE with sensors": card(mge=well("mge", o12_13_0=1110)),
    "XUPS": card(xups=alarms("xups", "7.1.0", "7.2.1.2", f"{XUPS}.7.26")),
    "XUPS beside RFC 1628": card(
        rfc1628=well("rfc1628"), xups=alarms("xups", "7.1.0", "7.2.1.2", f"{XUPS}.7.26")
    ),
    "Socomec": card(
        socomec=alarms("socomec", "6.1.0", "6.2.1.2", f"{FAMILIES['socomec'].root}.6.3.58")
    ),
    "Delta": card(delta=well("delta", o9_1_0=1)),
    "NUT in words": nut("ALARM OL", ups__alarm="Communication with UPS lost!"),
    "NUT in other words": nut("ALARM OL", ups__alarm="No communication with UPS"),
    "NUT, loss of it": nut("ALARM OL", ups__alarm="[Loss of communication]"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_ff_c5_a_card_that_has_lost_its_ups_says_so(estate: Estate, case: str):
    told(estate, LOSSES[case], LOST)


# FF-C6 ------------------------------------------------------------------------------------------
SILENT = {
    "RFC 1628, source alone": card(rfc1628={"4.1.0": 3}),
    "APC, source alone": card(apc={"4.1.1.0": 2}),
    "XUPS, source and charge": card(xups=well("xups")),
    "Vertiv, source alone": card(vertiv={"3.55.0": 3}),
    "PPC, battery unknown": card(ppc={"4.1.1.0": 2, "2.1.1.0": 1}),
    "NUT, waits for its driver": nut("WAIT"),
    "apcupsd that never met its UPS": apcupsd(STATUS="", STATFLAG="0x05000000"),
    "apcupsd without a status": apcupsd(LINEV="230.0 Volts"),
}
SPEAKING = {
    "RFC 1628": (card(rfc1628=well("rfc1628", o6_1_0=0)), ("battery is well", "no alarms")),
    "APC": (card(apc=well("apc")), ("battery is well",)),
    "apcupsd": (apcupsd(STATUS="ONLINE", STATFLAG="0x05000008"), ("battery is well",)),
    "NUT": (nut("OL CHRG"), ("battery is not low",)),
}


@pytest.mark.parametrize("case", SILENT)
def test_ff_c6_of_what_was_not_answered_there_is_no_line(estate: Estate, case: str):
    text, _ = estate.probed(SILENT[case])
    assert "no alarms" not in text
    assert "battery:" not in text


@pytest.mark.parametrize("case", SPEAKING)
def test_what_was_answered_has_its_line(estate: Estate, case: str):
    name, wanted = SPEAKING[case]
    text, code = estate.probed(name)
    assert code == 0
    assert all(words in text for words in wanted)


# FF-C7 ------------------------------------------------------------------------------------------
DEAD = {"input__voltage": "0.0"}
LIVE = {"input__voltage": "231.0"}
AT_WORK = {
    "OL DISCHRG": nut("OL DISCHRG", **DEAD),
    "OB LB CAL": nut("OB LB CAL", **DEAD),
    "OB DISCHRG CAL": nut("OB DISCHRG CAL", **DEAD),
    "OB TEST": nut("OB TEST", **DEAD),
    "its charger": nut("OL", battery__charger__status="discharging", **DEAD),
    "three phases": nut("OB CAL", **{f"input__L{line}-N__voltage": "0" for line in (1, 2, 3)}),
}
TESTED = {status: nut(status, **LIVE) for status in ("OB DISCHRG CAL", "CAL OL", "OL TEST")}


@pytest.mark.parametrize("case", AT_WORK)
def test_ff_c7_without_mains_no_test_explains_a_battery_at_work(estate: Estate, case: str):
    lines = [line for line in estate.lines(AT_WORK[case]) if "battery is low" not in line]
    assert fits(lines, ("fault: on battery",)), lines


def test_with_mains_a_test_is_no_power_cut(estate: Estate):
    for name in TESTED.values():
        told(estate, name)


ENDLESS = {
    "apcupsd": apcupsd(STATUS="CAL ONBATT", TONBATT="15000 Seconds", LINEV="231.0 Volts"),
    "APC": card(apc=well("apc", o4_1_1_0=15, o2_1_2_0=integer(1_500_000, TICKS), o3_2_1_0=231)),
    "RFC 1628": card(rfc1628=well("rfc1628", o4_1_0=5, o7_3_0=5, o2_2_0=15000, o3_3_1_3_1=231)),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_ff_c7_a_test_has_a_time_limit(estate: Estate, case: str):
    told(estate, ENDLESS[case], "fault: for 4 h 10 min (limit 4 h): on battery")


@pytest.mark.parametrize("case", DISCHARGES)
def test_ff_c7_a_battery_that_discharges_tells_where_no_source_is_told(estate: Estate, case: str):
    lines = estate.lines(DISCHARGES[case])
    assert fits(lines, ("fault: on battery",)), lines


@pytest.mark.parametrize("case", MAINS_DEAD)
def test_ff_c7_a_battery_that_discharges_while_the_mains_is_dead(estate: Estate, case: str):
    told(estate, MAINS_DEAD[case], "fault: on battery")


# FF-C8 ------------------------------------------------------------------------------------------
FORCED = {
    status: nut(status) for status in ("FSD OL", "OL CHRG FSD", "FSD OB LB", "FSD BYPASS", "FSD")
}


@pytest.mark.parametrize("status", FORCED)
def test_ff_c8_a_forced_shutdown_is_a_fault_in_any_company(estate: Estate, status: str):
    lines = estate.lines(FORCED[status])
    wanted = (
        "fault: forced shutdown ordered; every machine that starts will shut down; restart upsd"
    )
    assert wanted in lines
    assert ("fault: on battery" in lines) == ("OB" in status)


# FF-C9 ------------------------------------------------------------------------------------------
DUMMY = {"driver__name": "dummy-ups"}
MIRROR = DUMMY | {"driver__parameter__port": "real@192.0.2.7"}
STAND_INS = {
    "repeater": (nut("OL", **MIRROR, driver__parameter__mode="repeater"), "real@192.0.2.7"),
    "repeater by its port": (nut("OL", **MIRROR), "real@192.0.2.7"),
    "dummy-once": (nut("OL", **DUMMY, driver__parameter__mode="dummy-once"), "simulated"),
    "dummy-loop": (nut("OL", **DUMMY, driver__parameter__mode="dummy-loop"), "simulated"),
    "dummy": (nut("OL CHRG", **DUMMY, driver__parameter__port="a.dev"), "simulated"),
}


@pytest.mark.parametrize("case", STAND_INS)
def test_ff_c9_a_mirror_or_a_simulation_is_never_well(estate: Estate, case: str):
    name, words = STAND_INS[case]
    told(estate, name, f"unknown: {words}")


MIRROR_ON_BATTERY = nut("OB DISCHRG", **MIRROR, driver__parameter__mode="repeater")


def test_what_a_mirror_says_of_trouble_is_told(estate: Estate):
    told(estate, MIRROR_ON_BATTERY, "fault: on battery")


# FF-C10 -----------------------------------------------------------------------------------------
GOING = {
    "words and bits": apcupsd(
        STATUS="SHUTTING DOWN", STATFLAG="0x05060250", BCHARGE="9.0 Percent", LINEV="0.0 Volts"
    ),
    "bits": apcupsd(STATFLAG="0x05060250", BCHARGE="9.0 Percent"),
    "bits behind an unknown word": apcupsd(STATUS="???", STATFLAG="0x05060250 Status Flag"),
}


@pytest.mark.parametrize("case", GOING)
def test_ff_c10_apcupsd_shutting_down_on_battery(estate: Estate, case: str):
    told(
        estate,
        GOING[case],
        "fault: on battery",
        "fault: battery is low",
        "fault: shutting down",
    )


BITS = {
    "0x05000010": ("fault: on battery",),
    "0x05000028": ("fault: overload",),
    "0x05000088": ("fault: battery must be replaced",),
    "0x05000048": ("fault: battery is low",),
    "0x05000108": (LOST,),
    "0x05000208": ("fault: shutting down",),
    "0x0500000a": (),
    "0x0500000c": (),
    "0x05000009": (),
}
BY_BITS = {bits: apcupsd(STATUS="", STATFLAG=bits) for bits in BITS}


@pytest.mark.parametrize("bits", BITS)
def test_ff_c10_where_words_are_missing_the_bits_decide(estate: Estate, bits: str):
    told(estate, BY_BITS[bits], *BITS[bits])


# FF-C11 -----------------------------------------------------------------------------------------
SELF_TEST = "Automatic or explicit self test"
TESTS = {
    "apcupsd": apcupsd(STATUS="ONBATT", LASTXFER=SELF_TEST, LINEV="231.0 Volts"),
    "APC, calibration": card(apc=well("apc", o4_1_1_0=3, o7_2_6_0=3, o3_2_1_0=231)),
    "CyberPower": card(cyberpower=well("cyberpower", o4_1_1_0=3, o7_2_7_0=3, o3_2_1_0=2310)),
}
MORE_TESTS = {
    "apcupsd, in progress": apcupsd(STATUS="ONBATT", SELFTEST="IP", LINEV="231.0 Volts"),
    "apcupsd, calibration": apcupsd(STATUS="CAL ONBATT", LINEV="231.0 Volts"),
    "APC, self-test": card(apc=well("apc", o4_1_1_0=3, o7_2_3_0=4, o3_2_1_0=231)),
    "XUPS": card(xups=well("xups", o4_5_0=5, o8_2_0=4, o3_4_1_2_1=231)),
    "RFC 1628": card(rfc1628=well("rfc1628", o4_1_0=5, o7_3_0=5, o3_3_1_3_1=231)),
}
CUTS = {
    "apcupsd": apcupsd(STATUS="ONBATT", LASTXFER=SELF_TEST, LINEV="0.0 Volts"),
    "apcupsd, another": apcupsd(STATUS="ONBATT", LASTXFER="Low line voltage", LINEV="0.0 Volts"),
    "APC": card(apc=well("apc", o4_1_1_0=3, o7_2_6_0=3, o3_2_1_0=0)),
}


@pytest.mark.parametrize("case", TESTS)
def test_ff_c11_a_self_test_or_calibration_is_no_power_cut(estate: Estate, case: str):
    told(estate, TESTS[case])


@pytest.mark.parametrize("case", MORE_TESTS)
def test_other_signs_of_a_test_are_no_power_cut(estate: Estate, case: str):
    told(estate, MORE_TESTS[case])


@pytest.mark.parametrize("case", CUTS)
def test_a_power_cut_during_a_test_is_one(estate: Estate, case: str):
    told(estate, CUTS[case], "fault: on battery")


# FF-C12 -----------------------------------------------------------------------------------------
OFF = {
    "PPC": ("ppc", "o4_1_1_0", 8, "o4_2_1_0", 2360, "o4_2_3_0"),
    "RFC 1628": ("rfc1628", "o4_1_0", 2, "o4_4_1_2_1", 230, "o4_4_1_5_1"),
    "APC": ("apc", "o4_1_1_0", 7, "o4_2_1_0", 230, "o4_2_3_0"),
    "XUPS": ("xups", "o4_5_0", 2, "o4_4_1_2_1", 230, "o4_1_0"),
    "Netvision": ("netvision", "o4_1_0", 8, "o4_4_1_2_1", 2300, "o4_4_1_4_1"),
    "EPPC": ("eppc", "o2_1_0", 2, "o2_18_1_3_1", 2300, "o2_18_1_7_1"),
}


def off(case: str, volts: int | None) -> str:
    """A UPS that says "off" with so many volts at its output, None: not told."""
    family, source, value, output, _, load = OFF[case]
    told = {source: value, load: 20 if volts else 0}
    return card(**{family: well(family, **told, **({} if volts is None else {output: volts}))})


OFF_LIVE = {case: off(case, OFF[case][4]) for case in OFF}
OFF_DEAD = {case: (off(case, 0), off(case, None)) for case in OFF}


@pytest.mark.parametrize("case", OFF)
def test_ff_c12_off_with_a_live_output_is_no_fault(estate: Estate, case: str):
    told(estate, OFF_LIVE[case], NO_SOURCE)


OL_OFF = {
    "not told": (nut("OL OFF"), ("fault: output is off",)),
    "no load": (nut("OFF OL CHRG", ups__load="0"), ("fault: output is off",)),
    "in words": (nut("ALARM OL", ups__alarm="Output is OFF!"), ("fault: output is off",)),
}
OL_OFF_LIVE = {
    "230 V": nut("OL OFF", output__voltage="230.0"),
    "a load": nut("OL OFF", ups__load="21"),
}


@pytest.mark.parametrize("case", OL_OFF)
def test_ff_c12_nut_off_beside_ol_is_off_where_nothing_says_otherwise(estate: Estate, case: str):
    name, wanted = OL_OFF[case]
    told(estate, name, *wanted)


@pytest.mark.parametrize("case", OL_OFF_LIVE)
def test_beside_c12_nut_off_beside_ol_with_a_live_output(estate: Estate, case: str):
    told(estate, OL_OFF_LIVE[case])


@pytest.mark.parametrize("case", OFF)
def test_off_with_a_dead_or_unknown_output_is_a_fault(estate: Estate, case: str):
    for name in OFF_DEAD[case]:
        told(estate, name, "fault: output is off")


# FF-C13 -----------------------------------------------------------------------------------------
OLD_CARDS = {value: card(netvision=well("netvision", o2_1_0=value)) for value in (2, 3, 4, 6)}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (3, "fault: battery is low"),
        (4, "fault: battery is empty"),
        (6, "fault: battery fault"),
    ],
)
def test_ff_c13_old_net_vision_cards_have_numbers_of_their_own(
    estate: Estate, value: int, wanted: str
):
    told(estate, OLD_CARDS[value], wanted)
    told(estate, OLD_CARDS[2])


# FF-C14 -----------------------------------------------------------------------------------------
COLD = {
    "NUT": nut("OL", battery__temperature="0.0"),
    "RFC 1628": card(rfc1628=well("rfc1628", o2_7_0=0)),
    "APC": card(apc=well("apc", o2_2_2_0=0)),
    "MGE": card(mge=well("mge", o5_7_0=0)),
    "CyberPower": card(cyberpower=well("cyberpower", o2_2_3_0=0)),
}
WARM = nut("OL", ups__temperature="47.5")
HOT = nut("OL", ups__temperature="71")
ITEMP = apcupsd(STATUS="ONLINE", ITEMP="47.5 C")
EPPC_HOT = card(eppc=well("eppc", o2_2_0=475))
FAHRENHEIT = {
    "NUT": nut("OL", battery__temperature="86.0 F"),
    "NUT, 113 F": nut("OL", battery__temperature="113.0 F"),
    "NUT, without a space": nut("OL", battery__temperature="113.0F"),
    "NUT, deg F": nut("OL", battery__temperature="113 deg F"),
}


@pytest.mark.parametrize("case", COLD)
def test_ff_c14_zero_degrees_are_no_temperature(estate: Estate, case: str):
    text, code = estate.probed(COLD[case])
    assert code == 0
    assert " 0 C" not in text


@pytest.mark.parametrize("name", [WARM, ITEMP, EPPC_HOT], ids=["NUT", "apcupsd", "EPPC"])
def test_ff_c14_electronics_are_no_battery(estate: Estate, name: str):
    told(estate, name)
    text, _ = estate.probed(name)
    assert "electronics 48 C (limit 60 C)" in text


def test_ff_c14_electronics_have_a_limit_of_their_own(estate: Estate):
    told(estate, HOT, "warning: electronics 71 C (limit 60 C)")


def test_ff_c14_fahrenheit_is_read(estate: Estate):
    text, _ = estate.probed(FAHRENHEIT["NUT"])
    assert "battery 30 C" in text
    for case in ("NUT, 113 F", "NUT, without a space", "NUT, deg F"):
        told(estate, FAHRENHEIT[case], "warning: battery 45 C")


# FF-C15 -----------------------------------------------------------------------------------------
MODES = {
    words: nut("ALARM OL", ups__alarm=words)
    for words in (
        "in ECO mode",
        "UPS is in ECO mode!",
        "[High efficiency mode]",
        "In ESS mode",
        "Energy saving mode",
        "UPS in economy mode",
        "Green mode",
        "ECOmode active",
        "UPS is in eConversion",
    )
}
MODE_FAILS = nut("ALARM OL", ups__alarm="ECO mode fault")
MODE_AND_ALARM = nut("ALARM OL RB", ups__alarm="in ECO mode; Replace battery!")


@pytest.mark.parametrize("words", MODES)
def test_ff_c15_a_mode_of_operation_is_no_alarm(estate: Estate, words: str):
    told(estate, MODES[words])


def test_ff_c15_an_alarm_beside_a_mode_is_told(estate: Estate):
    told(estate, MODE_AND_ALARM, "fault: battery must be replaced")
    told(estate, MODE_FAILS, "warning: ECO mode fault")


# FF-C16 -----------------------------------------------------------------------------------------
ABORTED = {
    "RFC 1628": card(rfc1628=well("rfc1628", o7_3_0=4)),
    "NUT": nut("OL", ups__test__result="Aborted"),
    "NUT, cancelled": nut("OL", ups__test__result="Test cancelled by user"),
    "USHA": card(usha=well("usha", o6_3_0=4)),
    "EPPC": card(eppc=well("eppc", o7_3_0=6)),
}
FAILED_TESTS = [
    nut("OL", ups__test__result=result) for result in ("Not good", "Battery weak", "not passed")
]
PASSED_TEST = nut("OL", ups__test__result="Passed, no failure")
IN_WORDS = {
    "EPO active!": "fault: emergency power off",
    "Over-temperature": "fault: UPS is overheated",
    "UPS on battery": "fault: on battery",
    "Output unprotected": "fault: output is not protected",
}
ALARMED = {words: nut("ALARM OL", ups__alarm=words) for words in IN_WORDS}
BESIDE = card(rfc1628=alarms("rfc1628", "6.1.0", "6.2.1.2", f"{RFC}.6.3.1", f"{E}.99999.7.3"))
BESIDE_RIELLO = card(
    riello=alarms("riello", "6.1.0", "6.2.1.2", f"{FAMILIES['riello'].root}.6.3.3", f"{E}.9.9.9")
)
LOADS = {
    "NUT": nut(
        "OL",
        **{f"output__L{n}__power__percent": load for n, load in ((1, "20"), (2, "95"), (3, "30"))},
    ),
    "RFC 1628": card(rfc1628=well("rfc1628", o4_4_1_5_1=20, o4_4_1_5_2=95, o4_4_1_5_3=30)),
    "XUPS": card(xups=well("xups", o4_1_0=48, o4_4_1_8_1=20, o4_4_1_8_2=95, o4_4_1_8_3=30)),
    "MGE": card(mge=well("mge", o7_2_1_4_1=20, o7_2_1_4_2=95, o7_2_1_4_3=30)),
}
SATURATED = {
    "NUT, 9999 s": nut("OB", battery__runtime="9999"),
    "NUT, 99 h 59 min": nut("OB", battery__runtime="359940"),
    "NUT, 32767 s": nut("OB", battery__runtime="32767"),
    "RFC 1628, 999 min": card(rfc1628=well("rfc1628", o4_1_0=5, o2_3_0=999)),
    "XUPS, 9999 s": card(xups=well("xups", o4_5_0=5, o2_1_0=9999)),
    "apcupsd, 999 min": apcupsd(STATUS="ONBATT", TIMELEFT="999.0 Minutes", LINEV="0.0 Volts"),
    "Socomec, 9999 min": card(socomec=well("socomec", o2_1_0=5, o2_3_0=9999)),
}


@pytest.mark.parametrize("case", ABORTED)
def test_ff_c16_a_test_that_was_broken_off_is_a_warning(estate: Estate, case: str):
    told(estate, ABORTED[case], "warning: last self-test: aborted")


def test_ff_c16_a_test_that_failed_in_other_words_has_failed(estate: Estate):
    for name in FAILED_TESTS:
        told(estate, name, "fault: last self-test: failed")
    told(estate, PASSED_TEST)


@pytest.mark.parametrize("words", IN_WORDS)
def test_ff_c16_an_alarm_in_other_words_is_told_by_what_it_means(estate: Estate, words: str):
    told(estate, ALARMED[words], IN_WORDS[words])


def test_ff_c16_a_makers_alarm_beside_a_known_one_is_told(estate: Estate):
    told(estate, BESIDE, "fault: battery must be replaced", f"warning: {E}.99999.7.3")
    told(estate, BESIDE_RIELLO, "fault: battery is low", f"warning: {E}.9.9.9")


def test_ff_c16_of_three_phases_the_most_loaded_counts(estate: Estate):
    """Not the mean, which XUPS tells beside them."""
    told(estate, LOADS["XUPS"], "warning: load 95 %")


@pytest.mark.parametrize("case", LOADS)
def test_the_load_of_three_phases(estate: Estate, case: str):
    told(estate, LOADS[case], "warning: load 95 %")


@pytest.mark.parametrize("case", SATURATED)
def test_ff_c16_a_counter_at_its_end_is_no_runtime(estate: Estate, case: str):
    assert estate.lines(SATURATED[case]) == ["fault: on battery"]
