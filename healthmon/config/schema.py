"""The typed configuration: pydantic models built from strings. Unknown keys are refused; values
carry their unit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from healthmon.config.contract_schema import BankHolidays, Contractor
from healthmon.config.defaults_schema import KindDefaults
from healthmon.config.device_schema import (
    Camera,
    LimitValues,
    Link,
    Recorder,
    UpsDevice,
    Workstation,
)
from healthmon.config.fields import (
    BitRate,
    Date,
    Degrees,
    Flag,
    Host,
    Hosts,
    Id,
    Ids,
    Line,
    LocalTime,
    Name,
    Peer,
    Port,
    Ratio,
    Seconds,
    Strict,
    Url,
    Whole,
    Zone,
    as_list,
)
from healthmon.config.notify_schema import Heartbeat, Route, Target, Times
from healthmon.config.oidc_schema import Oidc
from healthmon.config.recorder_schema import RecordingValues
from healthmon.config.units import DEFAULT_ZONE


class ShiftCheck(Strict):
    """When a sweep counts as the shift check: from `early` before its time; from `grace` after it, it
    is late and that is told. Its sheet can be signed for `sign`. A person looks at every camera once
    in `walk`.
    """

    early: Seconds = Field(default=3600.0, ge=60, le=21600)
    grace: Seconds = Field(default=3600.0, ge=60, le=21600)
    sign: Seconds = Field(default=900.0, ge=60, le=43200)
    walk: Seconds = Field(default=604800.0, ge=86400, le=7776000)


class Accessibility(Strict):
    """Who publishes the accessibility statement of the pages, how people reach them (e-mail, telephone
    or address), and within how many days they answer.
    """

    organisation: Name = "the operator of this control room"
    contact: Line = "the manager of the control room"
    answer_days: Whole = Field(default=10, ge=1, le=60)


class Estate(Strict):
    """The whole. `shifts` are the local times of day at which a sweep is due; a missed one
    is told. A `simulated` estate says so on every page and sheet. While an engineer is at a site its
    messages are held for `visit_hold` at most. `latitude` and `longitude` are degrees north and east, for
    sunrise and sunset; a site may have its own.
    """

    name: Name = "CCTV"
    time_zone: Zone = DEFAULT_ZONE
    shifts: Times = ()
    shift_check: ShiftCheck = ShiftCheck()
    simulated: Flag = False
    accessibility: Accessibility = Accessibility()
    visit_hold: Seconds = Field(default=14400.0, ge=900, le=86400)
    latitude: Degrees | None = Field(default=None, ge=-90, le=90)
    longitude: Degrees | None = Field(default=None, ge=-180, le=180)


class Site(Strict):
    """A place with a network connection; `bandwidth` is what all checks there may take together.

    `access` is how a repairer gets in; it stands in the contractor's fault report. `defaults` are what
    its devices have unless they say otherwise. Only its `agents` reach it, where any are named.
    """

    id: Id
    name: Name = ""
    bandwidth: BitRate = 100e6
    access: Line = ""
    latitude: Degrees | None = Field(default=None, ge=-90, le=90)
    longitude: Degrees | None = Field(default=None, ge=-180, le=180)
    defaults: KindDefaults | None = None
    agents: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = Field(default=(), max_length=8)


class Confirm(Strict):
    """A fault is confirmed by `failures` bad results of the last `of`, cleared by `clear` good
    ones.

    It flaps from `flaps` changes in its last 21 results until there are no more than `rests`.
    """

    failures: Whole = Field(default=2, ge=1, le=21)
    of: Whole = Field(default=3, ge=1, le=21)
    clear: Whole = Field(default=2, ge=1, le=21)
    flaps: Whole = Field(default=4, ge=2, le=21)
    rests: Whole = Field(default=1, ge=0, le=20)


class Cause(Strict):
    """How long a fault waits for its cause to show before it is told, and when many losses are one.

    A fault is told after `hold`. Lost devices of one site are told when none has been added for
    `quiet`, at most after `longest`; `many` of them and `share` of the site are one fault, which
    later ones `join`. When a parent is back, its children have `settle` to come back. A mains
    failure explains what follows within `power`.
    """

    hold: Seconds = Field(default=20.0, ge=1, le=600)
    quiet: Seconds = Field(default=10.0, ge=1, le=600)
    longest: Seconds = Field(default=40.0, ge=1, le=1200)
    many: Whole = Field(default=4, ge=2)
    share: Ratio = 0.3
    join: Seconds = Field(default=180.0, ge=1)
    settle: Seconds = Field(default=180.0, ge=1)
    power: Seconds = Field(default=180.0, ge=1)


class Database(Strict):
    """Where history is kept when not in a file of the state directory: PostgreSQL, for estates
    beyond one machine. With `takeover` a second agent with the same database stands by, and takes
    over when the other one has been silent that long; where they `share` the devices, it checks some of
    them meanwhile. `agents` are the web addresses of all of them, and `ca_file` holds who has signed their
    certificates.
    """

    url: Annotated[str, Field(pattern=r"^postgresql://[^/]+/.+$")]
    credential: str | None = None
    takeover: Seconds | None = Field(default=None, ge=3, le=3600)
    share: Flag = False
    agents: Annotated[tuple[Url, ...], BeforeValidator(as_list)] = Field(default=(), max_length=8)
    ca_file: str | None = None


class History(Strict):
    """How long what has ended is kept: each group of tables for its own period, `keep` where none is
    written. `backup_key` is the age key (age1...) that backups are encrypted to.
    """

    keep: Seconds = Field(default=800 * 86400.0, ge=86400)
    faults: Seconds | None = Field(default=None, ge=86400)
    notices: Seconds | None = Field(default=None, ge=86400)
    states: Seconds | None = Field(default=None, ge=86400)
    clocks: Seconds | None = Field(default=None, ge=86400)
    operations: Seconds | None = Field(default=None, ge=86400)
    sheets: Seconds | None = Field(default=None, ge=86400)
    audit: Seconds | None = Field(default=None, ge=86400)
    backup_key: str | None = Field(default=None, pattern="^age1[0-9a-z]{10,100}$")


class Defaults(KindDefaults):
    """What a device has unless it or its site says otherwise. `ntp` are the time servers that cameras
    should be set to; `device`, `camera` and so on are for devices of that kind. `concurrency` is how
    many checks run at the same time; without it, as many as the checks need.
    """

    interval: Seconds = Field(default=60.0, ge=1)
    clock_interval: Seconds = Field(default=300.0, ge=1)
    identity_interval: Seconds = Field(default=600.0, ge=1)
    certificate_interval: Seconds = Field(default=3600.0, ge=1)
    ups_interval: Seconds = Field(default=30.0, ge=1)
    recording_interval: Seconds = Field(default=300.0, ge=1)
    reference_interval: Seconds = Field(default=60.0, ge=1)
    timeout: Seconds = Field(default=12.0, ge=0.2, le=120)
    watch: Seconds = Field(default=2.0, ge=0.2, le=60)
    concurrency: Whole | None = Field(default=None, ge=1, le=5000)
    unchecked: Seconds = Field(default=3600.0, ge=1)
    ntp: Hosts = ()
    confirm: Confirm = Confirm()
    cause: Cause = Cause()
    limits: LimitValues = LimitValues()
    recording: RecordingValues = RecordingValues()


class Source(Strict):
    """Where a secret stands: exactly one of a file, an environment variable, a systemd
    credential.
    """

    file: str | None = None
    environment: str | None = None
    systemd: str | None = None


class Account(Strict):
    """An account by name. There is no key for the password itself."""

    username: str = ""
    secret: Source
    private: Source | None = None


class TimeServer(Strict):
    """An NTP server."""

    address: Peer
    port: Port = 123


class DutyEntry(Strict):
    """A duty that a person declares as done: one of the default list with other values, or one of
    your own. `every` is its interval; `lead` is how long before it is due it is "due soon".
    """

    id: Id
    name: Line | None = None
    every: Seconds | None = Field(default=None, ge=86400)
    per: Literal["estate", "site", "camera", "ups"] | None = None
    lead: Seconds | None = Field(default=None, ge=0)
    disabled: Flag = False


class FirmwareEntry(Strict):
    """What the security report holds the commissioned firmware of a model against: the approved
    versions, and the last day on which the maker supports it.
    """

    model: Name
    approved: Annotated[tuple[Line, ...], BeforeValidator(as_list)] = ()
    end_of_support: Date | None = None


class Window(Strict):
    """A maintenance window. Times are local (``2026-12-01 08:00``); `repeat` goes on until
    `until`.
    """

    devices: Ids = ()
    sites: Ids = ()
    contractors: Ids = ()
    start: LocalTime
    end: LocalTime
    repeat: Literal["daily", "weekly"] | None = None
    until: LocalTime | None = None
    reason: Name = "maintenance"


class ServerTls(Strict):
    """The web server's own certificate."""

    certificate: str
    key: str


class AgentSection(Strict):
    """The agent itself."""

    listen: Host = "127.0.0.1"
    port: Port = 9877
    hosts: Hosts = ()
    state_directory: str | None = None
    tls: ServerTls | None = None
    users_file: str | None = None
    oidc: Oidc | None = None


class ScreenClock(Strict):
    """Whether the clock in the picture is read, and what is known of how it is written: the `order` of
    day, month and year, and whether it counts 12 or 24 `hours`; without that, as it shows itself.
    """

    enabled: Flag = False
    order: Literal["dmy", "mdy", "ymd"] | None = None
    hours: Literal[12, 24] | None = None


class Pictures(Strict):
    """Whether the key frames of the stream checks are decoded and judged, how often, and by how many
    processes; whether also by processes that the kernel does not confine. For how long the view of
    a PTZ camera counts as judged after it was at a preset (`ptz_view`). Whether people who are logged in
    may see a picture (`show`). Whether the name of each camera must stand in its picture
    (`camera_name`). `snapshots`: whether a JPEG is taken by ONVIF where the stream gives no picture,
    "metered" also of metered devices.
    """

    enabled: Flag = False
    every: Seconds = Field(default=300.0, ge=60, le=86400)
    workers: Whole = Field(default=2, ge=1, le=8)
    unconfined: Flag = False
    ptz_view: Seconds = Field(default=86400.0, ge=3600, le=31 * 86400)
    show: Flag = False
    camera_name: Flag = False
    snapshots: Literal["yes", "no", "metered"] = "yes"
    clock: ScreenClock = ScreenClock()


class Config(Strict):
    """config.yaml."""

    estate: Estate = Estate()
    agent: AgentSection = AgentSection()
    defaults: Defaults = Defaults()
    database: Database | None = None
    history: History = History()
    pictures: Pictures = Pictures()
    credentials: dict[str, Account] = Field(default_factory=dict)
    time_servers: tuple[TimeServer, ...] = ()
    sites: tuple[Site, ...] = ()
    contractors: tuple[Contractor, ...] = ()
    bank_holidays: BankHolidays = BankHolidays()
    links: tuple[Link, ...] = ()
    cameras: tuple[Camera, ...] = ()
    recorders: tuple[Recorder, ...] = ()
    ups: tuple[UpsDevice, ...] = ()
    workstations: tuple[Workstation, ...] = ()
    maintenance: tuple[Window, ...] = ()
    duties: tuple[DutyEntry, ...] = ()
    firmware: tuple[FirmwareEntry, ...] = ()
    notify: dict[Id, Target] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    heartbeat: Heartbeat | None = None
    folder: Annotated[str, Field(exclude=True)] = ""
    file: Annotated[str, Field(exclude=True)] = ""
    digest: Annotated[str, Field(exclude=True)] = ""
    warnings: Annotated[tuple[str, ...], Field(exclude=True)] = ()
