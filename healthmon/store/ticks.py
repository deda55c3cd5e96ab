"""The ticks of people at cameras: each is written with its link of the audit chain, and with the
fault that it raises, in one transaction.
"""

from __future__ import annotations

from dataclasses import replace

from healthmon.checks.function_check.walk import DAY, Outcome, Tick, by_camera, standing, undo_of
from healthmon.incidents.acts import Act, ActKind, NoticedBy, act
from healthmon.store import audit, sql
from healthmon.store.acts import Acts
from healthmon.store.engine import StoreError


class Ticks(Acts):
    """The part of a store that keeps ticks. Every method raises StoreError."""

    def tick(self, new: Tick, since: float, known: int) -> Tick:
        """Keep `new`; when this returns it is on the disk, and so is the fault of a camera that is
        not well. A form that comes again is the tick that it was.

        Raises StoreError for a sheet that was made before `since` (Unix seconds), and where somebody
        has looked at the camera after the tick `known`, the last one that the form's page told of.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            if (same := self._of_form(new.form)) is not None:
                return same
            self._check(new, since, known)
            number = 0
            if new.outcome is Outcome.NOT_WELL:
                number = self._add(_raised(new), None).id
            return self._keep(replace(new, act=number))

    def undo_tick(self, last: int, by: str, at: float, form: str) -> Tick:
        """Take back the tick `last`, which must be the last one that `by` has made. The fault that it
        raised is closed as no fault, unless others have acted on it.
        """
        with self._engine.transaction():
            audit.claim(self._engine)
            if (same := self._of_form(form)) is not None:
                return same
            mine = [one for one in standing(self._ticks(at - DAY, at + 1.0)) if one.by == by]
            if not mine or mine[-1].id != last:
                raise StoreError("that is not your last tick; read the page again")
            self._no_fault(mine[-1], by, at)
            return self._keep(undo_of(mine[-1], by, at, form))

    def ticks(self, since: float, until: float) -> tuple[Tick, ...]:
        """Every tick from `since` to before `until` (Unix seconds) in order, also those that were
        taken back.
        """
        with self._engine.transaction():
            return self._ticks(since, until)

    def last_seen(self, before: float) -> dict[str, float]:
        """When each camera was last seen by a person before `before`. Unix seconds."""
        with self._engine.transaction():
            return dict(self._engine.execute(sql.LAST_SEEN, {"before": before}).fetchall())

    def _ticks(self, since: float, until: float) -> tuple[Tick, ...]:
        rows = self._engine.execute(sql.TICKS, {"since": since, "until": min(until, 1e12)})
        return tuple(map(_tick, rows.fetchall()))

    def _of_form(self, form: str) -> Tick | None:
        row = self._engine.execute(sql.TICK_OF_FORM, {"form": form}).fetchone()
        return _tick(row) if row else None

    def _check(self, new: Tick, since: float, known: int) -> None:
        made = self._engine.execute(sql.SWEEP_TIME, {"sweep": new.sweep}).fetchone()
        if made is None or made[0] < since:
            raise StoreError("that sheet is of an earlier shift check; start the shift check again")
        other = by_camera(self._ticks(since, new.at + 1.0)).get(new.camera)
        if other is not None and other.id > known:
            raise StoreError(
                f"meanwhile {other.by} has looked at {new.camera} ({other.outcome}); nothing was kept"
            )

    def _keep(self, new: Tick) -> Tick:
        row = {
            "sweep": new.sweep,
            "camera": new.camera,
            "outcome": new.outcome.value,
            "name": new.by,
            "at": new.at,
            "comment": new.comment,
            "form": new.form,
            "act": new.act,
            "undoes": new.undoes,
        }
        made = self._engine.execute(sql.ADD_TICK, row).fetchone()
        mark = f"tick-{made[0]}"
        audit.bind(self._engine, "ticks", int(made[0]), new.outcome.value, new.at, mark)
        return replace(new, id=int(made[0]))

    def _no_fault(self, tick: Tick, by: str, at: float) -> None:
        """Close the fault that `tick` has raised."""
        if not tick.act:
            return
        if not tick.number:
            raise StoreError("its fault has no number yet; try again in a moment")
        life = self._life(tick.number)
        if life.standing[1:]:
            raise StoreError(
                f"F{tick.number:06d}: somebody has acted on it already; close it on its page"
            )
        words = "the tick that raised it was taken back"
        close = act(ActKind.CLOSE, by, at, cause="no_fault", note=words)
        self._act(replace(close, number=tick.number), None)


def _raised(new: Tick) -> Act:
    """The act that raises the fault of a camera that is not well. Raises StoreError without what."""
    try:
        return act(
            ActKind.RAISE,
            new.by,
            new.at,
            what=new.comment,
            noticed_by=NoticedBy.OPERATOR,
            device=new.camera,
        )
    except ValueError as error:
        raise StoreError(str(error)) from None


def _tick(row: tuple[object, ...]) -> Tick:
    return Tick(str(row[0]), Outcome(str(row[1])), *row[2:])  # type: ignore[arg-type]
