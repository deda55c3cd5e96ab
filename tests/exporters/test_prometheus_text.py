"""The exposition: a golden file, what goes stale, what a hostile device can put into it."""

from __future__ import annotations

import asyncio
import copy
import gzip
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.exporter_estate import CAMERA, CHECKS, DEVICES, NOW, fill, judged, made, seen
from helpers.results import result_of
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from healthmon.model.enums import CheckName, State
from healthmon.model.measurements import Identity, Port, Reach
from healthmon_exporters.metrics.device_series import LONGEST_LABEL, DeviceSeries
from healthmon_exporters.metrics.exposition import Metrics

GOLDEN = Path(__file__).with_name("golden_metrics.txt")


def device_lines(metrics: Metrics) -> str:
    text = metrics.text(openmetrics=False).decode()
    text = re.sub(r'python="[^"]*"', 'python="X"', text)
    return re.sub(r"(?m)^(# (HELP|TYPE) )?process_.*\n", "", text)


def series(metrics: Metrics) -> set[str]:
    return {
        line.rpartition(" ")[0]
        for line in device_lines(metrics).split("\n")
        if line and not line.startswith("#")
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in read_text(metrics.text(openmetrics=False).decode()):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return sample.value
    return None


def test_the_exposition_is_the_golden_file() -> None:
    """The order of the series in a family is that of their first results, which is nobody's
    business.
    """
    assert sorted(device_lines(made()).splitlines()) == sorted(GOLDEN.read_text().splitlines())


def test_the_older_format_is_as_the_library_writes_it() -> None:
    """But for the figures of the process, which are of another moment."""
    metrics = made()
    metrics.table("healthmon_odd", "A \\ and\na line.", ("a", "b"), [(('"\\\n', "é"), 1e20)])
    metrics.table("healthmon_odd_total", "Odd.", ("a",), [(("1",), float("nan"))])
    own = generate_latest(metrics.registry).decode().split("\n")
    ours = metrics.text(openmetrics=False).decode().split("\n")
    assert sum(line.endswith("_total counter") for line in own) > 3
    for line, by_library in zip(ours[-len(own) :], own, strict=True):
        assert line == by_library or line.startswith("process_")


@pytest.mark.parametrize("openmetrics", [False, True])
def test_prometheus_own_parsers_read_every_series_once(openmetrics: bool) -> None:
    read = read_openmetrics if openmetrics else read_text
    samples = [s for f in read(made().text(openmetrics=openmetrics).decode()) for s in f.samples]
    keys = [(s.name, tuple(sorted(s.labels.items()))) for s in samples]
    assert len(keys) == len(set(keys)) > 60


def test_every_device_has_state_and_counters_before_the_first_look() -> None:
    empty = Metrics(DEVICES, CHECKS, version="1", now=lambda: NOW)
    for device in DEVICES:
        assert value(empty, "healthmon_device_state", device=device.id, state="unknown") == 1
        assert value(empty, "healthmon_device_up", device=device.id) is None
    assert device_lines(empty).count("healthmon_check_runs_total{") == len(CHECKS)
    assert value(empty, "healthmon_check_failures_total", device="cam-1", check="clock") == 0


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def test_old_values_vanish_but_the_time_of_the_last_look_stays() -> None:
    clock = Hands()
    metrics = made(clock)
    clock.now += 2 * 60 + 10
    assert value(metrics, "healthmon_device_up", device="cam-1") == 1
    assert value(metrics, "healthmon_device_state", device="cam-1", state="degraded") == 1
    clock.now += 1
    assert value(metrics, "healthmon_device_state", device="cam-1", state="unknown") == 1
    assert value(metrics, "healthmon_stream_frames_per_second", device="cam-1") == 25
    clock.now += 60
    assert value(metrics, "healthmon_device_up", device="cam-1") is None
    assert value(metrics, "healthmon_stream_frames_per_second", device="cam-1") is None
    assert (
        value(metrics, "healthmon_check_last_run_timestamp_seconds", device="cam-1", check="stream")
        == NOW
    )


def test_one_stale_check_takes_its_own_values_only_and_a_new_result_brings_them_back() -> None:
    clock = Hands()
    metrics = made(clock)
    clock.now += 3 * 60
    again = (
        seen("cam-1", CheckName.REACH, Reach(())),
        (judged("cam-1", CheckName.REACH, "reach"),),
    )
    metrics.apply(result_of(*again))
    clock.now += 11
    assert value(metrics, "healthmon_device_up", device="cam-1") == 1
    assert value(metrics, "healthmon_stream_up", device="cam-1") is None
    assert value(metrics, "healthmon_device_state", device="cam-1", state="unknown") == 1
    fill(metrics)
    assert value(metrics, "healthmon_stream_up", device="cam-1") == 1
    assert value(metrics, "healthmon_device_state", device="cam-1", state="degraded") == 1


class Oracle:
    """What must be shown, worked out anew from everything that has happened."""

    def __init__(self) -> None:
        self.looks: dict[tuple[str, CheckName, str], tuple[float, State]] = {}
        self.runs: Counter[tuple[str, CheckName, str]] = Counter()
        self.windows: dict[str, bool] = {}
        self.devices = DEVICES

    def reload(self, count: int) -> None:
        self.devices = DEVICES[:count]
        left = {device.id for device in self.devices}
        self.looks = {key: look for key, look in self.looks.items() if key[0] in left}
        self.runs = Counter({key: count for key, count in self.runs.items() if key[0] in left})
        self.windows = {key: on for key, on in self.windows.items() if key in left}

    def expected(self, now: float) -> set[tuple[str, str, float]]:
        found: set[tuple[str, str, float]] = set()
        for device in self.devices:
            worst = (
                State.OK if any(check.device == device.id for check in CHECKS) else State.UNKNOWN
            )
            for check in (check for check in CHECKS if check.device == device.id):
                landed, state = self.looks.get(check.key, (-1e9, State.UNKNOWN))
                age = now - landed
                worst = max(worst, state if age <= check.max_age else State.UNKNOWN)
                found.add(
                    (device.id, f"runs {check.check_type} {check.instance}", self.runs[check.key])
                )
                if age <= check.max_age + check.interval:
                    found.add(
                        (
                            device.id,
                            f"up {check.check_type} {check.instance}",
                            float(state is not State.FAULT),
                        )
                    )
            found.add((device.id, "state " + worst.name.lower(), 1))
            found.add((device.id, "maintenance", float(self.windows.get(device.id, False))))
        return found


def shown(metrics: Metrics) -> set[tuple[str, str, float]]:
    found: set[tuple[str, str, float]] = set()
    for family in read_text(metrics.text(openmetrics=False).decode()):
        for sample in family.samples:
            device = sample.labels.get("device", "")
            check = f"{sample.labels.get('check')} {sample.labels.get('part', '')}"
            if sample.name == "healthmon_device_state" and sample.value:
                found.add((device, "state " + sample.labels["state"], 1))
            elif sample.name == "healthmon_device_maintenance":
                found.add((device, "maintenance", sample.value))
            elif sample.name == "healthmon_check_runs_total":
                found.add((device, f"runs {check}", sample.value))
            elif sample.name == "healthmon_check_success":
                found.add((device, f"up {check}", sample.value))
    return found


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("look"), st.integers(0, len(CHECKS) - 1), st.booleans()),
            st.tuples(st.just("wait"), st.integers(0, 200), st.none()),
            st.tuples(st.just("reload"), st.integers(1, len(DEVICES)), st.none()),
            st.tuples(st.just("window"), st.integers(0, len(DEVICES) - 1), st.booleans()),
            st.tuples(st.just("scrape"), st.none(), st.none()),
        ),
        max_size=30,
    )
)
def test_what_is_kept_ready_is_what_must_be_shown(steps: list[tuple[str, Any, Any]]) -> None:
    """A property: whatever happens between scrapes, nothing that changed by event or by age is
    served as it was.
    """
    clock, oracle = Hands(), Oracle()
    metrics = Metrics(DEVICES, CHECKS, version="1", now=clock)
    for what, number, good in (*steps, ("scrape", None, None)):
        if what == "look":
            check, state = CHECKS[number], State.OK if good else State.FAULT
            if check.device in {device.id for device in oracle.devices}:
                oracle.looks[check.key] = clock.now, state
                oracle.runs[check.key] += 1
            verdict = judged(
                check.device, check.check_type, "reach", state, instance=check.instance
            )
            metrics.apply(
                result_of(
                    seen(
                        check.device, check.check_type, Reach(()) if good else None, check.instance
                    ),
                    (verdict,),
                )
            )
        elif what == "wait":
            clock.now += number
        elif what == "reload":
            metrics.reconfigured(DEVICES[:number], CHECKS)
            oracle.reload(number)
        elif what == "window":
            metrics.maintenance(DEVICES[number].id, good)
            if DEVICES[number] in oracle.devices:
                oracle.windows[DEVICES[number].id] = good
        else:
            assert shown(metrics) == oracle.expected(clock.now)


async def test_scrapes_that_come_together_share_one_picture_that_is_no_older_than_they_are() -> (
    None
):
    metrics = made()
    first = asyncio.create_task(metrics.body(openmetrics=False, zipped=False))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    metrics.apply(result_of(seen("link-1", CheckName.REACH, Reach((Port("tcp", 22, 0.125),))), ()))
    later = await asyncio.gather(
        *(metrics.body(openmetrics=False, zipped=False) for _ in range(20))
    )
    assert all(body is later[0] for body in later)
    assert b'port="tcp/22"} 0.125' in b"".join(later[0])
    assert b'port="tcp/22"' not in b"".join(await first)
    await asyncio.get_running_loop().shutdown_default_executor()


def test_a_reload_drops_removed_devices_and_keeps_the_others() -> None:
    metrics = made()
    metrics.reconfigured((CAMERA,), CHECKS)
    assert value(metrics, "healthmon_device_state", device="ups-1") is None
    assert value(metrics, "healthmon_check_runs_total", device="cam-1", check="clock") == 1


def test_a_reload_renders_only_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10,000 devices all of them would hold up the event loop by a second."""

    def ours() -> list[bytes]:
        """What is exported of devices and of healthmon; the time of its process goes on."""
        lines = metrics.text(openmetrics=False).splitlines()
        return [line for line in lines if not line.startswith(b"process_")]

    metrics, rendered = made(), []
    before, show = ours(), DeviceSeries.show

    def watched(page: DeviceSeries, *more: Any) -> None:
        rendered.append(page.device.id)
        show(page, *more)

    monkeypatch.setattr(DeviceSeries, "show", watched)
    metrics.reconfigured(copy.deepcopy(DEVICES), copy.deepcopy(CHECKS))
    assert ours() == before
    assert rendered == []
    moved = replace(CAMERA, location="the other gate")
    metrics.reconfigured([moved if one is CAMERA else one for one in DEVICES], CHECKS)
    assert rendered == ["cam-1"]
    assert b'location="the other gate"' in metrics.text(openmetrics=False)


def test_two_ports_of_a_link_are_two_series() -> None:
    metrics = made()
    metrics.apply(
        result_of(
            seen("link-1", CheckName.REACH, Reach((Port("tcp", 22, 0.1), Port("tcp", 80, 0.2)))), ()
        )
    )
    assert value(metrics, "healthmon_reach_seconds", device="link-1", port="tcp/22") == 0.1
    assert value(metrics, "healthmon_reach_seconds", device="link-1", port="tcp/80") == 0.2


HOSTILE = [
    'a\nb{c="d"} 1',
    'say "x"\\',
    "nul\0nul",
    "x" * 2**20,
    "\udcff\ud800",
    "é" * 300,
    "\r\n# EOF\n",
]


@pytest.mark.parametrize("openmetrics", [False, True])
def test_a11_hostile_model_strings_never_add_a_series_nor_break_the_text(openmetrics: bool) -> None:
    metrics = made()
    count = len(series(metrics))
    read = read_openmetrics if openmetrics else read_text
    for text in HOSTILE:
        metrics.apply(
            result_of(seen("cam-1", CheckName.IDENTITY, Identity(text, text, text, text)), ())
        )
        assert len(series(metrics)) == count
        families = {f.name: f for f in read(metrics.text(openmetrics=openmetrics).decode())}
        rows = [
            s for s in families["healthmon_device_info"].samples if s.labels["device"] == "cam-1"
        ]
        assert len(rows) == 1
        assert all(len(label) <= LONGEST_LABEL for label in rows[0].labels.values())


async def test_a_scrape_between_which_nothing_changed_has_the_agents_new_figures() -> None:
    """The compressed lines of the devices are kept; what is behind them is made anew."""
    metrics = made()
    first = b"".join(await metrics.body(openmetrics=False, zipped=True))
    metrics.set_agent("healthmon_bugs_total", 41.0)
    again = b"".join(await metrics.body(openmetrics=False, zipped=True))
    text = gzip.decompress(again).decode()
    assert "healthmon_bugs_total 41.0" in text
    assert "healthmon_bugs_total 41.0" not in gzip.decompress(first).decode()
    assert _without_process(text) == _without_process(metrics.text(openmetrics=False).decode())


async def test_a_scrape_after_a_change_or_a_reload_or_of_the_other_format_is_not_the_kept_one() -> (
    None
):
    metrics = made()
    await metrics.body(openmetrics=False, zipped=True)
    metrics.maintenance("cam-1", active=True)
    for openmetrics in (False, True):
        told = gzip.decompress(
            b"".join(await metrics.body(openmetrics=openmetrics, zipped=True))
        ).decode()
        assert _without_process(told) == _without_process(
            metrics.text(openmetrics=openmetrics).decode()
        )
    metrics.reconfigured((), ())
    told = gzip.decompress(b"".join(await metrics.body(openmetrics=True, zipped=True))).decode()
    assert "healthmon_device_state{" not in told
    assert told.endswith("# EOF\n")


def _without_process(text: str) -> str:
    return re.sub(r"(?m)^(# (HELP|TYPE) )?process_.*\n", "", text)
