"""The Helm chart: rendered by Helm's own library, held against the schemas of Kubernetes; the configuration that
it makes is loaded by healthmon.
"""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.support import need

from healthmon import __version__
from healthmon.config import loading, secrets
from healthmon.store import location
from healthmon_exporters.web.rules import PUBLIC

ROOT = Path(__file__).parents[2]
CHART = ROOT / "packaging" / "helm" / "healthmon"
EXAMPLE = yaml.safe_load((ROOT / "docs" / "examples" / "helm-values.yaml").read_text())
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
RENDER = ROOT / "tests" / "helpers" / "peers" / "helm_chart.py"
pytestmark = pytest.mark.peer


def helm(values: dict[str, Any]) -> dict[str, Any]:
    """What Helm and the schemas of Kubernetes say (`helm_chart.py`)."""
    need(
        str(PYTHON),
        str(next(PYTHON.parents[1].glob("lib/*/site-packages/helm_python"), "helm_python")),
    )
    argv = [str(PYTHON), str(RENDER), str(CHART)]
    done = subprocess.run(
        argv, input=json.dumps(values), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def changed(**values: Any) -> dict[str, Any]:
    """The example with other values."""
    return {**copy.deepcopy(EXAMPLE), **values}


def objects(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is made, by kind and name; nothing of it is wrong."""
    made = helm(values)
    assert "refused" not in made, made
    assert made["said"] == ["icon is recommended"]
    assert made["wrong"] == []
    assert made["versions"][0] == "1.25.0", "as Chart.yaml says"
    texts = made["files"].values()
    found = [one for text in texts for one in yaml.safe_load_all(text) if one]
    return {f"{one['kind']} {one['metadata']['name']}": one for one in found}


@pytest.fixture(scope="module")
def example() -> dict[str, dict[str, Any]]:
    return objects(EXAMPLE)


def pod(made: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return dict(made["StatefulSet estate-healthmon"]["spec"]["template"]["spec"])


def test_the_example_is_two_agents_without_a_database(example: dict[str, dict[str, Any]]) -> None:
    assert set(example) == {
        "ConfigMap estate-healthmon",
        "NetworkPolicy estate-healthmon",
        "PodDisruptionBudget estate-healthmon",
        "Service estate-healthmon",
        "Service estate-healthmon-agents",
        "StatefulSet estate-healthmon",
    }
    stateful = example["StatefulSet estate-healthmon"]["spec"]
    assert stateful["replicas"] == 2
    assert stateful["serviceName"] == "estate-healthmon-agents"
    assert example["Service estate-healthmon-agents"]["spec"]["clusterIP"] == "None"
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    (container,) = pod(example)["containers"]
    assert container["image"] == f"registry.example.com/healthmon:{__version__}"


def test_a_pod_may_do_as_little_as_the_service_of_systemd(
    example: dict[str, dict[str, Any]],
) -> None:
    spec = pod(example)
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = container[name]["httpGet"]
        assert (f"GET {asked['path']}" in PUBLIC, asked["scheme"]) == (True, "HTTPS"), name
    writable = [one["name"] for one in container["volumeMounts"] if not one.get("readOnly")]
    assert writable == ["state", "tmp"]
    assert {one["name"] for one in container["env"]} == {
        "HEALTHMON_AGENT",
        "CREDENTIALS_DIRECTORY",
        "STATE_DIRECTORY",
    }
    modes = [one["secret"]["defaultMode"] for one in spec["volumes"] if "secret" in one]
    assert modes == [0o440] * 3
    without = pod(objects(changed(ping=False)))
    assert "sysctls" not in without["securityContext"]


def test_healthmon_takes_the_configuration_and_finds_the_other_agents(
    example: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text(
        example["ConfigMap estate-healthmon"]["data"]["config.yaml"]
    )
    config = loading.load(tmp_path / "config.yaml")
    assert [one.id for one in config.cameras] == ["C001"]
    database = config.database
    assert database is not None
    names = [f"estate-healthmon-{n}.estate-healthmon-agents.cctv.svc" for n in range(2)]
    assert [str(one) for one in database.agents] == [f"https://{name}:9877" for name in names]
    assert {*names, "estate-healthmon.cctv.svc", "cctv-health.example.com"} <= set(
        config.agent.hosts
    )
    assert "sslmode=verify-full" in location.place(config).url
    (container,) = pod(example)["containers"]
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    assert config.agent.tls is not None
    for path in (config.agent.tls.certificate, config.agent.tls.key, config.agent.users_file):
        assert str(Path(str(path)).parent) in mounted
    # A Secret's file can be read by the group, which a file of a secret may not be.
    (tmp_path / "camera-view").write_text("word")
    (tmp_path / "camera-view").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secrets.problems(config) == []


def test_a_change_of_the_configuration_starts_the_agents_again(
    example: dict[str, dict[str, Any]],
) -> None:
    def checksum(made: dict[str, dict[str, Any]]) -> str:
        template = made["StatefulSet estate-healthmon"]["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    config = {**EXAMPLE["config"], "sites": [{"id": "quay", "name": "New Quay"}]}
    assert checksum(objects(changed(config=config))) != checksum(example)
    assert checksum(objects(changed(ping=False))) == checksum(example)


def test_only_who_is_named_may_talk_to_the_agents(example: dict[str, dict[str, Any]]) -> None:
    spec = example["NetworkPolicy estate-healthmon"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = spec["ingress"]
    assert len(ingress["from"]) == 2
    bare = objects(changed(networkPolicy={}))["NetworkPolicy estate-healthmon"]["spec"]
    assert bare["policyTypes"] == ["Ingress"]
    assert "egress" not in bare
    assert [set(one) for one in bare["ingress"][0]["from"]] == [{"podSelector"}]
    off = objects(changed(networkPolicy={"enabled": False}, replicas=1))
    assert not [name for name in off if name.startswith(("NetworkPolicy", "PodDisruption"))]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"tls": {"name": ""}}, "/tls/name"),
        ({"image": {"repository": ""}}, "/image/repository"),
        ({"replicas": 0}, "/replicas"),
        ({"replica": 2}, "replica"),
        (
            {"config": {**EXAMPLE["config"], "agent": {"listen": "10.0.0.1"}}},
            "/config/agent/listen",
        ),
        (
            {
                "config": {
                    **EXAMPLE["config"],
                    "database": {"url": "postgresql://me:word@db/x", "takeover": "30 s"},
                }
            },
            "/config/database/url",
        ),
    ],
)
def test_wrong_values_are_refused_by_their_name(values: dict[str, Any], words: str) -> None:
    assert words in helm(changed(**values))["refused"]


def test_every_value_has_a_schema_and_stands_in_the_file() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) == {*values, "global"}
    for name, value in values.items():
        described = schema["properties"][name].get("properties")
        if described is not None and name != "config":
            assert set(described) == set(value), name
