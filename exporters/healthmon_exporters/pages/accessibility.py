"""The accessibility statement of the pages, in the form of the model statement for public sector bodies
in the United Kingdom (Public Sector Bodies (Websites and Mobile Applications) (No. 2) Accessibility
Regulations 2018). Who runs the pages and how to be reached is said by config.yaml.

`python -m docs` writes docs/accessibility.md from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from healthmon import __version__
from healthmon_exporters.pages.render import Renderer
from healthmon_exporters.web.rules import GuardedRoute

# What tests/pages/test_pages_agent.py loads in Chromium.
AXE_VERSION: Final = "4.11.0"
AXE_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
TESTED_PAGES: Final = (
    "/desk",
    "/shift-check",
    "/walk",
    "/handover",
    "/faults",
    "/faults/F000123",
    "/raise",
    "/sheets",
    "/devices",
    "/devices/C001",
    "/devices/C001/clock-statement",
    "/clock-statements/1",
    "/maintenance",
    "/sites/s",
    "/reports",
    "/duties",
    "/accessibility",
    "/login",
    "/kiosk",
    "/runbooks/",
    "/wall",
    "/sheets/1",
)
LAST_TESTED: Final = "30 November 2026"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who runs the pages, and how people reach them: e-mail, telephone or address."""

    organisation: str
    contact: str
    answer_days: int


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with its paragraphs and, after them, a list."""

    title: str
    paragraphs: tuple[str, ...]
    items: tuple[str, ...] = ()


def statement(by: Publisher) -> tuple[Section, ...]:
    """The whole statement of the body `by`."""
    return (*_use(by), *_compliance(by), _preparation())


def _use(by: Publisher) -> tuple[Section, ...]:
    return (
        Section(
            "Using these pages",
            (
                (
                    f"These pages are run by {by.organisation}. They show the state of its CCTV cameras to "
                    "the people of its control room. As many people as possible should be able to use them. "
                    "You should be able to:"
                ),
            ),
            (
                "choose light, dark or dimmed colours, or the high contrast of your system",
                "zoom in up to 400% without text spilling off the screen",
                "use every page by the keyboard only",
                "use most pages with a screen reader",
                "work without a time limit: typed text stays when your login ends",
            ),
        ),
        Section(
            "How accessible these pages are",
            ("Some parts are not fully accessible:",),
            (
                (
                    "the exact times in a state strip are shown by pointing with a mouse only; the same "
                    "times are printed by `healthmon history`"
                ),
                "the wall is made for large screens that are read from a distance",
                "tests with people who use assistive technologies have not been made",
            ),
        ),
        Section(
            "Feedback and contact information",
            (
                (
                    "If you need information of these pages in another form, or find a problem that is not "
                    f"listed here, contact {by.organisation}: {by.contact}. You get an answer within "
                    f"{by.answer_days} days."
                ),
            ),
        ),
        Section(
            "Enforcement procedure",
            (
                (
                    "The Equality and Human Rights Commission (EHRC) enforces the Public Sector Bodies "
                    "(Websites and Mobile Applications) (No. 2) Accessibility Regulations 2018 (the "
                    "'accessibility regulations'). If you are not happy with the answer to your complaint, "
                    "contact the Equality Advisory and Support Service (EASS). In Northern Ireland, contact "
                    "the Equality Commission for Northern Ireland (ECNI)."
                ),
            ),
        ),
    )


def _compliance(by: Publisher) -> tuple[Section, ...]:
    return (
        Section(
            "Technical information about the accessibility of these pages",
            (
                (
                    f"{by.organisation} is committed to making these pages accessible, in accordance with "
                    "the accessibility regulations."
                ),
            ),
        ),
        Section(
            "Compliance status",
            (
                (
                    "These pages are partially compliant with the Web Content Accessibility Guidelines "
                    "(WCAG) version 2.2 AA standard, due to the non-compliances listed below."
                ),
            ),
        ),
        Section(
            "Non-accessible content",
            ("Non-compliance with the accessibility regulations:",),
            (
                (
                    "State strips: the times of each state are in a tooltip that the keyboard does not "
                    "reach (WCAG 2.2 success criterion 2.1.1, keyboard). Each strip says in words for how "
                    "much of the time the device was in which state."
                ),
                (
                    "The wall: where it shows hundreds of cameras at once, their tiles are smaller than 24 CSS "
                    "px (WCAG 2.2 success criterion 2.5.8, target size). The arrow keys go from tile to tile, "
                    "and the list of devices leads to the same cameras."
                ),
            ),
        ),
        Section(
            "Content that is not within the scope of the accessibility regulations",
            (
                (
                    "Grafana and Prometheus, if they are installed beside healthmon, are third-party "
                    "software and have statements of their own. Pictures of cameras are not shown."
                ),
            ),
        ),
        Section(
            "What is done to improve accessibility",
            (
                (
                    "Every change of the software is tested as described below before it is released. A "
                    "problem that is reported is recorded, and a test is added with its remedy."
                ),
            ),
        ),
    )


def _preparation() -> Section:
    return Section(
        "Preparation of this accessibility statement",
        (
            (
                f"This statement was prepared on {LAST_TESTED} for healthmon {__version__}. The pages were "
                f"last tested on {LAST_TESTED}, by the makers of healthmon, with these methods:"
            ),
        ),
        (
            (
                f"axe-core {AXE_VERSION} in Chromium, rules {', '.join(AXE_RULES)}, with every form "
                f"opened, on {', '.join(TESTED_PAGES)}: no finding"
            ),
            "contrast by axe-core in the light, dark and night colours: no finding",
            (
                "reflow at 320 CSS px (400% of 1280), a telephone, a desk of 1366 and a wall of 1920 px, A4, "
                "and forced colours, with 600 cameras and long names: no page is wider than the screen, no "
                "text is cut, a focus is seen; targets are at least 24 px, of acts 44 px"
            ),
            "by the keyboard only: log in, raise a fault, hand over a shift",
            "the sheet on A4 and as a tagged PDF (PDF/UA-1): its tags are tested, every sentence is whole",
        ),
    )


class AccessibilityPage:
    """The statement of one agent; `publisher` is who runs it by the configuration of the moment."""

    def __init__(self, publisher: Callable[[], Publisher], renderer: Renderer) -> None:
        self._publisher, self._renderer = publisher, renderer

    def routes(self) -> list[GuardedRoute]:
        """For the application."""
        return [GuardedRoute("/accessibility", self._show)]

    async def _show(self, request: Request) -> Response:
        sections = statement(self._publisher())
        return self._renderer.page(request, "accessibility", sections=sections, problem="", done="")
