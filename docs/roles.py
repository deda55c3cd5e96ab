"""docs/roles.md, written from the permissions of healthmon.access.roles and the rules of the pages."""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.access.roles import (
    GRANTED,
    MEANING,
    NOT_LOGGED_IN,
    ROLE_OF_OLD_LINES,
    WITHOUT_USERS_FILE,
    Permission,
    Role,
)
from healthmon_exporters.web.rules import RULES

HEAD = f"""# Roles

Written by `python -m docs` from `healthmon/access/roles.py` and `exporters/healthmon_exporters/web/rules.py`. The same
tables guard every page and every command. [Access to the web pages](install.md#access-to-the-web-pages) tells how users
get their role.

A line of the users file without a role is of an older version. It counts as {ROLE_OF_OLD_LINES}, because then
every user could do everything; `check-config` names it. A wall screen has the role kiosk and no user has it. "No users
file" is an agent on 127.0.0.1 without `users_file`: everything that needs a name is refused there.

## What each role may do

"""


def page() -> str:
    """The text of roles.md."""
    columns = {role.value: GRANTED[role] for role in Role}
    columns |= {"not logged in": NOT_LOGGED_IN, "no users file": WITHOUT_USERS_FILE}
    rows = [("May", *columns), ("---", *("---" for _ in columns))]
    for permission in Permission:
        marks = ("yes" if permission in granted else "" for granted in columns.values())
        rows.append((MEANING[permission], *marks))
    pages = [("Page", "Is for those who may"), ("---", "---")]
    pages += [(f"`{name}`", MEANING[permission]) for name, permission in RULES.items()]
    return f"{HEAD}{_table(rows)}\n## Pages\n\n{_table(pages)}"


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    lines = (f"| {' | '.join(row)} |\n" for row in rows)
    return "".join(lines).replace("|  ", "| ")
