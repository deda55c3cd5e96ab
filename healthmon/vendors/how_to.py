"""How cameras, recorders and relays of each make are set up to be checked, for docs/makes.md: the account
and its rights, ports, what to switch on, and known traps, each with its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do or to know, with its `source`: a manual, a bug report, or this documentation."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class HowTo:
    """The advice for one `make`: the least `account`, the paths of its `streams`, and `more`."""

    make: str
    account: str
    streams: tuple[str, ...] = ()
    more: tuple[Advice, ...] = ()


EVERY: Final = (
    Advice(
        "Create an account for healthmon alone on each device, never the administrator's. Some makes lock the "
        "address of a client with wrong passwords, and with it everybody else behind that address.",
        "manuals of Hikvision, Dahua and Sony",
    ),
    Advice(
        "Create it as an ONVIF user too, of level User: in many makes ONVIF has users of its own, and a device "
        "may refuse by ONVIF the account that it takes by RTSP.",
        "FF-A3; [discover](discover.md#what-it-cannot-do)",
    ),
    Advice(
        "Switch on ONVIF, RTSP over TCP and NTP. A camera whose time is set by hand is a warning even while its "
        "clock is right.",
        "[checks](checks.md)",
    ),
    Advice(
        "Open from the agent: TCP 554 (RTSP), TCP 80 or 443 (ONVIF), and UDP 161 where SNMP is used.",
        "[network](network.md)",
    ),
    Advice(
        "Where the codec is a saving one with key frames minutes apart (H.264+, H.265+, Zipstream), give the "
        "device `limits: {key_interval: 5 min}`.",
        "badbread/crumbvms issue 114",
    ),
)
MAKES: Final = (
    HowTo(
        "Bosch",
        "`live` or `user`. SNMP: an SNMPv3 user of its own (SHA, AES)",
        ("/rtsp_tunnel?inst=1",),
        (
            Advice(
                "On new firmware SNMPv1 and v2c are off and `service` has no SNMP.",
                "field notes on FLEXIDOME 5100i and 7000i",
            ),
            Advice(
                "From firmware 6.30 an embedded login firewall acts against wrong passwords, without a fixed "
                "lock of a client.",
                "FAQ: Embedded Login Firewall",
            ),
            Advice(
                "A panoramic camera does not name its largest profile first: name it by `profile`.",
                "FF-A10; [supported](supported.md)",
            ),
            Advice(
                "Cameras of a Video Recording Manager need `tracks: yes` at the recorder; their channel is "
                "the track's number.",
                "Keenfinity knowledge base",
            ),
        ),
    ),
    HowTo(
        "Axis",
        "Viewer; Operator for a recorder whose disks are checked",
        ("/axis-media/media.amp",),
        (
            Advice(
                "Failed logins are counted for each second, at page and device level; a block lasts as long "
                "as it is set.",
                "manuals of M4218-V and Q8752",
            ),
            Advice(
                "Cameras of before 2016 know old ciphers only: pin their key (`tls: {pin: ...}`), which "
                "`healthmon commission` writes.",
                "FF-A8; [quirks](quirks.md)",
            ),
            Advice(
                "Some want a login even for their time: without an account nothing of them is known.",
                "[supported](supported.md)",
            ),
        ),
    ),
    HowTo(
        "Hikvision and relabelled",
        "Operator with remote playback, remote log search and remote parameter view",
        ("/Streaming/Channels/101", "/Streaming/Channels/102"),
        (
            Advice(
                "5 wrong logins of a user lock the address of the client for 30 min (older recorders: 10 min); "
                "healthmon sends at most 2 in that time.",
                "manuals of DS-2CD6825G0 and HiWatch",
            ),
            Advice(
                "A right that is missing is a line NOT CHECKED that names it (`disks: refused to this account`).",
                "FF-D1",
            ),
            Advice(
                "The number of RTSP sessions is limited: the answer 453 is reported as busy, not as a dead "
                "camera.",
                "HikLoad issue 4",
            ),
            Advice(
                "Presets from number 33 on are functions (flip, patrol, limits): none of them is called.",
                "manual of DS-2DE5184-AE; [quirks](quirks.md)",
            ),
        ),
    ),
    HowTo(
        "Dahua and relabelled",
        "a user of a group with Live and Playback of its channels, no Setup",
        ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),
        (
            Advice(
                "The device's account and its ONVIF user are two: each is locked by itself after wrong logins.",
                "manual of SD22, 9.3.2",
            ),
            Advice(
                "Too many connections at once exhaust a camera: let no other program connect anew without a "
                "pause. healthmon has one connection to a device.",
                "rroller/dahua issue 603",
            ),
            Advice(
                "The clock is reported in local time without an offset: set the zone of the recorder to that of "
                "the estate.",
                "below",
            ),
        ),
    ),
    HowTo(
        "Hanwha (Wisenet)",
        "as for every make",
        ("/profile2/media.smp",),
        (Advice("Recorders are read by ONVIF Profile G only.", "below"),),
    ),
    HowTo(
        "Reolink, HiSilicon and Xiongmai boards",
        "as for every make",
        (),
        (
            Advice(
                "ONVIF of Xiongmai boards is often on port 8899: `http: {port: 8899}`.",
                "[discover](discover.md)",
            ),
            Advice(
                "HiSilicon firmware wants User-Agent before CSeq, which healthmon sends.",
                "FF-A4; [quirks](quirks.md)",
            ),
            Advice(
                "RTSP servers by live555 of before June 2017 may go on with a session that was not ended: "
                "update the firmware.",
                "scottlamb/retina issue 17",
            ),
            Advice(
                "A path that says h264 may send H.265: let `healthmon commission` write the codec.",
                "[supported](supported.md)",
            ),
        ),
    ),
    HowTo(
        "Milestone XProtect",
        "one that may read the state and change nothing",
        (),
        (
            Advice(
                "It is read by `make: http` with the requests that you write; its server is a workstation of "
                "config.yaml.",
                "below",
            ),
        ),
    ),
    HowTo(
        "Relays: MediaMTX, go2rtc",
        "one that may read streams",
        (),
        (
            Advice(
                "They stand in `links`, with `relay` for each camera, which is compared with the camera itself.",
                "[settings](settings.md#linksrelay)",
            ),
            Advice(
                "Set `useAbsoluteTimestamp: true` in MediaMTX: otherwise the clock of its streams is its own.",
                "FF-A21",
            ),
            Advice(
                "Use no `fallback` path: its picture would stand for a dead camera. healthmon does not play it.",
                "MediaMTX configuration; [quirks](quirks.md)",
            ),
            Advice(
                "go2rtc gives its ONVIF profiles in another order at each answer: write the `path` of each stream.",
                "FF-A10",
            ),
        ),
    ),
)
