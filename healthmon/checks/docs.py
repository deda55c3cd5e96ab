"""docs/checks.md made from the register: each check with its metric families and fault codes.

``python -m healthmon.checks > docs/checks.md`` writes it; a test holds it up to date.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.checks import registry
from healthmon.checks.check_type import CheckType

HEAD = """# Checks

Written by `python -m healthmon.checks > docs/checks.md` from the code. `healthmon probe DEVICE --check NAME` runs one
check of a device. An installed package can add checks ([CONTRIBUTING.md](../CONTRIBUTING.md)); they are listed here
where this page is written with the package installed.
"""


def page() -> str:
    """The whole page."""
    known = registry.installed().check_types.values()
    return HEAD + "".join("\n" + "\n".join(_section(one)) + "\n" for one in known)


def _section(check_type: CheckType) -> Iterator[str]:
    yield f"## {check_type.title} (`{check_type.name}`)"
    yield ""
    if check_type.metric_families.help:
        yield "| Metric | Type | Meaning |"
        yield "|---|---|---|"
        for family, (kind, text) in check_type.metric_families.help.items():
            yield f"| `{family}` | {kind} | {text} |"
        yield ""
    yield "| Fault code | Title | Meaning |"
    yield "|---|---|---|"
    for code, one in check_type.codes.items():
        yield f"| `{code}` | {one.title} | {one.meaning} |"
