"""The answers of ONVIF Profile G (recording search, control, replay) and of the device service,
read tolerantly.

Sources: ONVIF Recording Search, Recording Control and Replay Control Service Specifications;
onvif.xsd. Elements are found by local name. All times are UTC (search specification, "Time
Information"); one without a zone is read as UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.onvif import device
from healthmon.protocols.onvif.profile_g_requests import NS_RECORDING, NS_REPLAY, NS_SEARCH
from healthmon.protocols.values import dates, xml
from healthmon.protocols.values.xml import Element

FIRST_MOMENT = 946684800.0  # 2000-01-01: what is older is an empty field, not footage
MOST_ITEMS = 4096
_TRUE, _FALSE = {"true", "1"}, {"false", "0"}
_KINDS = {kind: kind for kind in ("video", "audio", "metadata")}  # one object for all tracks


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a recording; `kind` is video, audio, metadata or other."""

    token: str
    kind: str
    oldest: float | None = None
    newest: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One recording (RecordingInformation, or an item of GetRecordings). Times are Unix seconds of
    the recorder.

    `retention` is MaximumRetentionTime in seconds, 0 for "not limited"; None where the call does
    not tell.
    """

    token: str
    source: str = ""
    name: str = ""
    address: str = ""
    oldest: float | None = None
    newest: float | None = None
    status: str | None = None
    tracks: tuple[Track, ...] = ()
    retention: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a search: `topic` without its prefix, `source` and `data` as name -> value.

    `start` marks a virtual event that gives the state at the start of the search.
    """

    at: float
    topic: str
    recording: str
    track: str
    source: dict[str, str]
    data: dict[str, str]
    start: bool = False

    def flag(self, name: str) -> bool | None:
        """A boolean of the data, None where it is missing or neither true nor false."""
        return boolean(self.data.get(name))


@dataclass(frozen=True, slots=True)
class Job:
    """One recording job; `state` and `error` come from GetRecordingJobState."""

    token: str
    recording: str
    mode: str | None = None
    state: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class VendorInfo:
    """GetDeviceInformation; None where the device leaves a field out."""

    manufacturer: str | None
    model: str | None
    serial: str | None
    firmware: str | None


# ------------------------------------------------------------------------------------------------ answers


def answer(body: Element, operation: str) -> Element:
    """The response element of `operation` in a SOAP body. Raises ProtocolError where the body holds
    another.
    """
    found = xml.find(body, f"{operation}Response")
    if found is None:
        raise ProtocolError(f"{operation}: the answer holds no {operation}Response")
    return found


def services(body: Element) -> tuple[dict[str, str], bool]:
    """Namespace -> XAddr of GetServices, and whether the search gives the state of properties
    (GeneralStartEvents).
    """
    found: dict[str, str] = {}
    general = False
    for service in _all(answer(body, "GetServices"), "Service"):
        namespace, address = xml.text(service, "Namespace"), xml.text(service, "XAddr")
        if namespace and address:
            found[namespace.rstrip("/")] = address
        inside = xml.find(service, "Capabilities", "Capabilities")
        if inside is not None and boolean(inside.get("GeneralStartEvents")):
            general = True
    return found, general


def capabilities(body: Element) -> dict[str, str]:
    """Namespace -> XAddr of the Profile G services in GetCapabilities (Extension)."""
    root = xml.find(answer(body, "GetCapabilities"), "Capabilities")
    places = {NS_SEARCH: "Search", NS_RECORDING: "Recording", NS_REPLAY: "Replay"}
    found = {
        namespace: xml.text(root, "Extension", name, "XAddr") for namespace, name in places.items()
    }
    return {namespace: address for namespace, address in found.items() if address}


def summary(body: Element) -> tuple[float | None, float | None, int]:
    """(oldest, newest, recordings) of GetRecordingSummary; the dates mean nothing where there is no
    recording.
    """
    told = xml.find(answer(body, "GetRecordingSummary"), "Summary")
    count = _whole(xml.text(told, "NumberRecordings"))
    if not count:
        return None, None, 0
    return _moment(xml.text(told, "DataFrom")), _moment(xml.text(told, "DataUntil")), count


def search_token(body: Element, operation: str) -> str:
    """The token of a search session. Raises ProtocolError without one."""
    token = xml.text(answer(body, operation), "SearchToken")
    if token is None:
        raise ProtocolError(f"{operation}: the answer holds no SearchToken")
    return token[:512]


def recordings_page(body: Element) -> tuple[bool, tuple[Found, ...]]:
    """(completed, recordings) of one page of GetRecordingSearchResults."""
    results = xml.find(answer(body, "GetRecordingSearchResults"), "ResultList")
    found = tuple(_information(one) for one in _all(results, "RecordingInformation"))
    return _completed(results), tuple(one for one in found if one.token)


def recording_information(body: Element) -> Found | None:
    """GetRecordingInformation."""
    told = xml.find(answer(body, "GetRecordingInformation"), "RecordingInformation")
    return _information(told) if told is not None else None


def recordings(body: Element) -> tuple[Found, ...]:
    """GetRecordings: tokens, sources and the retention that is set; no dates."""
    found = []
    for item in _all(answer(body, "GetRecordings"), "RecordingItem"):
        configuration = xml.find(item, "Configuration")
        source = xml.find(configuration, "Source")
        tracks = tuple(
            Track(
                xml.text(one, "TrackToken") or "",
                _kind(xml.text(one, "Configuration", "TrackType")),
            )
            for one in _all(xml.find(item, "Tracks"), "Track")
        )
        kept = dates.duration(xml.text(configuration, "MaximumRetentionTime"))
        token = xml.text(item, "RecordingToken") or ""
        found.append(Found(token, *_source(source), tracks=tracks, retention=kept))
    return tuple(one for one in found if one.token)


def retentions(body: Element) -> dict[str, float]:
    """GetRecordings: token -> retention that is set, seconds; without recordings that have none."""
    return {one.token: one.retention for one in recordings(body) if one.retention is not None}


def _information(told: Element) -> Found:
    tracks = tuple(
        Track(
            xml.text(one, "TrackToken") or "",
            _kind(xml.text(one, "TrackType")),
            _moment(xml.text(one, "DataFrom")),
            _moment(xml.text(one, "DataTo")),
        )
        for one in _all(told, "Track")
    )
    return Found(
        xml.text(told, "RecordingToken") or "",
        *_source(xml.find(told, "Source")),
        _moment(xml.text(told, "EarliestRecording")),
        _moment(xml.text(told, "LatestRecording")),
        xml.text(told, "RecordingStatus"),
        tracks,
    )


def _source(source: Element | None) -> tuple[str, str, str]:
    return tuple((xml.text(source, name) or "")[:256] for name in ("SourceId", "Name", "Address"))  # type: ignore[return-value]


def events_page(body: Element) -> tuple[bool, tuple[Event, ...]]:
    """(completed, events) of one page of GetEventSearchResults; what is not an event is passed
    over.
    """
    results = xml.find(answer(body, "GetEventSearchResults"), "ResultList")
    found = (_event(one) for one in _all(results, "Result"))
    return _completed(results), tuple(event for event in found if event is not None)


def _event(result: Element) -> Event | None:
    message = xml.find(result, "Event", "Message", "Message")
    at = _moment(xml.text(result, "Time"))
    if at is None and message is not None:
        at = _moment(message.get("UtcTime"))
    topic = _topic(xml.find(result, "Event", "Topic"))
    if at is None or message is None or not topic:
        return None
    return Event(
        at,
        topic,
        xml.text(result, "RecordingToken") or "",
        xml.text(result, "TrackToken") or "",
        _items(xml.find(message, "Source")),
        _items(xml.find(message, "Data")),
        bool(boolean(xml.text(result, "StartStateEvent"))),
    )


def _topic(element: Element | None) -> str:
    """``RecordingHistory/Track/State`` of ``tns1:RecordingHistory/Track/State``, whatever the
    prefixes are.
    """
    text = "".join(one.text for one in element.iter()).strip()[:256] if element is not None else ""
    return "/".join(part.rpartition(":")[2] for part in text.split("/") if part)


def _items(element: Element | None) -> dict[str, str]:
    items = _all(element, "SimpleItem")
    return {(one.get("Name") or "")[:64]: (one.get("Value") or "")[:256] for one in items}


def jobs(body: Element) -> tuple[Job, ...]:
    """GetRecordingJobs."""
    found = []
    for item in _all(answer(body, "GetRecordingJobs"), "JobItem"):
        told = xml.find(item, "JobConfiguration")
        token, recording = xml.text(item, "JobToken"), xml.text(told, "RecordingToken")
        if token and recording:
            found.append(Job(token, recording, xml.text(told, "Mode")))
    return tuple(found)


def job_state(body: Element) -> tuple[str | None, str | None]:
    """(Idle, Active, PartiallyActive or Error; the first error text of a track) of
    GetRecordingJobState.
    """
    state = xml.find(answer(body, "GetRecordingJobState"), "State")
    errors = (
        xml.text(track, "Error")
        for source in _all(state, "Sources")
        for track in _all(xml.find(source, "Tracks"), "Track")
    )
    return xml.text(state, "State"), next((text[:256] for text in errors if text), None)


def replay_uri(body: Element) -> str:
    """The URI of GetReplayUri. Raises ProtocolError without one."""
    uri = xml.text(answer(body, "GetReplayUri"), "Uri")
    if uri is None:
        raise ProtocolError("GetReplayUri: the answer holds no URI")
    return uri


def information(body: Element) -> VendorInfo:
    """GetDeviceInformation."""
    told = answer(body, "GetDeviceInformation")
    names = ("Manufacturer", "Model", "SerialNumber", "FirmwareVersion")
    return VendorInfo(*(text[:128] if (text := xml.text(told, name)) else None for name in names))


def ntp_servers(body: Element) -> tuple[str, ...]:
    """The time servers of GetNTP, by DHCP or by hand, as far as they are set."""
    told = device.ntp_of(answer(body, "GetNTP"))
    return tuple(dict.fromkeys((*told.by_dhcp, *told.by_hand)))


# ------------------------------------------------------------------------------------------------ values


def boolean(text: str | None) -> bool | None:
    """An xs:boolean, None for anything else."""
    word = (text or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _all(element: Element | None, name: str) -> Iterator[Element]:
    if element is None:
        return
    count = 0
    for child in element:
        if child.name == name:
            yield child
            count += 1
            if count >= MOST_ITEMS:
                return


def _completed(results: Element | None) -> bool:
    return (xml.text(results, "SearchState") or "").lower() == "completed"


def _kind(text: str | None) -> str:
    word = (text or "").strip().lower()
    return _KINDS.get(word, "other")


def _moment(text: str | None) -> float | None:
    found = dates.moment(text)
    if found is None:
        return None
    at = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    return at if at >= FIRST_MOMENT else None


def _whole(text: str | None) -> int:
    return (
        int(text)
        if text is not None and text.isascii() and text.isdecimal() and len(text) < 10
        else 0
    )
