"""The check types of this package, in the order in which /metrics shows their families."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from healthmon.checks import metrics
from healthmon.checks.check_type import CheckType
from healthmon.checks.evaluation import (
    certificate,
    clock,
    codes,
    host,
    identity,
    link,
    pan_tilt,
    picture,
    playback,
    port,
    reach,
    recorder,
    recording,
    reference,
    relay,
    stream,
    ups,
)
from healthmon.checks.metrics import MetricFamilies
from healthmon.checks.metrics import certificate as certificate_metrics
from healthmon.checks.metrics import clock as clock_metrics
from healthmon.checks.metrics import host as host_metrics
from healthmon.checks.metrics import link as link_metrics
from healthmon.checks.metrics import picture as picture_metrics
from healthmon.checks.metrics import playback as playback_metrics
from healthmon.checks.metrics import port as port_metrics
from healthmon.checks.metrics import reach as reach_metrics
from healthmon.checks.metrics import recorder as recorder_metrics
from healthmon.checks.metrics import recording as recording_metrics
from healthmon.checks.metrics import relay as relay_metrics
from healthmon.checks.metrics import stream as stream_metrics
from healthmon.checks.metrics import ups as ups_metrics
from healthmon.checks.probes import certificate as certificate_probe
from healthmon.checks.probes import clock as clock_probe
from healthmon.checks.probes import host as host_probe
from healthmon.checks.probes import identity as identity_probe
from healthmon.checks.probes import link as link_probe
from healthmon.checks.probes import pan_tilt as pan_tilt_probe
from healthmon.checks.probes import picture as picture_probe
from healthmon.checks.probes import playback as playback_probe
from healthmon.checks.probes import port as port_probe
from healthmon.checks.probes import reach as reach_probe
from healthmon.checks.probes import recorder as recorder_probe
from healthmon.checks.probes import recording as recording_probe
from healthmon.checks.probes import reference as reference_probe
from healthmon.checks.probes import relay as relay_probe
from healthmon.checks.probes import stream as stream_probe
from healthmon.checks.probes import ups as ups_probe
from healthmon.inventory.planning import Plan, Planning
from healthmon.model.device import Check


def _families(module: ModuleType) -> MetricFamilies:
    return metrics.MetricFamilies(module.HELP, module.samples)


def _planned(name: str) -> Plan:
    """The plan `name` of `healthmon.inventory.plans`, imported when it is first used: only who makes
    checks of a configuration needs the models of the configuration.
    """

    def plan(planning: Planning) -> Iterator[Check]:
        from healthmon.inventory import plans

        found: Plan = getattr(plans, name)
        return found(planning)

    return plan


CHECK_TYPES = (
    CheckType(
        "clock",
        "Clock",
        clock_probe.probe,
        clock.evaluate,
        _families(clock_metrics),
        codes.of("clock"),
        _planned("clock"),
    ),
    CheckType(
        "stream",
        "Pictures",
        stream_probe.probe,
        stream.evaluate,
        _families(stream_metrics),
        codes.of("pictures", "login"),
        _planned("stream"),
        retry=True,
    ),
    CheckType(
        "picture",
        "Picture content",
        picture_probe.probe,
        picture.evaluate,
        _families(picture_metrics),
        codes.of("pictures", "view", "privacy"),
        _planned("picture"),
    ),
    CheckType(
        "reach",
        "Answers",
        reach_probe.probe,
        reach.evaluate,
        _families(reach_metrics),
        codes.of("reach"),
        _planned("reach"),
        retry=True,
    ),
    CheckType(
        "ups",
        "Power",
        ups_probe.probe,
        ups.evaluate,
        _families(ups_metrics),
        codes.of("power"),
        _planned("ups"),
    ),
    CheckType(
        "certificate",
        "Certificate",
        certificate_probe.probe,
        certificate.evaluate,
        _families(certificate_metrics),
        codes.of("certificate"),
        _planned("certificate"),
    ),
    CheckType(
        "port",
        "Switch port",
        port_probe.probe,
        port.evaluate,
        _families(port_metrics),
        codes.of("port"),
        _planned("port"),
    ),
    CheckType(
        "link",
        "Link",
        link_probe.probe,
        link.evaluate,
        _families(link_metrics),
        codes.of("relay"),
        _planned("link"),
        retry=True,
    ),
    CheckType(
        "relay",
        "Relay",
        relay_probe.probe,
        relay.evaluate,
        _families(relay_metrics),
        codes.of("relay"),
        _planned("relay"),
        retry=True,
    ),
    CheckType(
        "recording",
        "Recording",
        recording_probe.probe,
        recording.evaluate,
        _families(recording_metrics),
        codes.of("recording"),
        _planned("recording"),
    ),
    CheckType(
        "recorder",
        "Recorder",
        recorder_probe.probe,
        recorder.evaluate,
        _families(recorder_metrics),
        codes.of("recorder"),
        _planned("recorder"),
    ),
    CheckType(
        "playback",
        "Playback",
        playback_probe.probe,
        playback.evaluate,
        _families(playback_metrics),
        codes.of("recording"),
        _planned("playback"),
    ),
    CheckType(
        "host",
        "Computer",
        host_probe.probe,
        host.evaluate,
        _families(host_metrics),
        codes.of("workstation"),
        _planned("host"),
    ),
    CheckType(
        "pan_tilt",
        "Pan and tilt",
        pan_tilt_probe.probe,
        pan_tilt.evaluate,
        codes=codes.of("ptz"),
        plan=_planned("pan_tilt"),
    ),
    CheckType(
        "identity",
        "Identity",
        identity_probe.probe,
        identity.evaluate,
        codes=codes.of("identity"),
        plan=_planned("identity"),
    ),
    CheckType(
        "reference",
        "Time reference",
        reference_probe.probe,
        reference.evaluate,
        codes=codes.of("time"),
        plan=_planned("reference"),
    ),
)
