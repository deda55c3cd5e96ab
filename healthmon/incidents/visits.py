"""An engineer's visit to a site: from "arrived" to "left", with a hard end of what it holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from healthmon.incidents.operations import Operation, OperationError, OperationKind
from healthmon.model.plain_text import one_line

LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """`engineer` has been at `site` since `arrived`; messages are held until `until` at most. `left`
    is None while they are there. Unix seconds. `attended` are the faults that it was stamped on.
    """

    site: str
    engineer: str
    reference: str
    arrived: float | None
    until: float
    left: float | None
    by: str
    attended: tuple[int, ...] = ()

    @classmethod
    def of(cls, found: Operation) -> Visit:
        """The visit by its newest operation."""
        details, left = found.details, found.get("did") == "left"
        arrived = details.get("arrived")
        return cls(
            found.subject,
            found.get("engineer"),
            found.get("reference"),
            None if arrived is None else float(arrived),
            found.until or found.at,
            found.at if left else None,
            found.by,
            tuple(details.get("attended", ())),
        )

    def holds(self, now: float) -> bool:
        """Whether messages of the site are held because of it."""
        return self.left is None and now < self.until

    def saw_begin(self, since: float) -> bool:
        """Whether what began at `since` began during the visit or after it."""
        return self.arrived is not None and since >= self.arrived

    @property
    def reason(self) -> str:
        """Why they are held."""
        return f"engineer at the site: {self.engineer}"


def arrived(
    site: str, engineer: str, reference: str, hold: float, who: tuple[str, str], now: float
) -> Operation:
    """The operation that begins a visit; messages are held for `hold` seconds at most. `who` are name
    and mark. Raises OperationError.
    """
    details = {
        "did": "arrived",
        "engineer": _line("the engineer's name", engineer),
        "reference": _line("job number", reference, needed=False),
        "arrived": now,
    }
    return Operation(OperationKind.VISIT, site, who[0], now, now + hold, details, who[1])


def left(site: str, visit: Visit | None, note: str, who: tuple[str, str], now: float) -> Operation:
    """The operation that ends a visit, where one was recorded. Raises OperationError."""
    details = {
        "did": "left",
        "engineer": visit.engineer if visit else "",
        "reference": visit.reference if visit else "",
        "arrived": visit.arrived if visit else None,
        "note": _line("remark", note, needed=False),
    }
    return Operation(OperationKind.VISIT, site, who[0], now, now, details, who[1])


def _line(name: str, text: str, *, needed: bool = True) -> str:
    found = " ".join(one_line(text).split())
    if needed and not found:
        raise OperationError(f"{name} is needed")
    if len(found) > LONGEST_TEXT:
        raise OperationError(f"{name} is longer than {LONGEST_TEXT} characters")
    return found
