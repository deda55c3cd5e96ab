"""The Unix socket at which commands on this machine hand what people enter to the running agent."""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import socket
from pathlib import Path

from healthmon.runtime.agent import Agent
from healthmon.store import location, runtime_directory
from healthmon_exporters.web import acts, listener

log = logging.getLogger("healthmon")

GROUP = "healthmon"
MODE = 0o660
BACKLOG = 64


class ActSocket:
    """The open socket of `agent`; `enter` writes what comes."""

    def __init__(self, agent: Agent, enter: acts.Acting) -> None:
        self.enter = enter
        self._agent = agent
        self._listener: listener.OpenListener | None = None
        self._path: Path | None = None

    def open(self) -> None:
        """Listen. Where that cannot be, the log says so, and commands write to the store themselves."""
        config = self._agent.estate.config
        file = Path(config.file)
        if os.environ.get("STATE_DIRECTORY") and not config.agent.state_directory:
            runtime_directory.note_state(file, location.folder_of(config))
        folder = runtime_directory.chosen()
        if folder is None:
            log.warning("no socket for commands: there is no folder for it")
            return
        path = next(one for one in runtime_directory.sockets(file) if one.parent == folder)
        try:
            listening = _listening(path)
        except OSError as error:
            log.warning("no socket for commands: %s: %s", path, error.strerror)
            return
        self._path = path
        self._listener = listener.serve_at(acts.application(self.enter), listening)

    async def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            await self._listener.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _listening(path: Path) -> socket.socket:
    """A socket for its owner and the group of the service. Raises OSError."""
    path.unlink(missing_ok=True)  # of an agent that was killed; one that lives has the port
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        listening.bind(str(path))
        path.chmod(MODE)
        with contextlib.suppress(KeyError, OSError):  # the unit gives it the group of the service
            os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
