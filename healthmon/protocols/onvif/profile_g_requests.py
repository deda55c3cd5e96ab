"""The requests of ONVIF Profile G and of its neighbours in the device service, as ready envelopes.

Sources: search.wsdl, recording.wsdl, replay.wsdl, devicemgmt.wsdl of ONVIF. All of them only read;
a search session is ended by `end_search`, by its last result, or by itself after ten seconds.
"""

from __future__ import annotations

from healthmon.protocols.onvif.soap import NS_DEVICE, envelope, escaped
from healthmon.protocols.values import dates

NS_SEARCH = "http://www.onvif.org/ver10/search/wsdl"
NS_RECORDING = "http://www.onvif.org/ver10/recording/wsdl"
NS_REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
CONCRETE_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
TRACK_STATE, RECORDING_STATE = "RecordingHistory/Track/State", "RecordingHistory/Recording/State"
KEEP_ALIVE = "PT10S"  # the longest that every device supports

GET_SERVICES = envelope(NS_DEVICE, "GetServices", "<IncludeCapability>true</IncludeCapability>")
GET_CAPABILITIES = envelope(NS_DEVICE, "GetCapabilities", "<Category>All</Category>")
GET_NTP = envelope(NS_DEVICE, "GetNTP")
GET_DEVICE_INFORMATION = envelope(NS_DEVICE, "GetDeviceInformation")
GET_RECORDING_SUMMARY = envelope(NS_SEARCH, "GetRecordingSummary")
FIND_RECORDINGS = envelope(
    NS_SEARCH, "FindRecordings", f"<Scope/><KeepAliveTime>{KEEP_ALIVE}</KeepAliveTime>"
)
GET_RECORDINGS = envelope(NS_RECORDING, "GetRecordings")
GET_RECORDING_JOBS = envelope(NS_RECORDING, "GetRecordingJobs")


def get_recording_information(recording: str) -> bytes:
    """GetRecordingInformation of one recording."""
    return envelope(
        NS_SEARCH,
        "GetRecordingInformation",
        f"<RecordingToken>{escaped(recording)}</RecordingToken>",
    )


def get_results(operation: str, search: str, most: int, wait: float) -> bytes:
    """GetRecordingSearchResults or GetEventSearchResults: at most `most`, blocking for at most
    `wait` seconds.
    """
    inside = f"<SearchToken>{escaped(search)}</SearchToken><MaxResults>{most}</MaxResults>"
    return envelope(NS_SEARCH, operation, f"{inside}<WaitTime>PT{wait:g}S</WaitTime>")


def find_events(start: float, end: float, topics: str) -> bytes:
    """FindEvents from `start` to `end` (Unix seconds) of `topics` (prefix ``tns1``), with the state
    at the start.
    """
    topic = (
        f'<wsnt:TopicExpression xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
        f'xmlns:tns1="http://www.onvif.org/ver10/topics" Dialect="{CONCRETE_SET}">{topics}</wsnt:TopicExpression>'
    )
    return envelope(
        NS_SEARCH,
        "FindEvents",
        f"<StartPoint>{utc(start)}</StartPoint><EndPoint>{utc(end)}</EndPoint><Scope/>"
        f"<SearchFilter>{topic}</SearchFilter><IncludeStartState>true</IncludeStartState>"
        f"<KeepAliveTime>{KEEP_ALIVE}</KeepAliveTime>",
    )


def end_search(search: str) -> bytes:
    """EndSearch."""
    return envelope(NS_SEARCH, "EndSearch", f"<SearchToken>{escaped(search)}</SearchToken>")


def get_recording_job_state(job: str) -> bytes:
    """GetRecordingJobState."""
    return envelope(NS_RECORDING, "GetRecordingJobState", f"<JobToken>{escaped(job)}</JobToken>")


def get_replay_uri(recording: str) -> bytes:
    """GetReplayUri by RTSP over TCP (RTP unicast)."""
    setup = "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    inside = (
        f"<StreamSetup>{setup}</StreamSetup><RecordingToken>{escaped(recording)}</RecordingToken>"
    )
    return envelope(NS_REPLAY, "GetReplayUri", inside)


def utc(at: float) -> str:
    """``2026-11-23T21:00:00Z``."""
    return dates.utc(at)
