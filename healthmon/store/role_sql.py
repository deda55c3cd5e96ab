"""The tables as SQL for the administrator of a PostgreSQL database, and what the role of the agents may do
with them: an agent whose role owns no table can neither drop one nor change the audit chain.
"""

from __future__ import annotations

from typing import Final

from healthmon.store import post, schema
from healthmon.store.engine import ServerEngine

# Entries are added, and go when they are old; they are never changed.
NEVER_CHANGED: Final = ("chain", "salts")
# `history.audit` is a day at least; the clocks of the agent and of the server may differ.
YOUNG_SECONDS: Final = 23 * 3600
_RIGHTS: Final = """\
BEGIN;
-- What an agent with this role has made itself belongs to the administrator from now on.
REASSIGN OWNED BY {role} TO CURRENT_USER;
{tables}
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {changed} TO {role};
GRANT SELECT, INSERT, DELETE ON {never_changed} TO {role};
-- An entry of the audit chain cannot be deleted before it is {hours} hours old.
ALTER TABLE chain ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS healthmon_read ON chain;
DROP POLICY IF EXISTS healthmon_add ON chain;
DROP POLICY IF EXISTS healthmon_cut ON chain;
CREATE POLICY healthmon_read ON chain FOR SELECT USING (true);
CREATE POLICY healthmon_add ON chain FOR INSERT WITH CHECK (true);
CREATE POLICY healthmon_cut ON chain FOR DELETE USING (at < extract(epoch FROM now()) - {young});
COMMIT;
"""


def text(role: str) -> str:
    """What the administrator runs before the agents of a new version are started, as often as he likes."""
    made = [*schema.statements(ServerEngine), ("letters", post.TABLE.strip())]
    tables = [name for name, statement in made if " TABLE " in statement.partition("(")[0]]
    changed = [name for name in tables if name not in NEVER_CHANGED]
    words = f"-- Tables of healthmon (schema {schema.VERSION}), and what the role of its agents may do with them.\n"
    return words + _RIGHTS.format(
        role=_quoted(role),
        tables="\n".join(f"{statement};" for _, statement in made),
        changed=", ".join(changed),
        never_changed=", ".join(NEVER_CHANGED),
        hours=YOUNG_SECONDS // 3600,
        young=YOUNG_SECONDS,
    )


def _quoted(name: str) -> str:
    """An identifier (PostgreSQL's manual, 4.1.1)."""
    return '"' + name.replace('"', '""') + '"'
