"""What was measured of a decoded picture. None means "not known"; it is never a zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from healthmon.model.enums import Span
from healthmon.model.measurements import Clock

# Between two key frames, in grey levels: below the first no digit of a clock has ticked, from the
# second on something has moved (a ticking digit changes by 18 and more even at 150 kbit/s).
STILL_CELL, MOVED_CELL = 7.0, 11.0
_ROWS, _COLUMNS = 5, 8  # tiles of a view
LEAST_APART = 0.9  # seconds between two key frames that tell how the noise changed,
CLOCK_APART = 1.7  # and between two of which a clock surely shows another second
# A view is the same as in the last check where less than so much of the least change learned between
# two checks is left, and no more than an encoder makes of one picture (grey levels of tiles).
SAME_SHARE, MOST_SAME = 0.5, 0.6
SAME_APART = 45.0  # seconds between two checks that are compared: light and people take their time
# Outlines that agree at an offset of a few pixels by less may be the blocks of an encoder.
SURE_OFFSET = 0.09
GREY, COLOUR = 0.5, 1.5  # mean distance from grey; encoders keep a grey picture at 0.0
# A clock in the picture shows whole seconds, and a picture was taken up to so many seconds before it
# comes to us (encoder and network).
CLOCK_STEP, CLOCK_LATENCY = 1.0, 1.5
LEAST_MARGIN = 0.6  # of the best digit over any other, 1 being certain, for a clock that is read


@dataclass(frozen=True, slots=True)
class Change:
    """How far two key frames are from each other: the mean change in grey levels, the largest change
    of a piece as small as a digit of a clock (`cell`), the mean at full size (`fine`), and how many
    seconds lie between. `scene` is that of a piece that no clock stands in: between the bands of text
    and outside of the learned clocks, as `fine` is, and `drift` the change of light and things there:
    of the means of tiles, in which noise and encoder are averaged away. None where that is not known.
    """

    mean: float
    cell: float
    apart: float
    fine: float | None = None
    scene: float | None = None
    drift: float | None = None

    @property
    def spans_tick(self) -> bool:
        """Whether a clock that lives has surely ticked in between, however late the pictures came."""
        return self.apart >= CLOCK_APART

    @property
    def moved(self) -> bool | None:
        """Whether something has moved, if only a clock; None where the time was too short to tell."""
        if self.cell >= MOVED_CELL:
            return True
        return False if self.spans_tick else None

    @property
    def scene_moved(self) -> bool:
        """Whether something has moved that is no clock."""
        return (self.scene or 0.0) >= MOVED_CELL

    @property
    def noise(self) -> float | None:
        """The same as `fine` where nothing moved in the scene, else None: what passes adds to it."""
        return self.fine if self.scene is not None and self.scene < STILL_CELL else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A person has called the fault `code` a false alarm at `at` (Unix seconds), in the learned
    `light`; None where none was learned.
    """

    code: str
    light: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far a picture is from what the camera has learned in its light: `learned` of `needed`
    pictures; the rest is None until that is enough.

    `peak` is how well it lies on the learned view, `other_peak` how well it would after a move of
    `right` and `down` (pixels of 320 x 180), `zoom_peak` how well after a `zoom`. `coarse` compares
    light and dark only (a correlation), `detail` how much structure there is (ratio), `depth`
    how much of light and dark. Of the 5 x 8 tiles the share `covered` has lost its structure, the
    share `hidden` has something else before it; `tiles` are the numbers of both, row by row. `focus`
    is how fine the picture is against its coarse detail, `crisp` against light and dark (ratios). Of
    the learned pictures, `pairs` came with a second key frame and in `moving` of these something had
    moved. `low_peak`, `low_focus` and `low_crisp` are the least of a learned picture against the
    others, `low_change` is the least change (grey levels at full size) between two key frames of one
    session in which nothing moved, `low_drift` the least `drift` between two checks. `light` names
    the light (when it was begun, Unix seconds) and `level` is its mean grey level. Where its light is
    not learned, `far_peak` and `far_coarse` are the agreement with the nearest light that is.
    `coloured`: a light in colour was learned; `grey_level` is the mean of the brightest one without,
    None without any.
    """

    learned: int
    needed: int
    peak: float | None = None
    other_peak: float | None = None
    right: int = 0
    down: int = 0
    coarse: float | None = None
    detail: float | None = None
    depth: float | None = None
    covered: float | None = None
    hidden: float | None = None
    tiles: tuple[int, ...] = ()
    focus: float | None = None
    crisp: float | None = None
    zoom: float | None = None
    zoom_peak: float | None = None
    pairs: int = 0
    moving: int = 0
    low_peak: float = 1.0
    low_focus: float = 1.0
    low_crisp: float = 1.0
    low_change: float | None = None
    low_drift: float | None = None
    light: float | None = None
    level: float | None = None
    coloured: bool = False
    grey_level: float | None = None
    far_peak: float | None = None
    far_coarse: float | None = None

    @property
    def most_same(self) -> float:
        """The `drift` below which the view is the same as in the last check."""
        return min(MOST_SAME, SAME_SHARE * (self.low_drift or 0.0))

    @property
    def sketch(self) -> tuple[str, ...]:
        """The tiles of the view as five rows of eight: "#" where one is covered, "." elsewhere; none where
        no tile is.
        """
        if not self.tiles:
            return ()
        marks = ["#" if number in self.tiles else "." for number in range(_ROWS * _COLUMNS)]
        return tuple("".join(marks[at : at + _COLUMNS]) for at in range(0, len(marks), _COLUMNS))


@dataclass(frozen=True, slots=True)
class PrivacyZone:
    """One privacy zone of a view: its `number`, from top left, and the share of it that is still
    covered in the picture.
    """

    number: int
    kept: float


@dataclass(frozen=True, slots=True)
class LastView:
    """The last time that a PTZ camera's view was compared, at `at` (Unix seconds): `view` is its preset
    in words, `sure` where its position told it. The `comparison` is that of a picture of `width`
    and `height`.
    """

    at: float
    view: str
    comparison: Comparison
    width: int
    height: int
    sure: bool


@dataclass(frozen=True, slots=True)
class PtzView:
    """What a PTZ camera looked at: `view` is its preset in words, "" where that is not known; `why`
    says why nothing was compared. `sure`: its position tells the preset, not the picture alone.
    The view counts as judged for `lasts` seconds after `last`.
    """

    view: str = ""
    why: str = ""
    sure: bool = False
    last: LastView | None = None
    lasts: float = 86400.0


@dataclass(frozen=True, slots=True)
class ScreenClock:
    """What a clock in the picture shows, at `at` (Unix seconds by our clock, when its key frame came).

    `place` says in words where it stands. `numbers` are (name, number): hour, minute, second; year,
    month and day where their order is known, else first, middle and last. `margin` is how much
    better the worst digit fits than any other (1 is certain); unless it is `sure` nothing is said.
    For `still` seconds it has shown the same time. `hours` are what it has ever shown that tells whether
    it counts to 12 (`healthmon.model.clock_hours`).
    """

    place: str
    numbers: tuple[tuple[str, int], ...]
    margin: float
    sure: bool
    at: float
    still: float = 0.0
    hours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PictureReading:
    """One picture of a camera: grey levels from 0 to 255, shares from 0 to 1.

    `problem` says why there is none. `low` and `high` are the first and the last hundredth of the
    grey levels. Of the tiles, `flat` have no structure, `dark` and `bright` ones are flat and
    nearly black or white, `uniform` ones flat and of one grey; `bars` is the share that does not
    change from row to row. `burned` is the share of saturated pixels. `blue`, `red` and `colour`
    are mean distances from grey. `session` is the change within one RTSP session, `between` since
    the last check. `moved` is how many checks in a row before this one saw something move, `same` in
    how many the view stayed the same, over `same_for` seconds. `ptz` is where a PTZ camera looked.
    `dismissed` are the fault codes that a person has called false alarms and that are not learned
    anew yet, `allowed` those that are. `zones` are the privacy zones of the view, `masks_off` the
    tokens of masks that the camera once reported as drawn and now does not.
    `snapshot`: it is a JPEG that the camera gave, because its stream gave no picture.
    `clocks` are those in the picture, `clock_problem` says why none is known; `clock_order` (dmy,
    mdy, ymd, or "") and `clock_hours` (12, 24, or 0: as they show) are how they are configured to be
    written. `true` is true time minus our clock. `device_clock` are the camera's own clocks as last
    read, None where that is too long ago. `texts` are those that the camera says it writes into its
    picture, None where it tells nothing of them.
    """

    problem: str = ""
    width: int = 0
    height: int = 0
    mean: float = 0.0
    low: float = 0.0
    high: float = 0.0
    flat: float = 0.0
    dark: float = 0.0
    bright: float = 0.0
    uniform: float = 0.0
    bars: float = 0.0
    burned: float = 0.0
    noise: float = 0.0
    blue: float = 0.0
    red: float = 0.0
    colour: float = 0.0
    session: Change | None = None
    between: Change | None = None
    baseline: Comparison | None = None
    moved: int = 0
    same: int = 0
    same_for: float = 0.0
    ptz: PtzView | None = None
    dismissed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    zones: tuple[PrivacyZone, ...] = ()
    masks_off: tuple[str, ...] = ()
    snapshot: bool = False
    clocks: tuple[ScreenClock, ...] = ()
    clock_problem: str = ""
    clock_order: str = ""
    clock_hours: int = 0
    true: Span | None = None
    device_clock: Clock | None = None
    texts: tuple[str, ...] | None = None

    @property
    def is_same(self) -> bool:
        """Whether the view is the same as in the last check, as no living one has been in its light: light
        changes, leaves, shadows and people move.
        """
        last, known = self.between, self.baseline
        if last is None or last.drift is None or known is None or known.low_drift is None:
            return False
        return last.apart >= SAME_APART and not last.scene_moved and last.drift < known.most_same

    @property
    def sketch(self) -> tuple[str, ...]:
        """That of its comparison; none where there is none."""
        return self.baseline.sketch if self.baseline is not None else ()

    @classmethod
    def of(cls, told: Mapping[str, Any], **more: Any) -> Self:
        """The measurements that a worker has told, with `more` of the agent's own."""
        return cls(**{one.name: told[one.name] for one in fields(cls) if one.name in told} | more)


def sketch_lines(sketch: tuple[str, ...]) -> tuple[str, ...]:
    """A `sketch` as lines of text with what its marks mean; none where nothing is covered."""
    return (*sketch, "# covered, . seen") if sketch else ()
