"""The closed lists of words: states, kinds, checks, reasons; and an interval of seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

AGENT = "healthmon"  # the device that healthmon itself is


class State(IntEnum):
    """How well something is; a larger value is worse. UNKNOWN is neither well nor a fault."""

    OK = 0
    DEGRADED = 1
    UNKNOWN = 2
    FAULT = 3


class Kind(StrEnum):
    """What a device is. `AGENT` is healthmon itself (its clock reference, its network)."""

    CAMERA = "camera"
    RECORDER = "recorder"
    UPS = "ups"
    WORKSTATION = "workstation"
    LINK = "link"
    AGENT = "agent"


class CheckName(StrEnum):
    """What is asked of a device; one probe file each."""

    REACH = "reach"
    STREAM = "stream"
    CLOCK = "clock"
    PICTURE = "picture"
    UPS = "ups"
    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    REFERENCE = "reference"
    RECORDING = "recording"
    RECORDER = "recorder"
    PLAYBACK = "playback"
    LINK = "link"
    PORT = "port"
    RELAY = "relay"
    HOST = "host"
    PAN_TILT = "pan_tilt"
    AGENT = "agent"


class Reason(StrEnum):
    """Why a check gave no value: a closed list, the same words as
    ``healthmon.protocols.errors``.
    """

    TIMEOUT = "timeout"
    CONNECT_TIMEOUT = "connect_timeout"
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    DNS = "dns"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    TLS = "tls"
    TLS_TIMEOUT = "tls_timeout"
    AUTH_FAILED = "auth_failed"
    AUTH_LATCHED = "auth_latched"
    LOCKED_OUT = "locked_out"
    FORBIDDEN = "forbidden"
    BASIC_REFUSED = "basic_refused"
    NO_CREDENTIAL = "no_credential"
    BUSY = "busy"
    NOT_FOUND = "not_found"
    REJECTED = "rejected"
    NO_SOURCE = "no_source"
    UNSUPPORTED = "unsupported"
    NO_VIDEO_TRACK = "no_video_track"
    ADDRESS_MISMATCH = "address_mismatch"
    NO_REFERENCE = "no_reference"
    NOT_REPORTED = "not_reported"
    BEHIND_PARENT = "behind_parent"
    NOT_REACHED = "not_reached"
    DATA_BUDGET = "data_budget"
    AGENT_RESOURCE = "agent_resource"
    AGENT_NETWORK = "agent_network"
    AGENT_STALLED = "agent_stalled"
    AGENT_BUSY = "agent_busy"
    NO_AGENT = "no_agent"
    BUG = "bug"


OUR_TROUBLE = frozenset(
    {
        Reason.AGENT_RESOURCE,
        Reason.AGENT_NETWORK,
        Reason.AGENT_STALLED,
        Reason.AGENT_BUSY,
        Reason.NO_AGENT,
        Reason.BUG,
    }
)
NO_WAY_THERE = frozenset(
    {Reason.CONNECT_TIMEOUT, Reason.REFUSED, Reason.UNREACHABLE, Reason.DNS, Reason.NOT_REACHED}
)


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval of seconds [low, high] that holds the true value."""

    low: float
    high: float

    @classmethod
    def of_reading(
        cls,
        moment: float,
        began: float,
        ended: float,
        *,
        resolution: float = 1.0,
        slack: float = 0.0,
    ) -> Span:
        """Another clock minus ours, when it told `moment` between `began` and `ended` (all Unix
        seconds).

        Clocks of whole seconds cut off what is beyond them, they do not round (C's ``gmtime``): its
        true time was in [moment, moment + resolution). `slack` is how long it may have kept the
        answer ready.
        """
        return cls(moment - ended - slack, moment + resolution - began + slack)

    @property
    def middle(self) -> float:
        """The best single figure."""
        return (self.low + self.high) / 2

    @property
    def error(self) -> float:
        """Half the width: the bound of the error of `middle`."""
        return (self.high - self.low) / 2
