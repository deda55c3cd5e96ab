"""A recorder's ONVIF Profile G services as the specifications describe them: search, recording
control, replay URI.

More faults: `no_summary`, `no_search`, `no_events`, `no_general` (operations or capabilities that
are not there), `no_dates` (recordings without dates), `slow_search` (seconds), `disk_failed`,
`fan_failed` (a name).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from healthmon.demo.footage import Channel, channels
from healthmon.demo.state import SimDevice

KEEP_ALIVE = 10.0
MOST_SEARCHES = 4
WEEK = 7 * 86400.0
_FIELD = r"<(?:[\w-]+:)?{name}(?:\s[^>]*)?>([^<]*)<"
_STATES = "HardwareFailure"


class RefusedError(Exception):
    """A SOAP fault with this subcode."""


@dataclass(slots=True)
class Search:
    """A search session; `ready` is when its results are there (monotonic), `used` when it was last
    asked for.
    """

    results: list[str]
    ready: float
    used: float = field(default_factory=time.monotonic)


class ProfileG:
    """The answers of one recorder by operation; `delay` is how long the last answer blocks,
    seconds.
    """

    def __init__(self, device: SimDevice) -> None:
        self._device = device
        self.delay = 0.0
        self.answers: dict[str, Callable[[str], str]] = {
            "GetRecordingSummary": self._summary,
            "FindRecordings": self._find_recordings,
            "GetRecordingSearchResults": lambda body: self._results(
                "GetRecordingSearchResults", body
            ),
            "GetRecordingInformation": self._one,
            "FindEvents": self._find_events,
            "GetEventSearchResults": lambda body: self._results("GetEventSearchResults", body),
            "EndSearch": self._end,
            "GetRecordings": self._recordings,
            "GetRecordingJobs": self._jobs,
            "GetRecordingJobState": self._job_state,
            "GetReplayUri": self._replay_uri,
        }

    def services(self, host: str) -> str:
        """The rows of GetServices."""
        general = "false" if self._device.has("no_general") else "true"
        capabilities = f'<tds:Capabilities><tse:Capabilities MetadataSearch="false" GeneralStartEvents="{general}"/>'
        rows = (
            ("search", f"{capabilities}</tds:Capabilities>"),
            ("recording", ""),
            ("replay", ""),
        )
        return "".join(
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
            f"<tds:XAddr>http://{host}:{self._device.ports.http}/onvif/{name}_service</tds:XAddr>{more}"
            "<tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>"
            for name, more in rows
        )

    def capabilities(self, host: str) -> str:
        """The same services as GetCapabilities names them (ONVIF Core 8.1.2)."""
        base = f"http://{host}:{self._device.ports.http}/onvif"
        names = ("Recording", "Search", "Replay")
        rows = (
            f"<tt:{one}><tt:XAddr>{base}/{one.lower()}_service</tt:XAddr></tt:{one}>"
            for one in names
        )
        return f"<tt:Extension>{''.join(rows)}</tt:Extension>"

    # ------------------------------------------------------------------ search sessions

    def _begin(self, operation: str, results: list[str]) -> str:
        now = time.monotonic()
        searches = self._device.searches
        for token in [token for token, one in searches.items() if now - one.used > KEEP_ALIVE]:
            del searches[token]
        if len(searches) >= MOST_SEARCHES:
            raise RefusedError("ResourceProblem")
        token = secrets.token_hex(4)
        searches[token] = Search(results, now + float(self._device.faults.get("slow_search", 0.0)))
        self._device.counters.searches += 1
        self._count()
        return f"<tse:{operation}Response><tse:SearchToken>{token}</tse:SearchToken></tse:{operation}Response>"

    def _results(self, operation: str, body: str) -> str:
        token = _field(body, "SearchToken")
        search = self._device.searches.get(token)
        if not isinstance(search, Search):
            raise RefusedError("InvalidToken")
        now = time.monotonic()
        search.used = now
        most = int(_field(body, "MaxResults") or 100)
        if now < search.ready:
            wait = float((_field(body, "WaitTime") or "PT0S").strip("PTS"))
            self.delay = min(wait, search.ready - now)
            if wait < search.ready - now:
                return _list(operation, "Searching", "")
        page, search.results = search.results[:most], search.results[most:]
        if not search.results:
            del self._device.searches[token]
            self._count()
        return _list(operation, "Searching" if search.results else "Completed", "".join(page))

    def _end(self, body: str) -> str:
        if self._device.searches.pop(_field(body, "SearchToken"), None) is None:
            raise RefusedError("InvalidToken")
        self._count()
        return f"<tse:EndSearchResponse><tse:Endpoint>{_utc(self._device.now())}</tse:Endpoint></tse:EndSearchResponse>"

    def _count(self) -> None:
        self._device.counters.searches_now = len(self._device.searches)

    # ------------------------------------------------------------------ recordings

    def _refuse(self, fault: str) -> None:
        if self._device.has(fault):
            raise RefusedError("ActionNotSupported")

    def _summary(self, _body: str) -> str:
        self._refuse("no_summary")
        known = channels(self._device)
        oldest = min((c.oldest for c in known), default=0.0)
        newest = max((c.newest for c in known), default=0.0)
        return (
            f"<tse:GetRecordingSummaryResponse><tse:Summary><tt:DataFrom>{_utc(oldest)}</tt:DataFrom>"
            f"<tt:DataUntil>{_utc(newest)}</tt:DataUntil><tt:NumberRecordings>{len(known)}</tt:NumberRecordings>"
            "</tse:Summary></tse:GetRecordingSummaryResponse>"
        )

    def _find_recordings(self, _body: str) -> str:
        self._refuse("no_search")
        return self._begin(
            "FindRecordings", [self._information(one) for one in channels(self._device)]
        )

    def _one(self, body: str) -> str:
        wanted = _field(body, "RecordingToken")
        found = next((one for one in channels(self._device) if _token(one) == wanted), None)
        if found is None:
            raise RefusedError("InvalidToken")
        inside = self._information(found)
        return (
            f"<tse:GetRecordingInformationResponse>{inside}</tse:GetRecordingInformationResponse>"
        )

    def _information(self, one: Channel) -> str:
        status = "Recording" if one.recording else "Stopped"
        dates = (
            f"<tt:EarliestRecording>{_utc(one.oldest)}</tt:EarliestRecording>"
            f"<tt:LatestRecording>{_utc(one.newest)}</tt:LatestRecording>"
        )
        span = f"<tt:DataFrom>{_utc(one.oldest)}</tt:DataFrom><tt:DataTo>{_utc(one.newest)}</tt:DataTo>"
        track = (
            f"<tt:Track><tt:TrackToken>VIDEO001</tt:TrackToken><tt:TrackType>Video</tt:TrackType>"
            f"<tt:Description/>{span}</tt:Track>"
        )
        bare = self._device.has("no_dates")
        return (
            f"<tt:RecordingInformation><tt:RecordingToken>{_token(one)}</tt:RecordingToken>{_source(one)}"
            f"{'' if bare else dates}<tt:Content>Video</tt:Content>{'' if bare else track}"
            f"<tt:RecordingStatus>{status}</tt:RecordingStatus></tt:RecordingInformation>"
        )

    def _recordings(self, _body: str) -> str:
        days = self._device.faults.get("retention_setting", 32)
        items = "".join(
            f"<trc:RecordingItem><tt:RecordingToken>{_token(one)}</tt:RecordingToken><tt:Configuration>{_source(one)}"
            f"<tt:Content>Video</tt:Content><tt:MaximumRetentionTime>P{days}D</tt:MaximumRetentionTime>"
            "</tt:Configuration><tt:Tracks><tt:Track><tt:TrackToken>VIDEO001</tt:TrackToken><tt:Configuration>"
            "<tt:TrackType>Video</tt:TrackType><tt:Description/></tt:Configuration></tt:Track></tt:Tracks>"
            "</trc:RecordingItem>"
            for one in channels(self._device)
        )
        return f"<trc:GetRecordingsResponse>{items}</trc:GetRecordingsResponse>"

    def _jobs(self, _body: str) -> str:
        items = "".join(
            f"<trc:JobItem><tt:JobToken>JOB{one.number:03d}</tt:JobToken><tt:JobConfiguration><tt:RecordingToken>"
            f"{_token(one)}</tt:RecordingToken><tt:Mode>{'Active' if one.signal else 'Idle'}</tt:Mode>"
            "<tt:Priority>1</tt:Priority></tt:JobConfiguration></trc:JobItem>"
            for one in channels(self._device)
        )
        return f"<trc:GetRecordingJobsResponse>{items}</trc:GetRecordingJobsResponse>"

    def _job_state(self, body: str) -> str:
        wanted = _field(body, "JobToken")
        one = next((c for c in channels(self._device) if f"JOB{c.number:03d}" == wanted), None)
        if one is None:
            raise RefusedError("InvalidToken")
        state = "Active" if one.recording else "Idle" if one.signal else "Error"
        error = "" if one.signal else "<tt:Error>no video signal</tt:Error>"
        return (
            f"<trc:GetRecordingJobStateResponse><trc:State><tt:RecordingToken>{_token(one)}</tt:RecordingToken>"
            f"<tt:State>{state}</tt:State><tt:Sources><tt:SourceToken><tt:Token>RECEIVER{one.number}</tt:Token>"
            f"</tt:SourceToken><tt:State>{state}</tt:State><tt:Tracks><tt:Track><tt:SourceTag>video</tt:SourceTag>"
            f"<tt:Destination>VIDEO001</tt:Destination>{error}<tt:State>{state}</tt:State></tt:Track></tt:Tracks>"
            "</tt:Sources></trc:State></trc:GetRecordingJobStateResponse>"
        )

    # ------------------------------------------------------------------ events

    def _find_events(self, body: str) -> str:
        self._refuse("no_events")
        topics = _field(body, "TopicExpression")
        start, end = _moment(_field(body, "StartPoint")), _moment(_field(body, "EndPoint"))
        history = "tns1:RecordingHistory/Track/State" in topics
        if not history and (_STATES not in topics or self._device.has("no_general")):
            raise RefusedError("InvalidFilterFault")
        made = (
            [row for one in channels(self._device) for row in _track_events(one, start, end)]
            if history
            else []
        )
        made += [] if history else list(self._properties(start))
        return self._begin("FindEvents", [row for _, row in sorted(made)])

    def _properties(self, start: float) -> Iterator[tuple[float, str]]:
        """The state of the hardware as virtual events."""
        failed, still = (
            self._device.faults.get("disk_failed"),
            self._device.faults.get("fan_failed"),
        )
        failure = "Device/HardwareFailure"
        for name in ("Disk 1", "Disk 2"):
            yield (
                start,
                _event(
                    start, f"{failure}/StorageFailure", ("Token", name), ("Failed", name == failed)
                ),
            )
        yield (
            start,
            _event(
                start, f"{failure}/FanFailure", ("Token", "Fan 1"), ("Failed", still == "Fan 1")
            ),
        )
        for one in channels(self._device):
            source = ("VideoSource", f"INPUT{one.number}")
            yield (
                start,
                _event(start, "VideoSource/SignalLoss", source, ("State", not one.signal), one),
            )

    # ------------------------------------------------------------------ the rest

    def _replay_uri(self, body: str) -> str:
        wanted = _field(body, "RecordingToken")
        if wanted not in {_token(one) for one in channels(self._device)}:
            raise RefusedError("InvalidToken")
        host = "127.0.0.2" if self._device.has("foreign_uri") else self._device.address
        uri = f"rtsp://{host}:{self._device.ports.rtsp}/replay/{wanted}"
        return f"<trp:GetReplayUriResponse><trp:Uri>{uri}</trp:Uri></trp:GetReplayUriResponse>"


def _track_events(one: Channel, start: float, end: float) -> Iterator[tuple[float, str]]:
    """IsDataPresent of the video track: virtual at the start, then at both ends of each gap."""
    topic = "RecordingHistory/Track/State"

    def row(at: float, present: bool, *, virtual: bool = False) -> tuple[float, str]:
        return at, _event(
            at, topic, ("Track", "VIDEO001"), ("IsDataPresent", present), one, virtual=virtual
        )

    present = any(low <= start < high for low, high in one.spans())
    yield row(start, present, virtual=True)
    changes = [(at, new) for low, high in one.spans() for at, new in ((low, True), (high, False))]
    for at, new in changes:
        if start < at <= end and not (at == one.newest and one.recording):
            yield row(at, new)


def _event(
    at: float,
    topic: str,
    source: tuple[str, str],
    data: tuple[str, bool],
    one: Channel | None = None,
    *,
    virtual: bool = True,
) -> str:
    recording = _token(one) if one is not None else ""
    track = "VIDEO001" if topic.startswith("RecordingHistory") else ""
    items = f'<tt:SimpleItem Name="RecordingToken" Value="{recording}"/>' if track else ""
    return (
        f"<tt:Result><tt:RecordingToken>{recording}</tt:RecordingToken><tt:TrackToken>{track}</tt:TrackToken>"
        f"<tt:Time>{_utc(at)}</tt:Time><tt:Event>"
        f'<wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:{topic}</wsnt:Topic>'
        f'<wsnt:Message><tt:Message UtcTime="{_utc(at)}" PropertyOperation="Initialized"><tt:Source>{items}'
        f'<tt:SimpleItem Name="{source[0]}" Value="{source[1]}"/></tt:Source><tt:Data>'
        f'<tt:SimpleItem Name="{data[0]}" Value="{str(data[1]).lower()}"/></tt:Data></tt:Message></wsnt:Message>'
        f"</tt:Event><tt:StartStateEvent>{str(virtual).lower()}</tt:StartStateEvent></tt:Result>"
    )


def _token(one: Channel) -> str:
    return f"REC{one.number:03d}"


def _source(one: Channel) -> str:
    return (
        f"<tt:Source><tt:SourceId>urn:input:{one.number}</tt:SourceId><tt:Name>{one.name}</tt:Name>"
        "<tt:Location/><tt:Description/><tt:Address/></tt:Source>"
    )


def _list(operation: str, state: str, inside: str) -> str:
    return (
        f"<tse:{operation}Response><tse:ResultList><tt:SearchState>{state}</tt:SearchState>{inside}"
        f"</tse:ResultList></tse:{operation}Response>"
    )


def _field(body: str, name: str) -> str:
    match = re.search(_FIELD.format(name=name), body)
    return match[1].strip() if match else ""


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
