"""``healthmon run``. It loads neither the options of the commands nor the models of the
configuration, which would stay in the agent's memory for months.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from healthmon.cli.console import USAGE, idle, say
from healthmon.cli.loop import run_loop
from healthmon.config import finding
from healthmon.config.problems import ConfigError
from healthmon.model.plain_text import one_line
from healthmon.runtime import memory, server, standby
from healthmon.store.lease import SupersededError

# EX_TEMPFAIL of sysexits.h: the service manager starts the agent again.
SUPERSEDED = 75


class OneLine(logging.Formatter):
    """A message is one line, whoever has written what stands in it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line without a traceback, which comes after it."""
        return one_line(super().formatMessage(record))


def run(config: Path | None, *, verbose: bool) -> int:
    """The agent, until it is ended; the exit code."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, handlers=[handler], force=True)
    memory.lean()
    try:
        run_loop(_serve(finding.find(config, os.environ)))
    except ConfigError as error:
        say(str(error))
    except OSError as error:  # BlockingIOError: another agent is running
        say(f"healthmon cannot start: {error}")
    except SupersededError as error:
        say(f"healthmon ends: {error}; started again, it stands by")
        return SUPERSEDED
    else:
        return 0
    return USAGE


async def _serve(path: Path) -> None:
    """Stand by where another agent has the estate and this one may wait for it, then be the agent.

    A secret that cannot be read is a warning: only what needs it fails. Raises SupersededError.
    """
    agent, problems = await standby.agent_of(path)
    for problem in problems:
        say(f"warning: {problem}")
    if not agent.estate.watched:
        say(f"warning: {idle(path)}")
    await server.serve(path, agent.of_file, agent=agent)
    if superseded := agent.incident_service.store_writer.superseded:
        raise SupersededError(superseded)
