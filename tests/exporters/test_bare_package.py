"""What the agent leaves out of uvicorn and prometheus-client, and that nobody else misses it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from healthmon_exporters.metrics.bare_package import bare

SCRIPT = """
import sys
from healthmon_exporters.metrics import exposition
from healthmon_exporters.web import listener

config = listener._config(lambda: None)
assert config.loaded
left_out = {"click", "multiprocessing", "uvicorn.main", "prometheus_client.metrics"}
assert left_out.isdisjoint(sys.modules), left_out & sys.modules.keys()

import prometheus_client, uvicorn
assert uvicorn.Config is listener.Config
assert uvicorn.Server.__module__ == "uvicorn.server"
assert uvicorn.Config(lambda: None).log_config  # its own logging is found
assert prometheus_client.CollectorRegistry is exposition.CollectorRegistry
assert prometheus_client.Counter("x", "X.").collect()
assert left_out <= sys.modules.keys()
"""


def test_an_agent_loads_no_command_line_and_others_find_the_whole_libraries():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)


def test_a_library_that_is_not_there_is_named():
    with pytest.raises(ModuleNotFoundError, match="no_such_library"), bare("no_such_library"):
        pass
