"""What the agent hands to the wall: the latest result of every look, open faults, the surroundings. Plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from healthmon.model import Ask, Device, Observation, Question, Reference, State, Ups, Verdict

AskKey = tuple[str, Question, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """The latest result of one ask: its worst verdict. `landed` is by a clock that no step of the wall clock moves.

    `sentence` is "" for what is well, because nobody asks and a large estate has many of them.
    """

    landed: float
    at: float
    state: State
    code: str
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One open fault as people are told of it. `since` is Unix seconds, `number` None before it has one.

    `held` says why nobody is told ("parent", "site", "maintenance", "absent", "own network"), "" when nothing stands
    against it. `cause` is in words, `cause_number` the fault that explains this one, `affected` how many devices this
    one takes with it. `maintenance` is the reason of the maintenance window that covers the device now.
    """

    device: str
    name: str
    question: str
    part: str
    code: str
    state: State
    sentence: str
    since: float
    priority: int = 3
    number: int | None = None
    acknowledged_by: str = ""
    cause: str = ""
    cause_number: int | None = None
    affected: int = 0
    held: str = ""
    maintenance: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The last whole sweep: when it was made and who has signed it."""

    at: float
    signed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that the wall is made of, at one moment: `at` in Unix seconds, `now` by the clock of `Seen.landed`.

    `maintenance` maps the ids of covered devices to the reason, `absent` are deployables that are not deployed.
    """

    estate: str
    zone: str
    at: float
    now: float
    devices: Sequence[Device]
    asks: Sequence[Ask]
    seen: Mapping[AskKey, Seen]
    faults: Sequence[FaultLine] = ()
    maintenance: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    reference: Reference | None = None
    ups: Mapping[str, Ups] = field(default_factory=dict)
    sweep: Sweep | None = None
    simulated: bool = False


class Board:
    """The latest result of every ask, as it lands."""

    def __init__(self) -> None:
        self.seen: dict[AskKey, Seen] = {}
        self.newest: float | None = None

    def take(
        self, key: AskKey, observation: Observation, verdicts: Sequence[Verdict], now: float
    ) -> None:
        """Keep one result of the ask of `key` and what it means; `now` is the time of landing."""
        self.newest = now
        worst = max(verdicts, key=lambda verdict: verdict.state, default=None)
        if worst is None:
            self.seen[key] = Seen(
                now, observation.at, State.UNKNOWN, "not_reported", "nothing was reported"
            )
            return
        sentence = "" if worst.state is State.OK else worst.sentence
        self.seen[key] = Seen(now, observation.at, worst.state, worst.code, sentence)

    def keep(self, keys: Collection[AskKey]) -> None:
        """Forget what the configuration no longer asks."""
        self.seen = {key: seen for key, seen in self.seen.items() if key in keys}
