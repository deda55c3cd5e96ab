"""TLS of real peers: OpenSSL's server for HTTPS and GStreamer's for RTSPS, each with its own
certificate; one that stalls.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from helpers.loopback import Pair, make_pair
from helpers.peers.rtsp_peers import gstreamer
from helpers.results import applied, result_of
from helpers.support import Peers, free_port, library, need

from healthmon.checks import registry
from healthmon.config import loading
from healthmon.model.device import Check
from healthmon.model.enums import CheckName, Reason, State
from healthmon.model.results import Observation, Verdict
from healthmon.runtime.engine import CheckEngine, build
from healthmon_exporters.metrics.exposition import Metrics

pytestmark = pytest.mark.peer


def openssl(peers: Peers, pair: Pair) -> int:
    """An HTTPS server of OpenSSL that shows the certificate of `pair`."""
    need("openssl")
    port = free_port()
    peers.start(
        "openssl",
        "s_server",
        "-accept",
        f"127.0.0.1:{port}",
        "-cert",
        pair.file,
        "-key",
        pair.file,
        "-www",
        "-quiet",
    )
    peers.wait_tcp("127.0.0.1", port)
    return port


def app_of(folder: Path, authority: Pair, https: int, rtsps: int) -> CheckEngine:
    camera = {
        "id": "C001",
        "name": "Market",
        "site": "town",
        "address": "127.0.0.1",
        "kind": "fixed",
        "http": {"port": str(https), "tls": "yes"},
        "rtsp": {"port": str(rtsps), "tls": "yes"},
        "onvif": "no",
        "streams": [{"name": "main", "path": "/h264"}],
        "tls": {"ca_file": str(authority.file)},
    }
    (folder / "state").mkdir()
    tree = {
        "agent": {"state_directory": str(folder / "state")},
        "sites": [{"id": "town"}],
        "cameras": [camera],
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    engine = build(loading.load(path))
    engine.context.connector.connect_seconds = 1.5
    engine.context.connector.longest_connect = {}
    return engine


async def looked(
    engine: CheckEngine, check_type: CheckName, **more: float
) -> dict[str, tuple[Observation, dict[str, Verdict]]]:
    """The result of each ask of a question, by its part."""
    found = {}
    for check in engine.estate.checks:
        if check.check_type == check_type and check.device == "C001":
            result = await applied(engine, replace(check, **more))
            verdicts = {one.aspect: one for one in result.verdicts}
            found[check.instance] = (result.observation, verdicts)
    return found


async def test_c24_both_certificates_of_a_device_are_looked_at_and_each_fault_says_which(
    peers: Peers, tmp_path: Path
) -> None:
    need(library("gio/modules/libgiognutls.so"))
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    web = make_pair(tmp_path, "web", issuer=authority)
    pictures = make_pair(tmp_path, "pictures", days=(-9, 5), issuer=authority)
    https, rtsps = openssl(peers, web), gstreamer(peers, "", "", str(pictures.file))
    engine = app_of(tmp_path, authority, https, rtsps)
    metrics = Metrics(tuple(engine.estate.devices.values()), engine.estate.checks, version="")
    found = await looked(engine, CheckName.CERTIFICATE)
    assert list(found) == ["https", "rtsps"]
    for observation, verdicts in found.values():
        engine.state.book.apply(verdicts.values())
        metrics.apply(result_of(observation, tuple(verdicts.values())))
    states = {
        instance: {aspect: one.state for aspect, one in verdicts.items()}
        for instance, (_, verdicts) in found.items()
    }
    well = {"expiry": State.OK, "trust": State.OK, "strength": State.OK}
    assert states == {"https": well, "rtsps": well | {"expiry": State.DEGRADED}}
    assert found["rtsps"][1]["expiry"].sentence.startswith(
        f"RTSPS {rtsps}: certificate expires in "
    )
    text = metrics.text(openmetrics=False).decode()
    for port, pair in ((https, web), (rtsps, pictures)):
        (line,) = [
            one
            for one in text.splitlines()
            if "certificate_expiry" in one and f'port="{port}"' in one
        ]
        assert float(line.rpartition(" ")[2]) == pair.certificate.not_valid_after_utc.timestamp()
    assert (
        text.count(
            'healthmon_check_success{device="C001",kind="camera",site="town",check="certificate",part='
        )
        == 2
    )
    await engine.close()


async def test_c24_a_handshake_that_does_not_finish_is_named_whoever_asks(
    peers: Peers, tmp_path: Path
) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    port = openssl(peers, make_pair(tmp_path, "web", issuer=authority))
    engine = app_of(tmp_path, authority, port, port)
    engine.context.memory.clear()
    peers.running[0].send_signal(signal.SIGSTOP)  # the kernel still takes connections for it
    for check_type, code in ((CheckName.CERTIFICATE, "tls_failed"), (CheckName.STREAM, "tls")):
        for observation, verdicts in (await looked(engine, check_type)).values():
            assert observation.reason is Reason.TLS_TIMEOUT
            assert (
                observation.detail
                == f"TCP port {port}: connected, TLS handshake: no answer in 1.5 s"
            )
            (fault,) = [one for one in verdicts.values() if one.state is State.FAULT]
            assert fault.code == code
            assert "connected, but the TLS handshake does not finish" in fault.sentence
    for observation, _ in (await looked(engine, CheckName.CERTIFICATE, timeout=0.5)).values():
        assert (observation.reason, observation.detail) == (
            Reason.TLS_TIMEOUT,
            f"waiting for TLS handshake on port {port}, 0.5 s",
        )
    await engine.close()


async def test_c24_a_handshake_that_stalls_only_when_it_is_verified_is_no_fault_of_trust_in_the_certificate(
    peers: Peers, tmp_path: Path
) -> None:
    authority = make_pair(tmp_path, "ca", authority=True, address=None)
    port = openssl(peers, make_pair(tmp_path, "web", issuer=authority))
    engine = app_of(tmp_path, authority, port, port)
    connect, calls = engine.context.connector.connect, 0

    async def stalls_at_the_second(*args: object, **more: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            peers.running[0].send_signal(signal.SIGSTOP)
        return await connect(*args, **more)  # type: ignore[arg-type]

    engine.context.connector = _Door(engine.context.connector, stalls_at_the_second)  # type: ignore[assignment]
    check = Check("C001", CheckName.CERTIFICATE, "https", timeout=8)
    observation = (await engine.run_check(check)).observation
    assert observation.reason is Reason.TLS_TIMEOUT
    told = registry.evaluate(observation, engine.estate.devices["C001"])
    assert [one.code for one in told] == ["tls_timeout", "tls_failed"]
    assert calls == 2
    await engine.close()


class _Door:
    """A door whose `connect` is another one."""

    def __init__(self, connector: object, connect: object) -> None:
        self.connector, self.connect = connector, connect

    def __getattr__(self, name: str) -> object:
        return getattr(self.connector, name)
