"""A camera without video is a fault, and the peculiar RTSP of real devices plays (FF-A1 to A8, A13,
A15, A19). Most cameras are looked at in one sweep.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import SDP, Camera, Packet, rendered
from helpers.field_cameras import (
    Opened,
    Park,
    Row,
    camera_row,
    dropping,
    film,
    looked,
    old_tls,
    onvif_row,
    over_tls,
    page,
    parked,
    pin_of,
    rows_of,
    showing,
    silent,
    sps,
    swept,
    told_of,
    video_sdp,
)
from helpers.gnutls_front import before_5746
from helpers.loopback import Handler, Pair, make_pair, served, unanswering
from helpers.product import Product, only
from helpers.support import Peers, free_port

QUICKLY = {"cause": {"hold": "1 s", "quiet": "1 s", "longest": "2 s"}}

# ---------------------------------------------------------------- FF-A1: no video is a fault

WITHOUT_VIDEO = {
    "describe-406": {"DESCRIBE": "406 Not Acceptable"},
    "describe-551": {"DESCRIBE": "551 Option not supported"},
    "setup-461-both": {"SETUP tcp": "461 Unsupported Transport", "SETUP udp": "461 No"},
}
REFUSING = {
    "describe-400": {"DESCRIBE": "400 Bad Request"},
    "describe-404": {"DESCRIBE": "404 Not Found"},
    "describe-455": {"DESCRIBE": "455 Method Not Valid in This State"},
    "describe-500": {"DESCRIBE": "500 Internal Server Error"},
    "setup-459": {"SETUP tcp": "459 Aggregate Operation Not Allowed"},
    "play-457": {"PLAY": "457 Invalid Range"},
    "play-500": {"PLAY": "500 Internal Server Error"},
}


@contextlib.asynccontextmanager
async def without_video(kind: str, host: str) -> AsyncIterator[int]:
    """The RTSP port of a camera that shows nothing, in one of several ways."""
    if kind == "refused":
        yield free_port()
    elif kind == "filtered":
        with unanswering(host) as full:
            yield int(full.getsockname()[1])
    elif kind in ("silent", "dropping"):
        async with served(silent if kind == "silent" else dropping, host=host) as server:
            yield server.port
    else:
        packets = [] if kind == "no-packets" else film()
        statuses = (WITHOUT_VIDEO | REFUSING).get(kind, {})
        async with served(Camera(packets, statuses=statuses).talk, host=host) as server:
            yield server.port


def with_http(kind: str) -> Opened:
    """A camera whose web server answers and whose pictures do not come."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with without_video(kind, host) as rtsp, served(page(), host=host) as web:
            yield camera_row(rtsp, http={"port": web.port}, onvif="no")

    return opened


A1 = {kind: with_http(kind) for kind in ("refused", "filtered", *WITHOUT_VIDEO)}
A1_BESIDE = {kind: with_http(kind) for kind in ("silent", "dropping", "no-packets", *REFUSING)}


@pytest.mark.parametrize("kind", A1)
def test_ff_a1_no_video_is_a_fault_though_http_answers(kind: str, park: Park):
    fault = only(park.rows(kind, section="faults"))
    assert fault["sentence"].startswith("no video: ")
    assert {"refused": "RTSP refused", "filtered": "RTSP gives no answer"}.get(
        kind, kind.split("-")[1] if "-" in kind else ""
    ) in fault["sentence"]


@pytest.mark.parametrize("kind", A1_BESIDE)
def test_beside_a1_other_ways_to_show_nothing_stay_faults(kind: str, park: Park):
    assert len(park.rows(kind, section="faults")) == 1


async def test_ff_a1_the_exit_code_says_so(tmp_path: Path):
    park = await parked(tmp_path, {"refused": A1["refused"]}, "127.0.0")
    assert len(park.rows("refused", section="faults")) == 1
    assert park.sheet.code == 1


async def test_ff_a1_the_agent_opens_a_fault_and_shows_it(tmp_path: Path, peers: Peers):
    async with served(page()) as web:
        row = camera_row(free_port(), http={"port": web.port}, onvif="no", interval="1 s")
        product = Product(tmp_path, {"cameras": [row], "defaults": QUICKLY})

        def watch() -> None:
            with product.agent(peers) as agent:
                looked(agent, "stream", 6)
                assert agent.value("healthmon_device_state", device="C1", state="fault") == 1
                assert agent.value("healthmon_stream_up", device="C1") == 0
                agent.until(lambda: agent.faults("C1"), 60)
                assert "no_answer" in agent.faults("C1")
                incidents = json.loads(product.run("faults", "--json").out)
                assert [one["code"] for one in incidents if one["device"] == "C1"] == ["no_answer"]

        await asyncio.to_thread(watch)


async def test_beside_a1_behind_a_dead_parent_it_is_not_a_fault_of_the_camera(tmp_path: Path):
    link = {
        "id": "S1",
        "name": "Switch",
        "site": "s",
        "address": "127.0.0.9",
        "ports": [free_port()],
    }
    row = camera_row(free_port(), parent="S1")
    sheet = await swept(tmp_path, {"links": [link], "cameras": [row]})
    assert sheet.rows("C1", "faults") == [], str(sheet.rows("C1"))
    assert "Switch" in told_of(sheet, "reach", "not_checked")


# ---------------------------------------------------------------- FF-A2: connected, answers nothing


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A hung device of another kind: blanks for ever, never an answer."""
    del reader
    while True:
        writer.write(b"\r\n")
        await asyncio.sleep(0.3)


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """It reads a request and hangs up."""
    await reader.read(1)
    writer.close()


HUNG = {"dripping": dripping, "closing": closing, "dropping": dropping}


def hung(kind: str) -> Opened:
    """A device whose services take connections and say nothing."""
    handler = HUNG.get(kind, silent)
    tls = {"tls": "yes"} if kind == "silent-tls" else {}

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(handler, host=host) as rtsp, served(handler, host=host) as web:
            ways = {"rtsp": {"port": rtsp.port, **tls}, "http": {"port": web.port, **tls}}
            yield onvif_row(rtsp.port, web.port) | ways

    return opened


A2 = {f"{kind} for all": hung(kind) for kind in ("silent", "silent-tls", *HUNG)}


async def telnet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Another service at the port."""
    writer.write(b"\xff\xfb\x01login: ")
    await reader.read()


def no_rtsp(handler: Handler) -> Opened:
    """A camera whose path is to be found by ONVIF, which it does not speak, nor RTSP."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(handler, host=host) as rtsp, served(page(), host=host) as web:
            yield onvif_row(rtsp.port, web.port)

    return opened


A2_NO_RTSP = {"telnet": no_rtsp(telnet), "hangs up": no_rtsp(closing), "HTML": no_rtsp(page())}


@pytest.mark.parametrize("kind", A2)
def test_ff_a2_a_device_that_answers_nothing_is_a_fault(kind: str, park: Park):
    faults = park.rows(kind, "", "faults")
    fault = only(faults)
    if kind.startswith(("closing", "dropping")):
        assert fault["sentence"].startswith("no pictures: connection dropped")
        return
    assert "connected, but answers nothing" in fault["sentence"]
    assert kind.startswith("dripping") or park.rows(kind, "") == faults


@pytest.mark.parametrize("kind", A2_NO_RTSP)
def test_ff_a2_what_speaks_no_rtsp_shows_no_video_whatever_its_path(kind: str, park: Park):
    fault = only(park.rows(kind, section="faults"))
    assert fault["sentence"].startswith("no pictures: ")


async def test_ff_a2_a_ups_daemon_that_answers_nothing_is_a_fault(tmp_path: Path):
    """It takes the connection: upsd and apcupsd that hang."""
    hosts = "127.0.21.20", "127.0.21.21"
    async with served(silent, host=hosts[0]) as upsd, served(silent, host=hosts[1]) as apcupsd:
        access = {"nut": {"ups": "u", "port": upsd.port}}, {"apcupsd": {"port": apcupsd.port}}
        rows = [
            {"id": f"U{n}", "name": f"UPS {n}", "site": "s", "address": hosts[n], **access[n]}
            for n in range(2)
        ]
        sheet = await swept(tmp_path, {"ups": rows})
    for row in rows:
        fault = only(sheet.rows(row["id"]))
        assert fault["sentence"].startswith("connected, but answers nothing")
    assert sheet.code == 1


async def test_ff_a2_a_recorder_that_answers_nothing_is_a_fault(tmp_path: Path):
    """Of each make, all in one sweep."""
    makes = ("onvif", "hikvision", "dahua", "axis")
    rows = []
    async with contextlib.AsyncExitStack() as stack:
        for number, make in enumerate((*makes, *makes), 1):
            host = f"127.0.21.{number}"
            kind = "silent" if number <= len(makes) else "closing"
            row = await stack.enter_async_context(hung(kind)(host))
            rows.append(
                row | {"id": f"R{number}", "name": f"{make} {kind}", "make": make, "address": host}
            )
            del rows[-1]["kind"]
        sheet = await swept(tmp_path, {"recorders": rows})
    for row in rows:
        fault = only(sheet.rows(row["id"], "faults"))
        assert "connected, but answers nothing" in fault["sentence"], row["make"]


async def test_ff_a2_the_agent_opens_a_fault(tmp_path: Path, peers: Peers):
    async with served(silent) as rtsp, served(silent) as web:
        row = onvif_row(rtsp.port, web.port, interval="1 s", timeout="1 s")
        product = Product(tmp_path, {"cameras": [row], "defaults": QUICKLY})

        def watch() -> None:
            with product.agent(peers) as agent:
                looked(agent, "stream", 2)
                looked(agent, "reach", 6)
                assert agent.value("healthmon_device_up", device="C1") == 0
                agent.until(lambda: agent.faults("C1"), 60)
                assert agent.faults("C1") == {"unreachable"}

        await asyncio.to_thread(watch)


async def test_beside_a2_one_service_that_hangs_is_not_a_dead_device(tmp_path: Path):
    async with served(Camera(film()).talk) as rtsp, served(silent) as web:
        row = camera_row(rtsp.port, http={"port": web.port}, credential="view")
        sheet = await swept(tmp_path, {"cameras": [row]})
    assert rows_of(sheet, "stream") == []
    assert sheet.rows("C1", "faults") == []


# ---------------------------------------------------------------- FF-A4: CSeq


def hisilicon() -> Camera:
    """Answers CSeq 0 unless User-Agent stands before CSeq in the request."""
    order: list[str] = []

    def note(_method: str, _url: str, told: dict[str, str]) -> None:
        order[:] = list(told)

    def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        first = "user-agent" in order and order.index("user-agent") < order.index("cseq")
        known = cseq if first else "0"
        return rendered(status, [f"CSeq: {known}", f"Content-Length: {len(body)}", *fields], body)

    return Camera(film(), refuse=note, render=render)


def with_cseq(form: str) -> Camera:
    """Answers with the CSeq line `form`, in which {} is the number of the request."""

    def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        own = [form.format(cseq)] if form else []
        return rendered(status, [*own, f"Content-Length: {len(body)}", *fields], body)

    return Camera(film(), render=render)


A4 = {
    "agent-first": hisilicon(),
    "0": with_cseq("CSeq: 0"),
    "00": with_cseq("Cseq:00"),
}
A4_BESIDE = {
    form or "no CSeq": with_cseq(form)
    for form in ("", "cseq: {}", "CSeq:{}", "CSeq: 00{}", "CSEQ : {} ")
}


@pytest.mark.parametrize("name", A4)
def test_ff_a4_answers_with_cseq_zero_play(name: str, park: Park):
    assert park.rows(name) == []
    assert "TEARDOWN" in A4[name].methods


@pytest.mark.parametrize("name", A4_BESIDE)
def test_beside_a4_other_forms_of_cseq_play(name: str, park: Park):
    assert park.rows(name) == []


# ---------------------------------------------------------------- FF-A5: SDP

MEDIA = SDP[SDP.index("m=") :]


A5 = {
    "media": MEDIA,
    "blank": "\r\n\r\n" + MEDIA,
    "bom": "\ufeff" + MEDIA,
    "name": "s=x\r\n" + MEDIA,
    "attribute": "a=range:npt=0-\n" + MEDIA,
}
A5_BESIDE = {"a page": "<html>login</html>", "nothing": "", "JSON": '{"m": "video"}'}


@pytest.mark.parametrize("name", A5)
def test_ff_a5_a_description_without_its_first_lines_plays(name: str, park: Park):
    assert park.rows(name) == []


@pytest.mark.parametrize("name", A5_BESIDE)
def test_beside_a5_what_describes_nothing_is_a_fault(name: str, park: Park):
    assert park.rows(name, section="faults") != []


# ---------------------------------------------------------------- FF-A6: where the session is named


@dataclass
class Sessions:
    """A camera that names its session in the answer to `method` only, by the line `form`."""

    method: str
    form: str
    ended: str = ""

    def camera(self) -> Camera:
        made = Camera(film())

        def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
            kept = [one for one in fields if not one.startswith("Session")]
            if made.methods[-1] == self.method:
                kept.append(self.form)
            return rendered(status, [f"CSeq: {cseq}", f"Content-Length: {len(body)}", *kept], body)

        def note(method: str, _url: str, told: dict[str, str]) -> None:
            if method == "TEARDOWN":
                self.ended = told.get("session", "")

        made.render, made.refuse = render, note
        return made


A6 = {
    f"{method} {form}": Sessions(method, form)
    for method in ("PLAY", "DESCRIBE")
    for form in ("Session: 4711", "session:4711;timeout=60", "SESSION: 4711 ; timeout=15")
}


@pytest.mark.parametrize("name", A6)
def test_ff_a6_a_session_named_late_or_early_is_torn_down(name: str, park: Park):
    assert park.rows(name) == []
    assert A6[name].ended == "4711"


# ---------------------------------------------------------------- FF-A7: SRTP over RTSPS


@dataclass
class OverTls(Camera):
    """Over TLS it describes SRTP, and takes plain RTP only; another profile it answers by `no`."""

    no: str = "400 Bad Request"

    def _answer(self, method: str, told: dict[str, str]) -> tuple[str, list[str], bytes]:
        if method == "SETUP" and "SAVP" in told["transport"]:
            return self.no, [], b""
        return super()._answer(method, told)


def tls_row(port: int, pin: str, **more: object) -> Row:
    """A camera over RTSPS whose key is pinned."""
    rtsp = {"rtsp": {"port": port, "tls": "yes"}}
    return camera_row(port, tls={"pin": pin}, **more) | rtsp


MIKEY = "a=key-mgmt:mikey AQAFAP1td9ABAADI2jWgAAAAAAAAAAAAAAAAAAA=\r\n"


A7 = {
    f"{profile} {no}": OverTls(film(), sdp=video_sdp(profile=profile, more=MIKEY), no=no)
    for profile in ("RTP/SAVP", "RTP/SAVPF")
    for no in ("400 Bad Request", "461 Unsupported Transport", "406 Not Acceptable")
}
A7_BESIDE = "SRTP without TLS"


def plain_tls(camera: Camera, pair: Pair) -> Opened:
    """A camera behind TLS, whose key is pinned."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        async with served(camera.talk, host=host, tls=pair.server()) as server:
            yield tls_row(server.port, pin_of(pair))

    return opened


@pytest.mark.parametrize("name", A7)
def test_ff_a7_srtp_described_over_tls_plays_as_plain_rtp(name: str, park: Park):
    assert park.rows(name) == []
    assert A7[name].transports[-1].startswith("RTP/AVP/TCP")


def test_beside_a7_srtp_without_tls_is_not_taken_for_plain(park: Park):
    assert "SRTP" in park.told(A7_BESIDE)
    assert park.rows(A7_BESIDE, section="faults") == []


# ---------------------------------------------------------------- FF-A8: old ciphers

CIPHERS = ("AES128-SHA", "AES256-SHA256", "DHE-RSA-AES128-SHA", "AES128-GCM-SHA256")
VERSIONS = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}


def behind_old_tls(pair: Pair, ciphers: str, *version: ssl.TLSVersion) -> Opened:
    """A well camera behind TLS as an old device speaks it."""

    @contextlib.asynccontextmanager
    async def opened(host: str) -> AsyncIterator[Row]:
        context = old_tls(pair, ciphers, *version)
        async with over_tls(Camera(film()).talk, context, host) as port:
            yield tls_row(port, pin_of(pair))

    return opened


@pytest.mark.parametrize("ciphers", CIPHERS)
def test_ff_a8_old_ciphers_play_with_the_pinned_key_and_are_told(ciphers: str, park: Park):
    assert park.rows(ciphers) == []
    assert "old ciphers only" in park.told(ciphers, "certificate", "warnings")


@pytest.mark.parametrize("version", VERSIONS)
def test_ff_a8_tls_too_old_is_a_fault_that_says_so(version: str, park: Park):
    assert "too old" in park.told(version, section="faults")


async def test_ff_a8_tls_of_before_secure_renegotiation_plays_with_the_pinned_key_and_is_told(
    tmp_path: Path,
):
    """RFC 5746; OpenSSL 3 speaks to no other server unless it is told to."""
    pair = make_pair(tmp_path, "camera")
    async with served(Camera(film()).talk) as plain:
        with before_5746(pair.file, plain.port, "0.0.0.0") as port:
            known = tls_row(port, pin_of(pair))
            authority = {"ca_file": str(pair.file)}
            issued = tls_row(port, "", id="C2", name="South", address="127.0.0.2")
            issued["tls"] = authority
            sheet = await swept(tmp_path, {"cameras": [known, issued]})
    assert told_of(sheet, "stream") == ""
    assert "secure renegotiation (RFC 5746)" in told_of(sheet, "certificate", "warnings")
    fault = told_of(sheet, "stream", "faults", "C2")
    assert "before secure renegotiation (RFC 5746); pin its key" in fault


async def test_beside_a8_another_key_stays_a_fault(tmp_path: Path):
    pair, other = make_pair(tmp_path, "camera"), make_pair(tmp_path, "other")
    async with served(Camera(film()).talk, tls=pair.server()) as server:
        sheet = await swept(tmp_path, {"cameras": [tls_row(server.port, pin_of(other))]})
    assert "changed key" in told_of(sheet, "stream", "faults")


# ---------------------------------------------------------------- FF-A13: UDP from elsewhere


A13 = "UDP from another address"


def test_ff_a13_pictures_from_another_address_are_named(park: Park):
    told = park.told(A13, section="faults")
    assert "127.0.0.7" in told
    assert " packets" in told


def on_channel(channel: int) -> Iterator[Packet]:
    return ((channel, data) for _, data in film())


A13_CHANNELS = {f"on channel {channel}": Camera(on_channel(channel)) for channel in (1, 2)}


@pytest.mark.parametrize("name", A13_CHANNELS)
def test_ff_a13_pictures_on_another_channel_are_named(name: str, park: Park):
    """RFC 2326 10.12: the channels are those that SETUP has agreed, 0 and 1 for reports."""
    assert f" packets {name}, which was not agreed" in park.told(name, section="faults")


# ---------------------------------------------------------------- FF-A15: night mode


class Paced:
    """Pictures at `rate`, however late the loop is: what is late is made up for."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __iter__(self) -> Iterator[Packet]:
        """The pictures from now on."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for sent, packet in enumerate(film(rate=self.rate, keys=max(2, round(self.rate / 2))), 1):
            self.camera.every = max(0.0, began + sent / self.rate - loop.time())
            yield packet

    camera: Camera


def at_rate(rate: float) -> Camera:
    """A camera that shows `rate` pictures a second."""
    paced = Paced(rate)
    paced.camera = Camera(paced, every=0.0)
    return paced.camera


RATES = [(12.5, 25), (15.0, 30), (25.0, 50), (6.25, 25), (10.0, 30)]
RATES_BESIDE = [(17.0, 25), (2.0, 25)]


@pytest.fixture(scope="module")
def rates(tmp_path_factory: pytest.TempPathFactory) -> Park:
    """Streams that show so many pictures a second where another number was commissioned."""
    cameras = {
        f"{shown} of {wanted}": showing(
            at_rate(shown).talk, streams=[{"path": "/live", "frame_rate": wanted}], watch="3 s"
        )
        for shown, wanted in (*RATES, *RATES_BESIDE)
    }
    return asyncio.run(parked(tmp_path_factory.mktemp("rates"), cameras, "127.0.22"))


@pytest.mark.parametrize(("shown", "wanted"), RATES)
def test_ff_a15_a_rate_cut_by_night_mode_is_no_warning(shown: float, wanted: int, rates: Park):
    assert rates.rows(f"{shown} of {wanted}") == []


@pytest.mark.parametrize(("shown", "wanted"), RATES_BESIDE)
def test_beside_a15_another_rate_is_a_warning(shown: float, wanted: int, rates: Park):
    assert [row["code"] for row in rates.rows(f"{shown} of {wanted}")] == ["low_frame_rate"]


# ---------------------------------------------------------------- FF-A19: parameter sets in the stream

BIG, SMALL = sps(640, 360), sps(320, 180)


def changing(at: int) -> Iterator[Packet]:
    return film(keys=10, sets=lambda number: BIG if number < at else SMALL)


def commissioned(size: str, packets: Iterator[Packet], watch: str = "1 s") -> Opened:
    """A stream that was commissioned with `size`; its description tells 640x360."""
    streams = [{"path": "/live", "codec": "h264", "size": size}]
    return showing(Camera(packets, sdp=video_sdp(BIG)).talk, streams=streams, watch=watch)


A19 = {
    "smaller than described": commissioned("640x360", film(sets=lambda _: SMALL)),
    "an old description": commissioned("320x180", film(sets=lambda _: SMALL)),
    "a change during the look": commissioned("640x360", changing(10), "3 s"),
    "a description alone": commissioned("640x360", film()),
}


def test_ff_a19_the_size_in_the_stream_wins(park: Park):
    assert "size 320x180 instead of 640x360" in park.told("smaller than described")


def test_ff_a19_an_old_description_is_not_believed(park: Park):
    assert park.told("an old description") == ""


def test_ff_a19_a_change_during_the_look_is_seen(park: Park):
    assert "320x180" in park.told("a change during the look")


def test_beside_a19_a_description_alone_counts(park: Park):
    assert park.told("a description alone") == ""


# ---------------------------------------------------------------- the one sweep


def described(sdp: str) -> Camera:
    return Camera(film(), sdp=sdp)


def everybody(pair: Pair) -> dict[str, Opened]:
    """All cameras above by name."""
    plain = A4 | A4_BESIDE | {name: described(sdp) for name, sdp in (A5 | A5_BESIDE).items()}
    plain |= {name: one.camera() for name, one in A6.items()}
    plain[A7_BESIDE] = OverTls(film(), sdp=video_sdp(profile="RTP/SAVP", more=MIKEY))
    plain[A13] = Camera(film(), udp_only=True, source="127.0.0.7")
    plain |= A13_CHANNELS
    made = A1 | A1_BESIDE | A2 | A2_NO_RTSP | A19
    made |= {name: showing(one.talk) for name, one in plain.items()}
    made |= {name: plain_tls(camera, pair) for name, camera in A7.items()}
    made |= {ciphers: behind_old_tls(pair, ciphers) for ciphers in CIPHERS}
    return made | {name: behind_old_tls(pair, "ALL", one) for name, one in VERSIONS.items()}


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Park:
    folder = tmp_path_factory.mktemp("streams")
    return asyncio.run(parked(folder, everybody(make_pair(folder, "camera")), "127.0.20"))
