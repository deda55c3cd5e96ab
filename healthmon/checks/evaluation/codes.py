"""The closed register of fault codes: what each is called by people, and what it means.

A code is the `code` of a Verdict or Fault. Its group is its class: one alert, one runbook page and
one line of the monthly figures for each. Everything that shows a fault in words takes them from
here; tests/verdict/test_codes.py holds that each code that is given is registered and each
registered one is given.

A new code needs its section in docs/runbooks and its rule: ``python -m dashboards.rules.build`` and
``python tests/rule_cases.py`` write the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Table = dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its group (a key of `GROUPS`), a title of two or three words, and its meaning in
    one sentence.
    """

    group: str
    title: str
    meaning: str


GROUPS = {
    "site": "Site lost",
    "reach": "Device does not answer",
    "pictures": "Pictures",
    "view": "Look at this picture",
    "privacy": "Privacy zones",
    "ptz": "Pan and tilt",
    "login": "Login",
    "clock": "Clock",
    "identity": "Identity",
    "certificate": "Certificate",
    "port": "Switch port",
    "relay": "Links and relay",
    "power": "Power",
    "recording": "Recording",
    "recorder": "Recorder",
    "workstation": "Workstation",
    "time": "Time reference",
    "raised": "Raised by a person",
    "agent": "healthmon itself",
}

_SITE: Table = {
    "common_cause": (
        "Site lost",
        "Many devices of one site were lost together: its power or its link, not each device.",
    ),
}
_REACH: Table = {
    "unreachable": ("No answer", "The device does not answer on any of its ports."),
    "part_unreachable": ("Answers in part", "Some ports of the device answer, others do not."),
    "slow": ("Slow answer", "The device answers, but later than its limit."),
    "not_checked": (
        "Not checked",
        "The device answers, but something of it could not be checked for too long.",
    ),
}
_PICTURES: Table = {
    "no_pictures": ("No pictures", "The device accepts the connection, but no pictures come."),
    "no_answer": (
        "Video does not answer",
        "The video server of the device closes the connection or sends no valid answer.",
    ),
    "no_video": ("No video offered", "The device answers, but offers no video stream."),
    "address_mismatch": (
        "Wrong address named",
        "The device names another address for its video; it is not followed.",
    ),
    "tls": ("Video encryption failed", "The encrypted video connection fails."),
    "uri_changed": ("Stream path changed", "The video is not found, or no longer where it was."),
    "frozen_clock": ("Picture frozen", "Data arrives, but the time of the stream stands still."),
    "frozen_picture": ("Picture frozen", "Every key frame is exactly the same."),
    "slow_start": ("Pictures start late", "The first picture arrives later than the limit."),
    "keyframe_overdue": (
        "Key frames overdue",
        "Key frames (complete pictures) come too rarely; the picture builds up late or smears.",
    ),
    "packet_loss": ("Pictures lost on the way", "Part of the video is lost in the network."),
    "low_frame_rate": (
        "Too few pictures",
        "The frame rate is lower than commissioned.",
    ),
    "stream_changed": ("Stream changed", "Codec or picture size is not what was commissioned."),
    "picture_black": ("Picture black", "Pictures come, but they are black."),
    "picture_white": ("Picture white", "Pictures come, but they are white."),
    "picture_flat": (
        "Picture blank",
        "Pictures come, but they show nothing: one grey, a blank card or a test card.",
    ),
    "picture_frozen": (
        "Picture frozen",
        "The same picture is encoded again and again: the stream lives, the picture does not.",
    ),
}
_VIEW: Table = {
    "picture_too_dark": ("Picture too dark", "Hardly anything can be seen in the picture."),
    "picture_overexposed": ("Picture over-exposed", "Much of the picture is plain white."),
    "picture_defocused": (
        "Out of focus",
        "The picture is less sharp than the camera's own earlier pictures.",
    ),
    "view_covered": (
        "View covered",
        "Part of the view has lost its structure: something is in front of the camera.",
    ),
    "view_moved": ("Camera moved", "The camera looks elsewhere than before, by a few per cent."),
    "view_zoomed": ("Wrong zoom", "The camera shows the view with another zoom than before."),
    "view_changed": ("Another view", "The camera shows another view than the one it has learned."),
    "recorded_clock": (
        "Recorded clock wrong",
        "The clock in a recorded picture shows another time than that of the footage.",
    ),
    "recorded_view": (
        "Recorded view differs",
        "A recorded picture shows another view than the one that the camera has learned.",
    ),
    "screen_clock_offset": (
        "Picture clock wrong",
        "The clock in the picture is ahead or behind by more than the limit.",
    ),
    "screen_clock_zone": (
        "Picture clock zone",
        "The clock in the picture is off by whole quarter hours: time zone or summer time.",
    ),
    "screen_clock_date": ("Picture date wrong", "The clock in the picture shows another day."),
    "screen_clock_stopped": (
        "Picture clock stopped",
        "The clock in the picture shows the same time again and again.",
    ),
    "screen_clock_format": (
        "Picture date format",
        "The date in the picture has day, month and year in another order than configured.",
    ),
    "night_mode_by_day": (
        "Night mode by day",
        "The picture has no colour by day: the filter for infrared light has not switched.",
    ),
    "day_mode_by_night": (
        "Day mode by night",
        "The picture is in colour and dark by night: the camera has not switched to infrared.",
    ),
    "osd_text_differs": (
        "Picture text wrong",
        "The camera does not write the configured text into its picture: its name, as a rule.",
    ),
}
_PTZ: Table = {
    "ptz_not_returned": (
        "Camera not returned",
        "The camera was sent to a preset to prove that it moves, and has not come back.",
    ),
    "ptz_no_move": (
        "Camera does not move",
        "The camera takes the command to go to a preset, and stays where it is.",
    ),
    "ptz_not_arrived": (
        "Preset not reached",
        "The camera moves, but does not come to rest at the preset that it was sent to.",
    ),
}
_PRIVACY: Table = {
    "privacy_zone_missing": (
        "Privacy zone missing",
        "A privacy zone is gone, smaller or switched off: the camera shows what it must not.",
    ),
}
_LOGIN: Table = {
    "login_refused": ("Login refused", "The device does not accept the account or its password."),
    "locked_out": ("Account locked", "The device has locked the account."),
}
_CLOCK: Table = {
    "clock_drift": (
        "Clock wrong",
        "The clock of the device is further from true time than its limit.",
    ),
    "clock_zone": (
        "Wrong time zone",
        "The clock is off by whole hours or quarter hours: a wrong time zone or summer time.",
    ),
    "clock_reset": (
        "Clock was reset",
        "The clock went back to its first date, as after a loss of power.",
    ),
    "clock_wrong_date": ("Wrong date", "The clock is off by more than a day."),
    "clock_invalid": ("No valid date", "The device reports a date that does not exist."),
    "clock_utc_label": (
        "Local time called UTC",
        "The device reports its local time as UTC.",
    ),
    "clocks_disagree": (
        "Clocks disagree",
        "Two clocks of the same device differ by more than the limit.",
    ),
    "clock_rule": (
        "Clock change wrong",
        "The summer time rule of the device is wrong; the clock will be off from that date.",
    ),
    "clock_manual": ("Clock set by hand", "The clock is not set by a time server and will drift."),
    "clock_no_server": (
        "No NTP server set",
        "NTP should set the clock of the camera, but it is set to no time server.",
    ),
    "clock_other_server": (
        "Other NTP server set",
        "The camera asks another time server than it should.",
    ),
}
_IDENTITY: Table = {
    "wrong_device": (
        "Another device answers",
        "Another device than the commissioned one answers.",
    ),
    "duplicate_address": ("Address used twice", "Two devices answer in turn on one address."),
    "identity_changed": (
        "Identity changed",
        "Serial number, MAC or model is not quite what was commissioned.",
    ),
    "firmware_changed": ("Firmware changed", "The firmware is not the commissioned one."),
}
_CERTIFICATE: Table = {
    "certificate_expired": ("Certificate expired", "The certificate of the device is out of date."),
    "certificate_expires": (
        "Certificate expires soon",
        "The certificate of the device ends within its limit.",
    ),
    "certificate_not_yet_valid": (
        "Certificate not yet valid",
        "The certificate begins in the future.",
    ),
    "certificate_untrusted": (
        "Certificate not trusted",
        "The certificate was not issued by a trusted authority.",
    ),
    "certificate_changed": (
        "Certificate key changed",
        "The device has another key than the pinned one.",
    ),
    "certificate_weak": ("Weak encryption", "Key or TLS version is weaker than is safe today."),
    "tls_failed": ("Encryption failed", "The encrypted connection fails."),
}
_POWER: Table = {
    "on_battery": ("On battery", "Mains is lost; the load runs on the battery."),
    "runtime_low": ("Battery soon empty", "The battery lasts no longer than its limit."),
    "not_protecting": ("Load not protected", "The UPS is on bypass or its output is off."),
    "battery_low": ("Battery low", "The UPS says that its battery is low."),
    "battery_replace": ("Replace the battery", "The UPS says that its battery must be replaced."),
    "battery_fault": (
        "Battery fault",
        "The UPS says that it has no battery, or that its battery or a pack of it is faulty.",
    ),
    "charge_low": ("Battery not charged", "The battery holds less charge on mains than its limit."),
    "overload": ("UPS overloaded", "More power is drawn than the limit."),
    "battery_hot": (
        "Battery too warm",
        "The battery is warmer than its limit, which shortens its life.",
    ),
    "ups_hot": ("UPS too warm", "The electronics of the UPS are warmer than their limit."),
    "ups_fault": (
        "UPS fault",
        "The UPS says that a part of it is not well: charger, inverter, output, bypass or inside.",
    ),
    "ups_shutdown": (
        "UPS shuts down",
        "A shutdown of the UPS, or of all that hangs on it, is ordered or under way.",
    ),
    "self_test_failed": (
        "Self-test failed",
        "The last self-test of the UPS was not passed, or was broken off.",
    ),
    "self_test_old": (
        "Self-test too old",
        "The last self-test of the UPS is longer ago than its limit.",
    ),
    "ups_alarm": ("UPS alarm", "The UPS reports an alarm of its own."),
    "ups_comms_lost": (
        "UPS not seen",
        "The management card or driver answers, but has lost the UPS itself.",
    ),
}
_RECORDING: Table = {
    "not_recording": ("Not recorded", "The recorder has no new footage of the camera."),
    "no_motion_recorded": (
        "Nothing on motion",
        "The camera is recorded on motion, and nothing has been recorded for too long.",
    ),
    "recording_unplanned": (
        "Recorded unplanned",
        "The camera is recorded although no recording is planned.",
    ),
    "recording_gap": (
        "Gap in footage",
        "Footage of the last day is missing for longer than the limit.",
    ),
    "schedule_differs": (
        "Wrong record schedule",
        "The recorder is set to record less than is planned.",
    ),
    "retention_short": (
        "Footage too short",
        "The oldest footage is younger than it must be: evidence is lost.",
    ),
    "retention_long": (
        "Footage kept too long",
        "Footage is kept longer than is allowed (data protection).",
    ),
    "retention_setting": (
        "Wrong retention set",
        "The recorder is set to keep footage for another time than allowed.",
    ),
    "recording_clock": ("Footage time wrong", "Footage is stamped with a wrong time."),
    "camera_covered": (
        "View covered",
        "The camera's own alarm says that something covers its view: paint, a bag or a hand.",
    ),
    "playback_failed": (
        "Footage does not play",
        "The recorder does not play footage that it should have.",
    ),
    "playback_time": (
        "Footage of a wrong time",
        "The recorder plays footage of another time than requested.",
    ),
    "playback_gap": ("Hole in played footage", "Footage that is played has a hole."),
    "recorded_blank": (
        "Recorded picture blank",
        "Footage plays, but its picture is black, white or blank.",
    ),
}
_RECORDER: Table = {
    "disk_failed": ("Disk failed", "A disk of the recorder has failed or is missing."),
    "disk_degraded": (
        "Disk degraded",
        "A disk or RAID of the recorder still works, but reports errors.",
    ),
    "recorder_full": (
        "Recorder full",
        "The disks are full and nothing is overwritten, so recording stops.",
    ),
    "not_overwriting": (
        "Will stop when full",
        "The recorder is set to stop when it is full, not to overwrite.",
    ),
    "recorder_hot": ("Recorder too warm", "The recorder or a disk in it is warmer than its limit."),
    "fan_failed": ("Fan failed", "A fan of the recorder does not run."),
    "channel_lost": (
        "Video lost at recorder",
        "The recorder gets no video on a channel that it should record.",
    ),
    "restarted": ("Recorder restarted", "The recorder has restarted a short while ago."),
    "recorder_busy": (
        "Recorder overloaded",
        "The processor of the recorder is busier than its limit.",
    ),
    "no_time_server": (
        "No time server set",
        "The clock should be set by NTP, but no time server is named.",
    ),
    "recorder_alarm": ("Recorder alarm", "The recorder reports an alarm of its own."),
}
_WORKSTATION: Table = {
    "host_busy": ("Computer overloaded", "The processors are busier than the limit."),
    "volume_full": ("Volume nearly full", "A volume of the computer is fuller than the limit."),
    "volume_missing": ("Volume missing", "A volume that should be there is not reported."),
}
_PORT: Table = {
    "port_down": (
        "Switch port down",
        "The switch port that the device hangs on is down: cable, connector or device.",
    ),
    "port_off": ("Switch port off", "The switch port of the device is switched off on purpose."),
    "port_blocked": (
        "Switch port blocked",
        "The switch port of the device is up, but passes no traffic.",
    ),
    "poe_fault": (
        "PoE fault",
        "The switch finds a fault in the power (PoE) of this port and gives none.",
    ),
    "poe_supply": ("PoE supply faulty", "The power supply of the switch for its ports is faulty."),
    "poe_budget": (
        "PoE nearly used up",
        "The ports of the switch draw nearly all the power that it has for them.",
    ),
    "poe_denied": (
        "PoE refused",
        "The switch refuses the device power: its budget is used up, or the wrong class.",
    ),
    "port_slow": (
        "Link too slow",
        "The link to the device fell back to a lower speed: cable or connector.",
    ),
    "port_half_duplex": (
        "Half duplex",
        "The link to the device runs at half duplex; pictures are lost under load.",
    ),
    "port_errors": (
        "Errors on the link",
        "The switch port receives damaged data: cable, connector or lightning.",
    ),
}
_RELAY: Table = {
    "relay_down": (
        "Relay down",
        "The relayed pictures of a camera do not arrive.",
    ),
    "relay_stale": (
        "Relay frozen",
        "The relayed picture stands still although the camera's picture moves.",
    ),
    "relay_differs": (
        "Relay differs",
        "Codec or size of the relayed pictures is not that of the camera.",
    ),
    "relay_other": (
        "Relay shows others",
        "The relayed pictures are not those of the camera, although codec and size are.",
    ),
    "relay_delay": ("Relay late", "The relayed pictures arrive later than the limit."),
    "service_down": ("Service down", "A service of the link does not answer."),
    "service_error": (
        "Service reports error",
        "A service of the link answers with an error of its own.",
    ),
}
_TIME: Table = {
    "no_reference": (
        "No true time",
        "No trustworthy time reference exists, so no clock can be checked.",
    ),
    "host_clock": (
        "Monitor clock wrong",
        "The clock of the healthmon machine is further from true time than its limit.",
    ),
    "time_server": ("Time server bad", "A time server is silent, not synchronised or wrong."),
}
_RAISED: Table = {
    "raised": (
        "Raised by a person",
        "A person has raised this fault. No check sees its end: a person verifies and closes it.",
    ),
}
_AGENT: Table = {
    "own_network": (
        "Monitor cut off",
        "The healthmon machine has no route to the devices. The devices are not at fault.",
    ),
    "name_server": (
        "Name server down",
        "The name server of the healthmon machine answers for no name. The devices are not at fault.",
    ),
    "devices_held": (
        "Devices held",
        "Another program on the healthmon machine holds devices, so that they cannot be checked.",
    ),
    "falling_behind": (
        "Falling behind",
        "Not every check can be run at its interval; every device is checked less often, all alike.",
    ),
    "site_agent_lost": (
        "Site agent lost",
        "The only agent that reaches a site is not there. Its devices cannot be checked; they are not at fault.",
    ),
    "agent_left_out": (
        "Agent left out",
        "An agent that shares the devices is given none: its clock, its configuration or its answers are wrong.",
    ),
    "store": ("History not kept", "The store cannot be written; new history is in memory only."),
    "history_damaged": (
        "History damaged",
        "The history file was damaged, moved, removed or replaced; a new one was begun.",
    ),
    "record_changed": (
        "Record changed",
        "The audit chain shows that the record was changed, deleted or replaced beside healthmon.",
    ),
    "notify_failing": ("Notifications fail", "Nothing can be sent to one of the targets."),
    "sweep_missed": ("Shift check missed", "The sweep at shift change was not made."),
}

CODES: dict[str, Code] = {
    code: Code(group, title, meaning)
    for group, table in {
        "site": _SITE,
        "reach": _REACH,
        "pictures": _PICTURES,
        "view": _VIEW,
        "privacy": _PRIVACY,
        "ptz": _PTZ,
        "login": _LOGIN,
        "clock": _CLOCK,
        "identity": _IDENTITY,
        "certificate": _CERTIFICATE,
        "port": _PORT,
        "relay": _RELAY,
        "power": _POWER,
        "recording": _RECORDING,
        "recorder": _RECORDER,
        "workstation": _WORKSTATION,
        "time": _TIME,
        "raised": _RAISED,
        "agent": _AGENT,
    }.items()
    for code, (title, meaning) in table.items()
}


# What only several checks in a row can find. One check that is well says nothing against it.
SEVERAL_CHECKS = frozenset(
    {
        "duplicate_address",
        "frozen_picture",
        "keyframe_overdue",
        "not_checked",
        "poe_denied",
        "port_errors",
        "port_slow",
        "relay_other",
        "relay_stale",
    }
)


def title(code: str) -> str:
    """What people call `code`; a code of an older version's history is shown as it is, without
    underscores.
    """
    return CODES[code].title if code in CODES else code.replace("_", " ").capitalize()


def group_of(code: str) -> str:
    """The group of `code`, "" for a code that is not registered."""
    return CODES[code].group if code in CODES else ""


def of(*groups: str) -> dict[str, Code]:
    """The codes of `groups`."""
    return {code: one for code, one in CODES.items() if one.group in groups}


def register(more: Mapping[str, Code]) -> None:
    """Add the codes of a check from outside; a code that is there already stays as it is."""
    for code, one in more.items():
        CODES.setdefault(code, one)
