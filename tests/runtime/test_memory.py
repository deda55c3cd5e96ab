"""What the agent does not load until it needs it: each of these costs megabytes."""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
import weakref
from pathlib import Path

from healthmon.config import loading
from healthmon.model.device import Check
from healthmon.runtime.engine import build

LATE = (
    "apprise",
    "cryptography",
    "healthmon_exporters.web.oidc_login",
    "httpx",
    "joserfc",
    "markdown_it",
    "onvif",
    "psycopg",
    "pysnmp",
    "requests",
    "rich",
    "zeep",
)


def test_what_is_rarely_needed_is_not_loaded_at_the_start():
    code = f"import sys; import healthmon.cli.app; print(*[name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


NEVER = {
    "click",
    "decimal",
    "difflib",
    "importlib.metadata",
    "multiprocessing",
    "prometheus_client.metrics",
    "statistics",
    "tarfile",
    "uvicorn.main",
    "zipfile",
}


def test_what_an_agent_has_no_use_for_is_not_loaded():
    code = f"import sys; import healthmon.cli.run; print(*sorted({NEVER} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_listener_without_tls_reads_no_certificate():
    code = (
        "import sys; from healthmon.runtime import listener_config; from healthmon.config.schema import Config;"
        "assert listener_config.warnings(Config.model_construct(agent=Config.model_fields['agent'].get_default(call_default_factory=True)))"
        " == []; late = {'cryptography', 'joserfc', 'healthmon_exporters.web.oidc_login'};"
        "assert late.isdisjoint(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_app_keeps_nothing_of_the_configuration_of_its_devices(tmp_path: Path):
    """Everything about them is in `devices`; of 1,000 cameras it would be 4 MB."""
    path = tmp_path / "config.yaml"
    path.write_text(
        f"agent: {{state_directory: {tmp_path}}}\nsites: [{{id: s}}]\ncameras:\n"
        "  - {id: C1, name: One, site: s, address: 192.0.2.1, kind: fixed}\n"
    )
    config = loading.load(path)
    camera = weakref.ref(config.cameras[0])
    engine = build(config)
    assert engine.estate.devices["C1"].name == "One"
    del config
    gc.collect()
    assert camera() is None


def test_records_share_methods_and_behave_as_before():
    """In a process of its own: the classes of this one stay as they are."""
    code = """
import copy, dataclasses, pickle
from healthmon.checks.probes.context import DeviceMemory
from healthmon.model.device import Access, Device
from healthmon.model.results import Verdict
from healthmon.runtime import memory

one = Verdict("C1", "reach", "", "answers", 0, "ok", "it answers", 1.0)
before, own = repr((one, DeviceMemory())), Verdict.__setattr__
memory.share_methods()
assert repr((one, DeviceMemory())) == before
assert Verdict.__setattr__ is Device.__setattr__ is Access.__setattr__ is not own
assert "__setattr__" not in vars(DeviceMemory)
for change in (lambda: setattr(one, "at", 2.0), lambda: delattr(one, "at"), lambda: setattr(one, "new", 1)):
    try:
        change()
    except dataclasses.FrozenInstanceError as error:
        assert "cannot" in str(error)
    else:
        raise AssertionError("it was changed")
later = dataclasses.replace(one, at=2.0)
assert later.at == 2.0 and later != one and hash(copy.copy(one)) == hash(one)
assert pickle.loads(pickle.dumps(later)) == later
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_equal_figures_of_checks_are_one_object_after_they_were_read_apart():
    checks = [Check(name, "reach", interval=float(f"3{7}.5"), cost=2e6) for name in ("C1", "C2")]
    first, second = pickle.loads(pickle.dumps(checks))
    assert [first, second] == checks
    assert first.key == ("C1", "reach", "")
    assert first.interval is second.interval
    assert first.cost is second.cost
