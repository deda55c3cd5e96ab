"""`healthmon erase-person`: a name taken out of the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from healthmon.cli import acting
from healthmon.cli.act_command import print_done
from healthmon.cli.console import fail, load
from healthmon.cli.json_acts import Recorded
from healthmon.cli.progress import shown_progress
from healthmon.config.problems import ConfigError
from healthmon.runtime import erasing
from healthmon.store import StoreError, location
from healthmon.store.lease import Lock
from healthmon.store.location import InstanceLock

if TYPE_CHECKING:
    from healthmon.config.schema import Config
    from healthmon.store.erasure import Named


def erase_person(config: Path | None, name: str) -> None:
    """Put a pseudonym in place of `name` in the whole record: by the agent where one runs."""
    try:
        who = erasing.checked(name)
    except ValueError as error:
        raise fail(str(error)) from None
    _, loaded = load(config)
    try:
        erasing.check_places(who, loaded)
    except ValueError as error:
        raise fail(str(error)) from None
    try:
        path, closed = acting.agent_of(loaded)
        with shown_progress("erasing"):
            if path is None:
                words = _alone(loaded, who, closed)
            else:
                words = str(acting.by_agent(loaded, "erase", {"person": who.name})["words"])
    except (StoreError, ConfigError) as error:
        raise fail(str(error)) from None
    print_done(Recorded(words))


def _alone(loaded: Config, who: Named, closed: str) -> str:
    """Erase it in the store of an agent that does not run. Raises StoreError, ConfigError."""
    try:
        running = InstanceLock(location.prepared(location.folder_of(loaded)))
    except BlockingIOError as error:
        raise StoreError(f"{closed or error}; nothing was erased") from None
    try:
        place = location.place(loaded)
        place.existing().close()
        by = acting.eraser(loaded)
        store = place.open(alone=Lock())
        try:
            return erasing.words(erasing.erased_alone(store, who, by))
        finally:
            store.close()
    finally:
        running.close()
