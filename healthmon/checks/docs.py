"""docs/checks.md made from the register: each check with its metric families and fault codes.

``python -m healthmon.checks > docs/checks.md`` writes it; a test holds it up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from healthmon.checks import registry
from healthmon.checks.check_type import CheckType
from healthmon.checks.evaluation.codes import CODES, Code

HEAD = """# Checks

Written by `python -m healthmon.checks > docs/checks.md` from the code. `healthmon probe DEVICE --check NAME` runs one
check of a device. An installed package can add checks ([CONTRIBUTING.md](../CONTRIBUTING.md)); they are listed here
where this page is written with the package installed.
"""


def page() -> str:
    """The whole page."""
    known = registry.installed().check_types.values()
    sections = [*map(_section, known), _of_no_check(known)]
    return HEAD + "".join("\n" + "\n".join(one) + "\n" for one in sections)


def _section(check_type: CheckType) -> Iterator[str]:
    yield f"## {check_type.title} (`{check_type.name}`)"
    yield ""
    if check_type.metric_families.help:
        yield "| Metric | Type | Meaning |"
        yield "|---|---|---|"
        for family, (kind, text) in check_type.metric_families.help.items():
            yield f"| `{family}` | {kind} | {text} |"
        yield ""
    yield from _codes(check_type.codes)


def _of_no_check(known: Iterable[CheckType]) -> Iterator[str]:
    of_checks = {code for check_type in known for code in check_type.codes}
    yield "## Of no single check"
    yield ""
    yield "A common cause, what a person has raised, and faults of healthmon itself."
    yield ""
    yield from _codes({code: one for code, one in CODES.items() if code not in of_checks})


def _codes(codes: Mapping[str, Code]) -> Iterator[str]:
    yield "| Fault code | Title | Meaning |"
    yield "|---|---|---|"
    for code, one in codes.items():
        yield f"| `{code}` | {one.title} | {one.meaning} |"
