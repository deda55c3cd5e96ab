"""What the record and the configuration say of the security of each device: firmware, logins,
certificates, identity. Nothing is asked of a device for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from healthmon.evidence.period import Period
from healthmon.incidents import device_changes
from healthmon.model.enums import CheckName, Kind
from healthmon.store import Store, Wanted

if TYPE_CHECKING:
    from healthmon.config.schema import Config, FirmwareEntry
    from healthmon.incidents.confirmation import Fault
    from healthmon.model.device import Device

NOT_MEASURED: Final = "not measured"
IDENTITY_CODES: Final = frozenset({"wrong_device", "duplicate_address", "identity_changed"})
_MEASURED: Final = frozenset({"ok", "degraded", "fault"})


@dataclass(frozen=True, slots=True)
class Support:
    """What config.yaml says of the firmware of a model: the approved versions, and the day until which
    the maker supports it, as in "2029-12-31", "" where it is not said.
    """

    approved: tuple[str, ...] = ()
    until: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a device in a period: the checks that found something out, the faults that
    it had, of these the ones that are open at its end, and what is said of its model.
    """

    device: Device
    checked: frozenset[str]
    faults: tuple[Fault, ...]
    open: frozenset[str]
    support: Support | None


@dataclass(frozen=True, slots=True)
class Said:
    """One cell: `standing` is what is counted, `words` are the whole answer."""

    standing: str
    words: str = ""

    def __str__(self) -> str:
        return f"{self.standing}: {self.words}" if self.words else self.standing


def read(
    store: Store, config: Config, devices: Sequence[Device], times: tuple[Period, float]
) -> list[Known]:
    """Each device in service, as it was commissioned or accepted since, with what is known of it in a
    period until now (Unix seconds). Raises StoreError.
    """
    period, now = times
    end = min(period.until, now)
    faults = _faults(store, period.since, end)
    lists = {one.model.casefold(): one for one in config.firmware}
    return [
        Known(
            device,
            _checked(store, device.id, period.since, end),
            tuple(fault for fault, _open in faults[device.id]),
            frozenset(fault.code for fault, is_open in faults[device.id] if is_open),
            _support(lists.get(_model(device).casefold())),
        )
        for device in _in_service(store, devices, now)
    ]


def _in_service(store: Store, devices: Sequence[Device], now: float) -> list[Device]:
    """The devices that are watched `now`, as they were commissioned or accepted since."""
    of_file = {one.id: one for one in devices}
    changed = device_changes.changed(of_file, store.operations_in_force(now), now)
    return [
        one
        for one in {**of_file, **changed}.values()
        if one.kind is not Kind.AGENT and one.in_service and not one.disabled
    ]


def _faults(store: Store, since: float, end: float) -> dict[str, list[tuple[Fault, bool]]]:
    """The faults of each device from `since` to `end`, each with whether it is open at the end."""
    found: dict[str, list[tuple[Fault, bool]]] = defaultdict(list)
    for page in store.incident_pages(Wanted(since=since, until=end)):
        for one in page:
            is_open = one.closed is None or one.closed >= end
            for fault in one.faults:
                found[fault.device].append((fault, is_open))
            for fault in one.past:
                found[fault.device].append((fault, False))
    return found


def _checked(store: Store, device: str, since: float, end: float) -> frozenset[str]:
    """The checks of `device` that found something out."""
    stretches = store.stretches(device, since, end)
    return frozenset(check for check, state, *_times in stretches if state in _MEASURED)


def _support(entry: FirmwareEntry | None) -> Support | None:
    return Support(entry.approved, entry.end_of_support or "") if entry is not None else None


def _model(device: Device) -> str:
    return (device.commissioned.model or "") if device.commissioned else ""


def firmware(one: Known, _today: date) -> Said:
    """The firmware against the commissioned and the approved one."""
    known = one.device.commissioned
    if known is None or not known.firmware:
        return Said(NOT_MEASURED, "config.yaml has no 'commissioned: {firmware: ...}' of it")
    if CheckName.IDENTITY not in one.checked:
        return Said(
            NOT_MEASURED, f"{known.firmware} is commissioned, and its identity was not checked"
        )
    if "firmware_changed" in one.open:
        return Said("NOT AS COMMISSIONED", _sentence(one, frozenset({"firmware_changed"})))
    if one.support is None or not one.support.approved:
        return Said("as commissioned", f"{known.firmware}; no approved firmware in config.yaml")
    approved = known.firmware in one.support.approved
    return Said("approved" if approved else "NOT APPROVED", known.firmware)


def support(one: Known, today: date) -> Said:
    """The end of support of the model."""
    if not _model(one.device):
        return Said(NOT_MEASURED, "config.yaml has no 'commissioned: {model: ...}' of it")
    if one.support is None or not one.support.until:
        return Said(NOT_MEASURED, f"config.yaml has no 'end_of_support' of {_model(one.device)}")
    ended = today.isoformat() > one.support.until
    return Said("SUPPORT HAS ENDED" if ended else "supported", f"until {one.support.until}")


def login(one: Known, _today: date) -> Said:
    """How healthmon logs in, by config.yaml; what other users of the device do is not known."""
    access = one.device.access
    plain = [
        words
        for words, used in (
            ("HTTP", access.http_port is not None and not access.https),
            ("RTSP", access.rtsp_port is not None and not access.rtsps),
            (f"SNMP {access.snmp.version if access.snmp else ''}", _open_snmp(one.device)),
        )
        if used
    ]
    if access.credential is None and access.snmp is None:
        return Said("no login", "healthmon has no account on it")
    if access.allow_basic:
        return Said("BASIC ALLOWED", ", ".join([*plain, "the password may be sent as it is"]))
    return Said("UNENCRYPTED", ", ".join(plain)) if plain else Said("encrypted")


def _open_snmp(device: Device) -> bool:
    return device.access.snmp is not None and device.access.snmp.version != "3"


def certificate(one: Known, _today: date) -> Said:
    """The certificate, and whether its key is pinned."""
    access = one.device.access
    if not (access.https or access.rtsps):
        return Said("no certificate", "no encrypted port in config.yaml")
    pinned = "pinned" if access.tls and access.tls.pin else "no pin"
    if CheckName.CERTIFICATE not in one.checked:
        return Said(NOT_MEASURED, f"{pinned}; the certificate was not checked")
    codes = {fault.code for fault in one.faults if fault.check_type == CheckName.CERTIFICATE}
    if codes:
        return Said("FAULT IN THE PERIOD", f"{pinned}; {_sentence(one, frozenset(codes))}")
    return Said(pinned, "no fault of the certificate in the period")


def identity(one: Known, _today: date) -> Said:
    """Whether another device answered at its address."""
    changed = _sentence(one, IDENTITY_CODES)
    if changed:
        return Said("CHANGED IN THE PERIOD", changed)
    if CheckName.IDENTITY not in one.checked:
        return Said(NOT_MEASURED, "its identity was not checked")
    if one.device.commissioned is None:
        return Said(NOT_MEASURED, "nothing is commissioned to compare with")
    return Said("as commissioned")


def _sentence(one: Known, codes: frozenset[str]) -> str:
    return "; ".join(dict.fromkeys(fault.sentence for fault in one.faults if fault.code in codes))


Topic = Callable[[Known, date], Said]
TOPICS: Final[tuple[tuple[str, str, Topic], ...]] = (
    (
        "Firmware",
        "Against the commissioned version and the list in config.yaml ('firmware').",
        firmware,
    ),
    ("End of support", "By the dates in config.yaml ('firmware').", support),
    ("Logins", "As config.yaml says; other accounts on the device are not looked for.", login),
    ("Certificates and pins", "By the checks of the certificate in the period.", certificate),
    ("Identity", "Devices that were not, or not quite, the commissioned ones.", identity),
)
