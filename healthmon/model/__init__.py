"""The words of the house: what a device is, what a look saw, how it was judged. Frozen values, standard typing only.

Flow: config -> inventory (`Device`, `Ask`) -> schedule runs a probe -> `Observation` -> verdict (`Verdict`)
-> faults (`Fault`, `Change`) -> exporters. Units are base units: seconds, bytes, ratios, volts, celsius; wall times are
Unix seconds (UTC). None means "not reported"; it is never a zero.
"""

from healthmon.model.device import (
    Access,
    ApcupsdAccess,
    Ask,
    Commissioned,
    Deployment,
    Device,
    Limits,
    NutAccess,
    SnmpAccess,
    StreamSpec,
    Tls,
)
from healthmon.model.judged import Observation, Seen, Verdict
from healthmon.model.recorded import Disk, DiskState, Fan, RecorderAnswer, RecorderHealth, Recording, Schedule
from healthmon.model.seen import (
    Certificate,
    Clock,
    ClockReading,
    Identity,
    Port,
    Reach,
    Reference,
    Stream,
    TimeServer,
    Ups,
)
from healthmon.model.words import NO_WAY_THERE, OUR_TROUBLE, Kind, Question, Reason, Span, State

__all__ = [
    "NO_WAY_THERE",
    "OUR_TROUBLE",
    "Access",
    "ApcupsdAccess",
    "Ask",
    "Certificate",
    "Clock",
    "ClockReading",
    "Commissioned",
    "Deployment",
    "Device",
    "Disk",
    "DiskState",
    "Fan",
    "Identity",
    "Kind",
    "Limits",
    "NutAccess",
    "Observation",
    "Port",
    "Question",
    "Reach",
    "Reason",
    "RecorderAnswer",
    "RecorderHealth",
    "Recording",
    "Reference",
    "Schedule",
    "Seen",
    "SnmpAccess",
    "Span",
    "State",
    "Stream",
    "StreamSpec",
    "TimeServer",
    "Tls",
    "Ups",
    "Verdict",
]
