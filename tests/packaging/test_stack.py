"""The stack as files: Compose itself reads them, every door is on loopback, what is mounted exists,
the image can be built.

There is no Docker engine here: the wheel of the image is built from what the image would be given,
and nothing else.
"""

from __future__ import annotations

import configparser
import fnmatch
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer.main
import yaml
from helpers.support import need

from healthmon.cli.app import cli

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
pytestmark = pytest.mark.peer
FILES = {"stack": ["compose.yaml"], "demo": ["compose.yaml", "compose.demo.yaml"]}


@pytest.fixture(scope="module", params=FILES, ids=list(FILES))
def services(request: pytest.FixtureRequest) -> dict[str, dict]:
    """The services as Docker Compose itself reads them."""
    need(str(PEERS / "docker-compose"))
    files = [word for name in FILES[request.param] for word in ("-f", str(ROOT / name))]
    argv = [str(PEERS / "docker-compose"), *files, "config", "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["services"]


def test_every_container_is_closed_and_watched(services):
    assert set(services) == {"healthmon", "prometheus", "alertmanager", "grafana"}
    for name, service in services.items():
        assert service["network_mode"] == "host", name
        assert "ports" not in service, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert re.search(r":v?\d+\.\d+\.\d+(-demo)?$", service["image"]), service["image"]
        assert "healthcheck" in service or (
            name == "healthmon" and "\nHEALTHCHECK " in DOCKERFILE
        ), name


def test_every_door_is_on_loopback(services):
    for name in ("prometheus", "alertmanager"):
        (door,) = (
            word for word in services[name]["command"] if word.startswith("--web.listen-address")
        )
        assert door.startswith("--web.listen-address=127.0.0.1:")
    assert "--cluster.listen-address=" in services["alertmanager"]["command"]
    grafana = configparser.ConfigParser()
    grafana.read(ROOT / "dashboards" / "provisioning" / "grafana.ini")
    assert grafana["server"]["http_addr"] == "127.0.0.1"
    assert grafana["auth.anonymous"]["org_role"] == "Viewer"
    assert grafana["analytics"]["reporting_enabled"] == "false"


def test_what_is_mounted_exists_and_only_data_can_be_written(services):
    for name, service in services.items():
        for mount in service["volumes"]:
            if mount["type"] == "bind":
                assert mount["read_only"] is True, (name, mount)
                ours = str(ROOT) in mount["source"]
                assert Path(mount["source"]).exists() or not ours, mount["source"]
    mounts = {mount["target"]: mount["source"] for mount in services["grafana"]["volumes"]}
    provider = yaml.safe_load(
        (ROOT / "dashboards/provisioning/dashboards/healthmon.yaml").read_text()
    )["providers"][0]
    assert mounts[provider["options"]["path"]] == str(ROOT / "dashboards" / "grafana")


def test_the_linter_of_dockerfiles_has_nothing_to_say():
    need(str(PEERS / "hadolint"))
    argv = [str(PEERS / "hadolint"), "--no-color", str(ROOT / "Dockerfile")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_agents_healthcheck_is_the_same_in_both_images(services):
    """That of the Dockerfile, and the one of Compose for the image that cannot have one."""
    (words,) = re.findall(r"^HEALTHCHECK (.+) \\\n +CMD (.+)$", DOCKERFILE, re.MULTILINE)
    check = services["healthmon"]["healthcheck"]
    assert check["test"] == ["CMD", *json.loads(words[1])]
    given = {key.replace("-", "_"): value for key, value in re.findall(r"--(\S+)=(\S+)", words[0])}
    assert {key: str(check[key]) for key in given} == given | {"start_period": "1m0s"}


def test_the_image_runs_as_nobody_and_installs_what_is_locked():
    last = DOCKERFILE.split("\nFROM ")[-3:]
    assert "USER 10001:10001" in last[0]
    assert not any("USER" in stage for stage in last[1:])
    assert re.findall(r"pip install (?!--require-hashes -r|--no-deps --no-index)", DOCKERFILE) == []
    assert not re.search(r"curl|wget|apt-get", DOCKERFILE)
    assert set(re.findall(r"^FROM (python\S*)", DOCKERFILE, re.MULTILINE)) == {
        "python:3.12.11-slim-bookworm"
    }


def test_the_wheel_can_be_built_from_what_the_image_is_given(tmp_path):
    given = [
        word
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for word in line.split()
    ]
    allowed = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for name in given:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in allowed), name
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    argv = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(tmp_path / "wheel"),
    ]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    names = zipfile.ZipFile(next((tmp_path / "wheel").glob("*.whl"))).namelist()
    assert "healthmon/cli/main.py" in names
    assert any(name.endswith("share/healthmon/dashboards/prometheus.yml") for name in names)


def test_the_lock_of_the_image_is_the_lock_of_the_tests():
    """Same versions and hashes, without what only tests and the demo need."""
    locks = {}
    for name in ("requirements.lock", "requirements.runtime.lock"):
        text = (ROOT / name).read_text()
        locks[name] = {
            block.split(" ")[0]: set(re.findall(r"sha256:\w+", block))
            for block in re.split(r"\n(?=\w)", text)
        }
    whole, runtime = locks["requirements.lock"], locks["requirements.runtime.lock"]
    assert {name: whole.get(name) for name in runtime} == runtime
    assert all(runtime.values())
    assert not [name for name in runtime if name.startswith(("pytest", "mypy", "ruff", "rfc8785"))]


def test_prometheus_accepts_its_configuration_with_the_rules_beside_it(tmp_path):
    need("promtool")
    place = tmp_path / "etc"
    place.mkdir()
    shutil.copy(ROOT / "dashboards" / "prometheus.yml", place)
    shutil.copytree(ROOT / "dashboards" / "rules", place / "rules")
    argv = ["promtool", "check", "config", str(place / "prometheus.yml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 rule files found" in done.stdout
    tree = yaml.safe_load((place / "prometheus.yml").read_text())
    assert tree["scrape_configs"][0]["job_name"] == "healthmon"
    source = yaml.safe_load(
        (ROOT / "dashboards/provisioning/datasources/healthmon.yaml").read_text()
    )["datasources"][0]
    assert source["jsonData"]["timeInterval"] == tree["global"]["scrape_interval"]


def test_the_script_of_the_stack_without_containers_is_sound():
    subprocess.run(["sh", "-n", str(ROOT / "packaging" / "stack-demo")], check=True, timeout=10)


def test_what_the_install_page_names_exists():
    page = (ROOT / "docs" / "install.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^    make ([a-z-]+)", page, re.MULTILINE))
    assert {"wheel", "stack", "stack-demo"} <= named <= targets
    commands = set(typer.main.get_command(cli).commands)
    used = set(
        re.findall(
            r"bin/healthmon ([a-z-]+)|healthmon healthmon ([a-z-]+)|rm healthmon ([a-z-]+)", page
        )
    )
    assert {word for words in used for word in words if word} <= commands
    shipped = re.findall(r"share/healthmon/dashboards/([\w./-]*\w)", page) + re.findall(
        r"cp (provisioning/\S+)", page
    )
    assert shipped
    assert [name for name in shipped if not (ROOT / "dashboards" / name).exists()] == []
    units = (ROOT / "packaging" / "systemd" / "healthmon.service").read_text()
    for path in (
        "/opt/healthmon/bin/healthmon",
        "/etc/healthmon/config.yaml",
        "secret:/etc/healthmon/secrets",
    ):
        assert path in units
