"""Answers as the ONVIF specifications and their schemas write them, and as devices in the field
bend them.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from healthmon.protocols.errors import ExchangeError, ProtocolError
from healthmon.protocols.onvif import profile_g, soap
from healthmon.protocols.onvif import profile_g_requests as checks
from healthmon.protocols.values.xml import Element

pytestmark = pytest.mark.slow

NAMES = (
    'xmlns:env="http://www.w3.org/2003/05/soap-envelope" xmlns:tse="http://www.onvif.org/ver10/search/wsdl" '
    'xmlns:trc="http://www.onvif.org/ver10/recording/wsdl" xmlns:trp="http://www.onvif.org/ver10/replay/wsdl" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"'
)


def wire(inside: str) -> bytes:
    return f'<?xml version="1.0"?><env:Envelope {NAMES}><env:Body>{inside}</env:Body></env:Envelope>'.encode()


def reply(inside: str) -> Element:
    return soap.envelope_body(wire(inside))


def at(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()


INFORMATION = """<tt:RecordingInformation>
 <tt:RecordingToken>OnvifRecordingToken_7</tt:RecordingToken>
 <tt:Source><tt:SourceId>urn:uuid:7</tt:SourceId><tt:Name>Camera 7</tt:Name><tt:Location>Market Place</tt:Location>
  <tt:Description/><tt:Address>http://192.0.2.17/onvif/device_service</tt:Address></tt:Source>
 <tt:EarliestRecording>2026-10-23T05:00:00Z</tt:EarliestRecording>
 <tt:LatestRecording>2026-11-23T21:13:47.999Z</tt:LatestRecording>
 <tt:Content>Video</tt:Content>
 <tt:Track><tt:TrackToken>VIDEO001</tt:TrackToken><tt:TrackType>Video</tt:TrackType><tt:Description/>
  <tt:DataFrom>2026-10-23T05:00:00Z</tt:DataFrom><tt:DataTo>2026-11-23T21:10:00Z</tt:DataTo></tt:Track>
 <tt:Track><tt:TrackToken>AUDIO001</tt:TrackToken><tt:TrackType>Audio</tt:TrackType><tt:Description/>
  <tt:DataFrom>2026-10-23T05:00:00Z</tt:DataFrom><tt:DataTo>2026-11-23T21:13:47Z</tt:DataTo></tt:Track>
 <tt:RecordingStatus>Recording</tt:RecordingStatus></tt:RecordingInformation>"""


def page_bytes(inside: str, state: str = "Completed") -> bytes:
    return wire(
        f"<tse:GetRecordingSearchResultsResponse><tse:ResultList><tt:SearchState>{state}</tt:SearchState>{inside}"
        "</tse:ResultList></tse:GetRecordingSearchResultsResponse>"
    )


def page(inside: str, state: str = "Completed") -> Element:
    return soap.envelope_body(page_bytes(inside, state))


def test_a_page_of_recordings():
    done, (found,) = profile_g.recordings_page(page(INFORMATION))
    assert done
    assert (found.token, found.source, found.name) == (
        "OnvifRecordingToken_7",
        "urn:uuid:7",
        "Camera 7",
    )
    assert found.oldest == at(2026, 10, 23, 5)
    assert found.newest == pytest.approx(at(2026, 11, 23, 21, 13, 47) + 0.999)
    assert found.status == "Recording"
    assert [(t.token, t.kind) for t in found.tracks] == [
        ("VIDEO001", "video"),
        ("AUDIO001", "audio"),
    ]
    assert found.tracks[0].newest == at(2026, 11, 23, 21, 10)


def test_a_search_under_way_and_an_empty_one():
    assert profile_g.recordings_page(page("", "Searching")) == (False, ())
    assert profile_g.recordings_page(page("", "Queued")) == (False, ())
    assert profile_g.recordings_page(page("")) == (True, ())


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("2026-11-23T21:13:47Z", at(2026, 11, 23, 21, 13, 47)),
        ("2026-11-23T22:13:47+01:00", at(2026, 11, 23, 21, 13, 47)),
        ("2026-11-23T21:13:47", at(2026, 11, 23, 21, 13, 47)),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("2026-02-30T00:00:00Z", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates_that_mean_nothing_are_not_footage(text, known):
    inside = f"<tt:RecordingInformation><tt:RecordingToken>R</tt:RecordingToken><tt:LatestRecording>{text}</tt:LatestRecording></tt:RecordingInformation>"
    _, (found,) = profile_g.recordings_page(page(inside))
    assert found.newest == known
    assert found.oldest is None
    assert found.status is None
    assert found.tracks == ()


def test_wrong_namespaces_and_prefixes_are_read_all_the_same():
    bent = (
        page_bytes(INFORMATION)
        .replace(b"tt:", b"ns1:")
        .replace(b"xmlns:tt=", b"xmlns:ns1=")
        .replace(b"ver10/schema", b"x")
    )
    done, (found,) = profile_g.recordings_page(soap.envelope_body(bent))
    assert done
    assert found.name == "Camera 7"


def test_a_recording_without_a_token_is_none():
    assert profile_g.recordings_page(page("<tt:RecordingInformation/>")) == (True, ())


EVENT = """<tt:Result><tt:RecordingToken>{recording}</tt:RecordingToken><tt:TrackToken>{track}</tt:TrackToken>
 <tt:Time>{time}</tt:Time><tt:Event><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">
 {topic}
 </wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-11-23T03:10:00Z" PropertyOperation="Changed"><tt:Source>
 <tt:SimpleItem Name="RecordingToken" Value="R1"/><tt:SimpleItem Name="Track" Value="VIDEO001"/></tt:Source>
 <tt:Data><tt:SimpleItem Name="IsDataPresent" Value="{value}"/></tt:Data></tt:Message></wsnt:Message></tt:Event>
 <tt:StartStateEvent>{start}</tt:StartStateEvent></tt:Result>"""


def events_bytes(*rows: str) -> bytes:
    inside = "".join(rows)
    return wire(
        "<tse:GetEventSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState>"
        f"{inside}</tse:ResultList></tse:GetEventSearchResultsResponse>"
    )


def events(*rows: str) -> Element:
    return soap.envelope_body(events_bytes(*rows))


def row(**other: str) -> str:
    usual = {
        "recording": "R1",
        "track": "VIDEO001",
        "time": "2026-11-23T03:10:00Z",
        "value": "false",
        "start": "false",
    }
    return EVENT.format(**{**usual, "topic": "tns1:RecordingHistory/Track/State", **other})


def test_events_keep_their_topic_and_items():
    done, (event,) = profile_g.events_page(events(row()))
    assert done
    assert event.topic == checks.TRACK_STATE
    assert (event.at, event.recording, event.track) == (at(2026, 11, 23, 3, 10), "R1", "VIDEO001")
    assert event.source == {"RecordingToken": "R1", "Track": "VIDEO001"}
    assert event.flag("IsDataPresent") is False
    assert event.flag("IsRecording") is None
    assert not event.start


def test_events_bent_in_the_field():
    without_time = row(time="").replace("<tt:Time></tt:Time>", "")
    prefixed = row(topic="tns1:RecordingHistory/tns1:Track/tns1:State", value="1", start="true")
    nothing = "<tt:Result><tt:RecordingToken>R1</tt:RecordingToken></tt:Result>"
    _, found = profile_g.events_page(events(without_time, prefixed, nothing))
    assert [event.at for event in found] == [at(2026, 11, 23, 3, 10)] * 2
    assert found[1].topic == checks.TRACK_STATE
    assert found[1].flag("IsDataPresent") is True
    assert found[1].start


def test_recordings_with_the_retention_that_is_set():
    item = (
        "<trc:RecordingItem><tt:RecordingToken>R1</tt:RecordingToken><tt:Configuration><tt:Source><tt:SourceId/>"
        "<tt:Name>North</tt:Name></tt:Source><tt:Content/><tt:MaximumRetentionTime>{}</tt:MaximumRetentionTime>"
        "</tt:Configuration><tt:Tracks><tt:Track><tt:TrackToken>V</tt:TrackToken><tt:Configuration><tt:TrackType>Video"
        "</tt:TrackType></tt:Configuration></tt:Track></tt:Tracks></trc:RecordingItem>"
    )
    body = "".join(item.format(text) for text in ("P31D", "PT744H", "P0D", "PT0S", "P1M", ""))
    found = profile_g.recordings(
        reply(f"<trc:GetRecordingsResponse>{body}</trc:GetRecordingsResponse>")
    )
    assert [one.retention for one in found] == [31 * 86400.0, 31 * 86400.0, 0.0, 0.0, None, None]
    assert found[0].name == "North"
    assert found[0].tracks[0].kind == "video"


def test_jobs_and_why_one_does_not_record():
    job = (
        "<trc:JobItem><tt:JobToken>J1</tt:JobToken><tt:JobConfiguration><tt:RecordingToken>R1</tt:RecordingToken>"
        "<tt:Mode>Active</tt:Mode><tt:Priority>1</tt:Priority></tt:JobConfiguration></trc:JobItem>"
    )
    assert profile_g.jobs(
        reply(f"<trc:GetRecordingJobsResponse>{job}<trc:JobItem/></trc:GetRecordingJobsResponse>")
    ) == (profile_g.Job("J1", "R1", "Active"),)
    state = (
        "<trc:GetRecordingJobStateResponse><trc:State><tt:RecordingToken>R1</tt:RecordingToken><tt:State>Error</tt:State>"
        "<tt:Sources><tt:SourceToken><tt:Token>S</tt:Token></tt:SourceToken><tt:State>Error</tt:State><tt:Tracks><tt:Track>"
        "<tt:SourceTag>v</tt:SourceTag><tt:Destination>V</tt:Destination><tt:Error>no signal</tt:Error>"
        "<tt:State>Error</tt:State></tt:Track></tt:Tracks></tt:Sources></trc:State></trc:GetRecordingJobStateResponse>"
    )
    assert profile_g.job_state(reply(state)) == ("Error", "no signal")


def test_services_name_paths_and_whether_states_are_told():
    def service(name: str, more: str = "") -> str:
        return (
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace><tds:XAddr>http://192.0.2.2/{name}"
            f"</tds:XAddr>{more}<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
        )

    more = '<tds:Capabilities><tse:Capabilities MetadataSearch="false" GeneralStartEvents="true"/></tds:Capabilities>'
    text = f"<tds:GetServicesResponse>{service('search', more)}{service('replay')}</tds:GetServicesResponse>"
    found, general = profile_g.services(reply(text))
    assert general
    assert found == {
        checks.NS_SEARCH: "http://192.0.2.2/search",
        checks.NS_REPLAY: "http://192.0.2.2/replay",
    }
    assert profile_g.services(reply(text.replace('"true"', '"false"')))[1] is False
    extension = "".join(
        f"<tt:{n}><tt:XAddr>http://h/{n}</tt:XAddr></tt:{n}>"
        for n in ("Recording", "Search", "Replay")
    )
    old = f"<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Extension>{extension}</tt:Extension></tds:Capabilities></tds:GetCapabilitiesResponse>"
    assert profile_g.capabilities(reply(old))[checks.NS_SEARCH] == "http://h/Search"


def test_summary_time_servers_and_replay_uri():
    told = (
        "<tse:GetRecordingSummaryResponse><tse:Summary><tt:DataFrom>2026-10-23T05:00:00Z</tt:DataFrom>"
        "<tt:DataUntil>2026-11-23T05:00:00Z</tt:DataUntil><tt:NumberRecordings>{}</tt:NumberRecordings></tse:Summary>"
        "</tse:GetRecordingSummaryResponse>"
    )
    assert profile_g.summary(reply(told.format(4))) == (at(2026, 10, 23, 5), at(2026, 11, 23, 5), 4)
    assert profile_g.summary(reply(told.format(0))) == (None, None, 0), (
        "without a recording the dates mean nothing"
    )
    ntp = (
        "<tds:GetNTPResponse><tds:NTPInformation><tt:FromDHCP>true</tt:FromDHCP><tt:NTPFromDHCP><tt:Type>IPv4</tt:Type>"
        "<tt:IPv4Address>192.0.2.1</tt:IPv4Address></tt:NTPFromDHCP><tt:NTPManual><tt:Type>DNS</tt:Type>"
        "<tt:DNSname>time.example.com</tt:DNSname></tt:NTPManual></tds:NTPInformation></tds:GetNTPResponse>"
    )
    assert profile_g.ntp_servers(reply(ntp)) == ("192.0.2.1", "time.example.com")
    uri = "<trp:GetReplayUriResponse><trp:Uri>rtsp://192.0.2.2/replay?r=1&amp;x=2</trp:Uri></trp:GetReplayUriResponse>"
    assert profile_g.replay_uri(reply(uri)) == "rtsp://192.0.2.2/replay?r=1&x=2"
    with pytest.raises(ProtocolError, match="no URI"):
        profile_g.replay_uri(reply("<trp:GetReplayUriResponse/>"))
    with pytest.raises(ProtocolError, match="holds no GetReplayUriResponse"):
        profile_g.replay_uri(reply("<tds:GetNTPResponse/>"))


def test_requests_are_well_formed_and_escape_what_a_device_has_named():
    for envelope in (
        checks.FIND_RECORDINGS,
        checks.GET_SERVICES,
        checks.find_events(
            1.79e9,
            1.79e9 + 60,
            "tns1:RecordingHistory/Track/State|tns1:RecordingHistory/Recording/State",
        ),
        checks.get_results("GetEventSearchResults", "a<b&c", 50, 2.5),
        checks.get_replay_uri("x</RecordingToken><Set/>"),
    ):
        body = etree.fromstring(envelope)[0]
        assert len(body) == 1
        assert not [e for e in body.iter() if str(e.tag).endswith("}Set")]
    names = [
        str(e.tag).rpartition("}")[2]
        for e in etree.fromstring(checks.find_events(0, 60, "t"))[0][0]
    ]
    assert names == [
        "StartPoint",
        "EndPoint",
        "Scope",
        "SearchFilter",
        "IncludeStartState",
        "KeepAliveTime",
    ], "as in search.wsdl"


TAGS = [
    "ResultList",
    "Result",
    "RecordingInformation",
    "Source",
    "Track",
    "State",
    "SearchState",
    "Event",
    "Message",
]
PARSERS = (
    profile_g.services, profile_g.capabilities, profile_g.summary, profile_g.recordings_page, profile_g.recording_information, profile_g.recordings, profile_g.events_page,
    profile_g.jobs, profile_g.job_state, profile_g.replay_uri, profile_g.ntp_servers, profile_g.information,
)  # fmt: skip


@settings(max_examples=200)
@given(
    st.sampled_from(PARSERS),
    st.lists(
        st.tuples(
            st.sampled_from(TAGS),
            st.sampled_from(["", "1", "2026-99-99T99:99:99Z", "P9999999999D", "\u0663"]),
        ),
        max_size=8,
    ),
    st.sampled_from([page_bytes(INFORMATION), events_bytes(row()), b"", b"<html>", b"\x00\xff"]),
    st.integers(0, 900),
)
def test_whatever_comes_is_a_value_or_a_wire_error(parse, parts, whole, cut):
    nested = "".join(f"<{tag}>{text}" for tag, text in parts) + "".join(
        f"</{tag}>" for tag, _ in reversed(parts)
    )
    name = {
        "recordings_page": "GetRecordingSearchResults",
        "events_page": "GetEventSearchResults",
    }.get(parse.__name__, "X")
    for body in (whole, whole[:cut], wire(f"<{name}Response>{nested}</{name}Response>")):
        with contextlib.suppress(ExchangeError):
            parse(soap.envelope_body(body))
