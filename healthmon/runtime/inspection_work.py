"""Pictures that a person is asked to look at: the list, the answers, and views that are learned anew."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from healthmon.incidents.acts import Act, ActError, ActKind, act
from healthmon.incidents.inspections import inspections_of
from healthmon.incidents.life_cycle import LifeCycle
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Kind
from healthmon.runtime.agent import Agent
from healthmon.runtime.asking import asked, entered
from healthmon.runtime.check_now import ChecksNow
from healthmon_exporters.pages.feed import NotDoneError
from healthmon_exporters.pages.field_feed import Marked
from healthmon_exporters.pages.inspection_feed import InspectionAnswer, InspectionFeed
from healthmon_exporters.pages.rows import InspectedCamera, InspectionRow

_ANSWERS = (ActKind.CONFIRM, ActKind.DISMISS)
_WORDS = {
    ActKind.CONFIRM: "yes, a fault: the clock of the contract runs",
    ActKind.DISMISS: "no fault: a false alarm, and the view in that light is learned anew",
}


class InspectionWork:
    """Of one agent. Methods raise NoRecordError, NotDoneError."""

    def __init__(self, agent: Agent, checks_now: ChecksNow) -> None:
        self._agent, self._checks_now = agent, checks_now

    def feed(self) -> InspectionFeed:
        """What the pages use."""
        return InspectionFeed(self.answer, self.undo, self.answered)

    def rows(self, lives: Iterable[LifeCycle]) -> list[InspectionRow]:
        """What there is to look at, of open faults."""
        state, now = self._agent.estate_state(), time.time()

        names = {name: device.name for name, device in state.devices.items()}
        found = []
        for asked_about in inspections_of(life.incident for life in lives):
            first = asked_about.incidents[0]
            cameras = tuple(
                InspectedCamera(one.number, one.device, names.get(one.device, ""))
                for one in asked_about.incidents
            )
            site = state.site_names.get(first.site) or first.site
            lasted = max(0.0, now - asked_about.since)
            row = InspectionRow(cameras, site, asked_about.sentence, asked_about.since, lasted)
            found.append(row)
        return found

    async def answer(self, numbers: Sequence[int], yes: bool, mark: Marked) -> None:
        """Record one answer to all of these faults, or to none."""
        kind, now = ActKind.CONFIRM if yes else ActKind.DISMISS, time.time()
        try:
            made = [replace(act(kind, mark.by, now), number=one) for one in numbers]
        except ActError as error:
            raise NotDoneError(str(error)) from None
        await self._record(made, mark)

    async def undo(self, answers: Sequence[tuple[int, int]], mark: Marked) -> None:
        """Undo the answers with these (fault, id of the act)."""
        now = time.time()
        made = [
            replace(act(ActKind.UNDO, mark.by, now, act=str(one)), number=number)
            for number, one in answers
        ]
        await self._record(made, mark)

    async def _record(self, made: Sequence[Act], mark: Marked) -> None:
        acts = [replace(one, form=mark.once) for one in made]
        await entered(self._agent, lambda store: store.act_all(acts, mark.author))

    async def answered(self, numbers: Sequence[int]) -> InspectionAnswer | None:
        """What was last answered to these faults; None where nothing stands."""
        lives = await asked(
            self._agent, lambda store: [store.life_cycle(number) for number in numbers]
        )
        last = [(life, life.last_act) for life in lives]
        acts = [(life, one) for life, one in last if one is not None and one.kind in _ANSWERS]
        if not acts or len(acts) < len(lives):
            return None
        first = acts[0][1]
        cameras = ", ".join(
            f"F{life.incident.number:06d} {life.incident.device}" for life, _ in acts
        )
        words = f"{cameras}: {_WORDS[first.kind]} ({first.by})."
        return InspectionAnswer(
            words, " ".join(f"{life.incident.number}:{one.id}" for life, one in acts)
        )

    # ------------------------------------------------------------------------------ learned anew

    async def learn_anew(self, name: str, mark: Marked) -> str:
        """Have the view of a camera learned anew from its next picture on, which is taken now; in
        words.
        """
        checks = self._picture_checks(name)
        now = time.time()
        new = Operation(OperationKind.BASELINE, name, mark.by, now, now, once=mark.once)
        service = self._agent.incident_service
        service.learn_anew()
        kept = await entered(self._agent, lambda store: store.operate(new, mark.author))
        if kept.at == new.at:
            self._forget(name, checks)
            self._checks_now.begin(name, self._agent.estate.checks_of[name], mark.by, anew=True)
        return (
            f"{name}: learns its view anew; a light is judged from six pictures on, two hours apart"
        )

    def _picture_checks(self, name: str) -> list[Check]:
        device = self._agent.estate.devices.get(name)
        if device is None or device.kind is not Kind.CAMERA:
            raise NotDoneError(f"there is no camera {name} in the configuration")
        if self._agent.engine.context.pictures is None:
            raise NotDoneError("pictures are off in the configuration: pictures: {enabled: yes}")
        known = self._agent.estate.checks_of.get(name, ())
        found = [check for check in known if check.check_type == CheckName.PICTURE]
        if not found:
            raise NotDoneError(f"{name} is not checked, or none of its streams is")
        return found

    def _forget(self, name: str, checks: Iterable[Check]) -> None:
        for check in checks:
            try:
                self._agent.forget_view((name, check.instance))
            except OSError as error:
                raise NotDoneError(
                    f"what was learned cannot be deleted: {error.strerror}"
                ) from None
