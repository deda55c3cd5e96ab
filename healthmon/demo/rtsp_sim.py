"""RTSP as a camera speaks it: Digest, TCP interleaved and UDP, pre-cut RTP, reports with the
camera's own clock.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import struct
from email.utils import formatdate

from healthmon.demo import login, replay_sim
from healthmon.demo.clip import RATE, Clip
from healthmon.demo.state import SimDevice, Visitor
from healthmon.demo.udp_media import UdpMedia

NTP_TO_UNIX = 2208988800
REPORT_EVERY = 5.0
DRIP = 0.5
HUGE = 4 * 1024 * 1024
_RTP = struct.Struct(">BBHII")


class RtspSim(Visitor):
    """One connection to one simulated camera."""

    def __init__(self, device: SimDevice, clip: Clip, still: Clip) -> None:
        super().__init__(device)
        self._clip = still if device.has("frozen_picture") else clip
        self._nonce = login.fresh_nonce()
        self._session = ""
        self._udp: UdpMedia | None = None
        self._ssrc = random.randrange(1 << 32)
        self._timer: asyncio.TimerHandle | None = None
        self._replay: replay_sim.Replay | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, or refuse it."""
        super().connection_made(transport)
        if self._device.has("garbage"):
            self._write(random.randbytes(512))

    def connection_lost(self, exc: Exception | None) -> None:
        """A session that was not torn down is lost."""
        super().connection_lost(exc)
        if self._session:
            self._device.counters.lost_sessions += 1
            self._end()

    def data_received(self, data: bytes) -> None:
        """Take whole requests."""
        self._device.counters.bytes_in += len(data)
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if self._device.has("silence"):
                continue
            self._request(head.decode("utf-8", "replace"))

    def _request(self, text: str) -> None:
        lines = text.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {key.strip().lower(): value.strip() for key, _, value in pairs}
        path = re.sub(r"^rtsps?://[^/]*", "", rest.split(" ")[0])
        if method != "OPTIONS" and not self._allowed(method, headers):
            return
        handler = getattr(self, f"_{method.lower()}", None)
        if handler is None:
            self._reply(headers, 501, "Not Implemented")
        else:
            handler(headers, path)

    def _allowed(self, method: str, headers: dict[str, str]) -> bool:
        given = headers.get("authorization")
        if self._device.has("lockout"):
            self._device.counters.logins_rejected += given is not None
            self._reply(
                headers, 403, "Forbidden", body="The account is locked: too many failed logins\r\n"
            )
            return False
        if self._device.has("redirect_elsewhere"):
            self._reply(headers, 302, "Found", {"Location": "rtsp://127.0.0.2:8554/stream1"})
            return False
        if given and login.digest_ok(self._device, method, given):
            return True
        self._reply(
            headers,
            401,
            "Unauthorized",
            {"WWW-Authenticate": login.challenge(self._device, self._nonce)},
        )
        return False

    def _reply(
        self,
        headers: dict[str, str],
        status: int,
        words: str,
        more: dict[str, str] | None = None,
        body: str = "",
    ) -> None:
        fields = {
            "CSeq": headers.get("cseq", "0"),
            "Date": formatdate(self._device.now(), usegmt=True),
            **(more or {}),
        }
        if body:
            fields["Content-Length"] = str(len(body))
        lines = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        self._write(f"RTSP/1.0 {status} {words}\r\n{lines}\r\n{body}".encode())

    def _write(self, data: bytes) -> None:
        if self._device.has("drip"):
            self._loop.create_task(self._drip(data))
            return
        self._device.counters.bytes_out += len(data)
        self._transport.write(data)

    async def _drip(self, data: bytes) -> None:
        for byte in data:
            if self._transport.is_closing():
                return
            self._transport.write(bytes((byte,)))
            await asyncio.sleep(DRIP)

    # ------------------------------------------------------------------ methods

    def _options(self, headers: dict[str, str], path: str) -> None:
        del path
        self._reply(
            headers,
            200,
            "OK",
            {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"},
        )

    def _get_parameter(self, headers: dict[str, str], path: str) -> None:
        del path
        self._reply(headers, 200, "OK", {"Session": self._session})

    def _describe(self, headers: dict[str, str], path: str) -> None:
        if self._device.has("busy"):
            self._reply(headers, 453, "Not Enough Bandwidth")
            return
        footage = replay_sim.channel_of(self._device, path)
        if refused := self._device.faults.get("playback_refused") if footage is not None else None:
            self._reply(headers, 403 if refused is True else int(refused), "Refused")
            return
        if path.rstrip("/") not in self._device.paths and footage is None:
            self._reply(headers, int(self._device.faults.get("unknown_path", 404)), "Not Found")
            return
        address = self._device.address
        if self._device.has("huge_reply"):
            self._reply(
                headers, 200, "OK", {"Content-Type": "application/sdp"}, "a=x\r\n" * (HUGE // 5)
            )
            return
        lines = [
            "v=0", f"o=- 1 1 IN IP4 {address}", f"s={self._device.id}", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
            "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
            f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={self._clip.parameter_sets}", "a=control:trackID=1",
        ]  # fmt: skip
        if self._device.has("no_video"):
            lines = [*lines[:6], "m=audio 0 RTP/AVP 0", "a=control:trackID=1"]
        more = {
            "Content-Type": "application/sdp",
            "Content-Base": f"rtsp://{address}:{self._device.ports.rtsp}{path.rstrip('/')}/",
        }
        self._reply(headers, 200, "OK", more, "\r\n".join(lines) + "\r\n")

    def _setup(self, headers: dict[str, str], path: str) -> None:
        del path
        wanted = headers.get("transport", "")
        ports = re.search(r"client_port=(\d+)-(\d+)", wanted)
        if "TCP" in wanted and self._device.has("udp_only"):
            self._reply(headers, 461, "Unsupported Transport")
            return
        limit = int(self._device.faults.get("session_limit", 0))
        if limit and not self._session and self._device.counters.sessions_now >= limit:
            self._reply(headers, 453, "Not Enough Bandwidth")
            return
        if not self._session:
            self._session = login.fresh_nonce()[:16]
            self._device.counters.begin()
        if ports:
            peer = self._transport.get_extra_info("peername")[0]
            self._close_udp()
            self._udp = UdpMedia(self._device.address, peer, (int(ports[1]), int(ports[2])))
            answer = (
                f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={self._udp.ports}"
            )
        else:
            answer = "RTP/AVP/TCP;unicast;interleaved=0-1"
        answer += f";ssrc={self._ssrc:08X}"
        self._reply(
            headers, 200, "OK", {"Transport": answer, "Session": f"{self._session};timeout=60"}
        )

    def _play(self, headers: dict[str, str], path: str) -> None:
        footage, start = replay_sim.channel_of(self._device, path), replay_sim.start_of(headers)
        if footage is not None and start is not None:
            self._reply(headers, 200, "OK", {"Session": self._session, "Range": headers["range"]})
            if self._replay is not None:
                self._replay.stop()
            self._replay = replay_sim.Replay(self._device, footage, self._clip, self._transport)
            self._replay.play(headers, start, self._write)
            return
        self._reply(headers, 200, "OK", {"Session": self._session, "Range": "npt=0.000-"})
        if not self._device.has("no_media") and not (
            footage is not None and self._device.has("playback_empty")
        ):
            self._start()

    def _teardown(self, headers: dict[str, str], path: str) -> None:
        del path
        self._reply(headers, 200, "OK", {"Session": self._session})
        if self._session:
            self._device.counters.teardowns += 1
            self._end()

    def _end(self) -> None:
        self._session = ""
        self._device.counters.sessions_now -= 1
        if self._timer is not None:
            self._timer.cancel()
        if self._replay is not None:
            self._replay.stop()
        self._close_udp()

    def _close_udp(self) -> None:
        if self._udp is not None:
            self._udp.close()
            self._udp = None

    # ------------------------------------------------------------------ media

    def _start(self) -> None:
        self._sequence = random.randrange(1 << 16)
        self._stamp = random.randrange(1 << 32)
        self._last_report = -REPORT_EVERY
        # Live: every viewer sees the same picture at the same time; behind a relay it comes later.
        late = float(self._device.faults.get("delay", 0.0))
        self._unit = math.ceil((self._loop.time() - late) * RATE)
        self._next = self._unit / RATE + late
        self._timer = self._loop.call_at(self._next, self._tick)

    def _tick(self) -> None:
        """Send one access unit and its turn of the sender report; the next tick keeps the pace."""
        if not self._session or self._transport.is_closing():
            return
        device, clip = self._device, self._clip
        unit = self._unit % len(clip.units)
        if not (clip.keys[unit] and device.has("no_keyframes")):
            self._send(clip.units[unit])
        now = self._loop.time()
        if now - self._last_report >= REPORT_EVERY:
            self._last_report = now
            self._report()
        self._unit += 1
        if not device.has("frozen_clock"):
            self._stamp = (self._stamp + int(90000 / RATE)) & 0xFFFFFFFF
        self._next += 1 / RATE
        self._timer = self._loop.call_at(self._next, self._tick)

    def _send(self, unit: tuple[bytes, ...]) -> None:
        out = bytearray()
        loss = float(self._device.faults.get("loss", 0.0))
        for number, payload in enumerate(unit):
            marker = 0x80 * (number == len(unit) - 1)
            packet = _RTP.pack(0x80, 96 | marker, self._sequence, self._stamp, self._ssrc) + payload
            self._sequence = (self._sequence + 1) & 0xFFFF
            if loss and random.random() < loss:
                continue
            if self._udp is not None:
                self._udp.media(packet)
                self._device.counters.bytes_out += len(packet)
            else:
                out += b"$\x00" + len(packet).to_bytes(2, "big") + packet
        if out:
            self._write(bytes(out))

    def _report(self) -> None:
        """A sender report with the camera's own clock (RFC 3550 6.4.1)."""
        at = self._device.now() + NTP_TO_UNIX
        whole, part = int(at), int((at % 1) * (1 << 32))
        body = struct.pack(
            ">BBHIIIIII", 0x80, 200, 6, self._ssrc, whole & 0xFFFFFFFF, part, self._stamp, 0, 0
        )
        if self._udp is not None:
            self._udp.control(body)
            self._device.counters.bytes_out += len(body)
            return
        self._write(b"$\x01" + len(body).to_bytes(2, "big") + body)
