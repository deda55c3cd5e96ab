"""The exposition: a golden file, what goes stale, what a hostile device can put into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from exporter_estate import ASKS, CAMERA, DEVICES, NOW, made, seen
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from healthmon.model import Identity, Port, Question, Reach
from healthmon_exporters.prometheus import LONGEST_LABEL, Metrics

GOLDEN = Path(__file__).with_name("golden_metrics.txt")


def device_lines(metrics: Metrics) -> str:
    text = metrics.text(openmetrics=False).decode()
    text = re.sub(r'python="[^"]*"', 'python="X"', text)
    return re.sub(r"(?m)^(# (HELP|TYPE) )?process_.*\n", "", text)


def series(metrics: Metrics) -> set[str]:
    return {line.rpartition(" ")[0] for line in device_lines(metrics).split("\n") if line and not line.startswith("#")}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in read_text(metrics.text(openmetrics=False).decode()):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def test_the_exposition_is_the_golden_file() -> None:
    assert device_lines(made()) == GOLDEN.read_text()


@pytest.mark.parametrize("openmetrics", [False, True])
def test_prometheus_own_parsers_read_every_series_once(openmetrics: bool) -> None:
    read = read_openmetrics if openmetrics else read_text
    samples = [s for f in read(made().text(openmetrics=openmetrics).decode()) for s in f.samples]
    keys = [(s.name, tuple(sorted(s.labels.items()))) for s in samples]
    assert len(keys) == len(set(keys)) > 60


def test_every_device_has_state_and_counters_before_the_first_look() -> None:
    empty = Metrics(DEVICES, ASKS, version="1", now=lambda: NOW)
    for device in DEVICES:
        assert value(empty, "healthmon_device_state", device=device.id, state="unknown") == 1
        assert value(empty, "healthmon_device_up", device=device.id) is None
    assert device_lines(empty).count("healthmon_check_runs_total{") == len(ASKS)
    assert value(empty, "healthmon_check_failures_total", device="cam-1", check="clock") == 0


def test_o1_old_values_vanish_but_the_time_of_the_last_look_stays() -> None:
    time = [NOW + 1]
    metrics = made(lambda: time[0])
    assert value(metrics, "healthmon_device_up", device="cam-1") == 1
    time[0] = NOW + 2 * 60 + 10 + 1
    assert value(metrics, "healthmon_device_state", device="cam-1", state="unknown") == 1
    time[0] = NOW + 3 * 60 + 10 + 1
    assert value(metrics, "healthmon_device_up", device="cam-1") is None
    assert value(metrics, "healthmon_stream_frames_per_second", device="cam-1") is None
    assert value(metrics, "healthmon_check_last_run_timestamp_seconds", device="cam-1", check="stream") == NOW


def test_a_reload_drops_removed_devices_and_keeps_the_others() -> None:
    metrics = made()
    metrics.reconfigured((CAMERA,), ASKS)
    assert value(metrics, "healthmon_device_state", device="ups-1") is None
    assert value(metrics, "healthmon_fault_active", device="ups-1") is None
    assert value(metrics, "healthmon_check_runs_total", device="cam-1", check="clock") == 1


def test_two_ports_of_a_link_are_two_series() -> None:
    metrics = made()
    metrics.observed(seen("link-1", Question.REACH, Reach((Port("tcp", 22, 0.1), Port("tcp", 80, 0.2)))), ())
    assert value(metrics, "healthmon_reach_seconds", device="link-1", port="tcp/22") == 0.1
    assert value(metrics, "healthmon_reach_seconds", device="link-1", port="tcp/80") == 0.2


HOSTILE = ['a\nb{c="d"} 1', 'say "x"\\', "nul\0nul", "x" * 2**20, "\udcff\ud800", "é" * 300, "\r\n# EOF\n"]


@pytest.mark.parametrize("openmetrics", [False, True])
def test_a11_hostile_model_strings_never_add_a_series_nor_break_the_text(openmetrics: bool) -> None:
    metrics = made()
    count = len(series(metrics))
    read = read_openmetrics if openmetrics else read_text
    for text in HOSTILE:
        metrics.observed(seen("cam-1", Question.IDENTITY, Identity(text, text, text, text)), ())
        assert len(series(metrics)) == count
        families = {f.name: f for f in read(metrics.text(openmetrics=openmetrics).decode())}
        rows = [s for s in families["healthmon_device_info"].samples if s.labels["device"] == "cam-1"]
        assert len(rows) == 1
        assert all(len(label) <= LONGEST_LABEL for label in rows[0].labels.values())
