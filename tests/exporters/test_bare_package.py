"""What the agent leaves out of uvicorn and prometheus-client, and that nobody else misses it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from healthmon_exporters.metrics.bare_package import bare, postpone

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


@pytest.mark.slow
def test_an_agent_loads_no_command_line_and_others_find_the_whole_libraries():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=60)


def test_a_library_that_is_not_there_is_named():
    with pytest.raises(ModuleNotFoundError, match="no_such_library"), bare("no_such_library"):
        pass


POSTPONED = """
import json, sys, threading
from healthmon_exporters.metrics.bare_package import postpone

json_before = sys.modules["json"]
postpone("html", "http", "http.client", "json", "shutil")
import html, http.client, shutil
late = {"html.entities", "email.parser", "bz2"}
assert late.isdisjoint(sys.modules), late & sys.modules.keys()
assert sys.modules["json"] is json_before

found = []
together = threading.Barrier(8)
def ask():
    together.wait()
    found.append(html.unescape("&eacute;"))
threads = [threading.Thread(target=ask) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert found == [chr(233)] * 8, found
assert http.client.responses[404] == "Not Found"
from shutil import rmtree
assert rmtree is shutil.rmtree
assert late <= sys.modules.keys()
try:
    html.no_such_name
except AttributeError:
    pass
else:
    raise AssertionError("a name that is not there was found")
"""


@pytest.mark.slow
def test_a_postponed_module_is_loaded_when_something_of_it_is_asked_for():
    subprocess.run([sys.executable, "-c", POSTPONED], check=True, timeout=60)


def test_a_module_that_is_not_there_cannot_be_postponed():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        postpone("no_such_module")
