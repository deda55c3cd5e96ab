"""``python -m healthmon.runtime.reader FILE``: the process that reads config.yaml for the agent."""

from __future__ import annotations

import gc
import io
import logging
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

from healthmon.config import loading, secrets
from healthmon.config.fields import Strict
from healthmon.config.plain import plain, record, values_of
from healthmon.config.problems import ConfigError, Problem
from healthmon.model.device import Access, Device, Limits, StreamSpec
from healthmon.runtime import extensions
from healthmon.runtime.estate import Estate
from healthmon.runtime.reading import Answer

# Of these each device has several.
_RECORDS = frozenset({Access, Device, Limits, StreamSpec})


def answer_of(path: Path) -> Answer:
    """What the file gives. Secrets are only tried: the agent reads them itself."""
    try:
        config = loading.load(path, extensions.installed())
    except ConfigError as error:
        return Answer(None, tuple(error.problems))
    problems = tuple(secrets.problems(config))
    return Answer(Estate.of(config), problems, extensions.empty_groups())


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        """Models of our schema become plain; everything else is pickled as it is."""
        if isinstance(value, Strict) and type(value).__module__.startswith("healthmon.config."):
            return plain, (dict(value),)
        if type(value) in _RECORDS:
            return record, (type(value), *values_of(value))
        return NotImplemented


def packed(path: Path) -> bytes:
    """The answer as bytes, with a `Plain` for each model of our schema."""
    answer, output = answer_of(path), io.BytesIO()
    try:
        _Pickler(output).dump(answer)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        words = f"settings of an installed package cannot be handed to the agent: {error}"
        return pickle.dumps(Answer(None, (Problem(str(path), 0, "", words),)))
    return output.getvalue()


def main() -> None:
    """Write the answer to standard output; what else is printed goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is for the agent, which ends this process
    logging.disable()  # the agent has said which packages are left out
    gc.disable()  # the process is over before there is much to collect
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        output.write(packed(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
