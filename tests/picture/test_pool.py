"""The processes that decode: what comes out of them, and what a hostile bitstream does to them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.pictures import coded, scene

from healthmon.picture.messages import Message
from healthmon.picture.pool import MOST_PIXELS, PictureError, PicturePool

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def pool():
    made = PicturePool(size=1, seconds=60)
    yield made
    await made.close()


def asked(codec: str, *frames: bytes, most_pixels: int = MOST_PIXELS) -> Message:
    return Message({"codec": codec, "most_pixels": most_pixels}, (*frames, b"", b""))


def worker_of(pool: PicturePool) -> int:
    return pool._idle[0].process.pid


async def test_numbers_and_a_signature_come_of_a_key_frame(pool: PicturePool):
    first, last = (coded("h264", scene(noise=seed)) for seed in (1, 2))
    answer = await pool.measure(asked("h264", first, last))
    assert (answer.fields["width"], answer.fields["height"]) == (640, 360)
    assert 60 < answer.fields["mean"] < 200
    assert answer.fields["session"]["fine"] > 0.25, "its noise is another one"
    signature, baseline = answer.blobs
    assert (len(signature), baseline) == (320 * 180, b"")
    assert pool.unconfined == ""
    before = Message({"codec": "h264", "most_pixels": MOST_PIXELS}, (first, signature, b""))
    assert (await pool.measure(before)).fields["between"]["mean"] > 0


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("h265", "yuv420p10le"),
        ("h264", "yuv420p10le"),
        ("h264", "yuv422p"),
        ("h264", "yuvj420p"),
        ("h264", "gray"),
        ("mjpeg", "yuvj422p"),
        ("mjpeg", "yuvj444p"),
    ],
)
async def test_samples_of_other_depth_and_colour_are_read_alike(
    pool: PicturePool, codec: str, pixels: str
):
    usual = await pool.measure(asked("h264", coded("h264", scene())))
    other = await pool.measure(asked(codec, coded(codec, scene(), pixels)))
    assert other.fields["mean"] == pytest.approx(usual.fields["mean"], abs=2)
    assert other.fields["bars"] == pytest.approx(usual.fields["bars"], rel=0.1)


@pytest.mark.parametrize(
    ("codec", "data", "words"),
    [
        ("h264", b"\0\0\0\1\x65" + b"\x88\x84" * 500, "cannot be decoded"),
        ("h265", os.urandom(4000), "picture|decoded"),
        ("mjpeg", b"\xff\xd8\xff\xd9", "picture|decoded"),
        ("h264", b"", "picture|decoded"),
    ],
)
async def test_a15_what_is_no_picture_is_said_and_harms_no_worker(
    pool: PicturePool, codec: str, data: bytes, words: str
):
    with pytest.raises(PictureError, match=words):
        await pool.measure(asked(codec, data))
    await pool.measure(asked("h264", coded("h264", scene())))
    assert pool.killed == 0


async def test_a_picture_of_too_many_pixels_is_not_decoded(pool: PicturePool):
    with pytest.raises(PictureError):
        await pool.measure(asked("h264", coded("h264", scene()), most_pixels=1000))


async def test_a15_a_worker_that_ends_is_counted_and_replaced(pool: PicturePool):
    good = asked("h264", coded("h264", scene()))
    await pool.measure(good)
    os.kill(worker_of(pool), signal.SIGKILL)
    with pytest.raises(PictureError, match="has ended"):
        await pool.measure(good)
    await pool.measure(good)
    assert pool.killed == 1


async def test_a15_a_worker_that_takes_too_long_is_killed_and_replaced(pool: PicturePool):
    good = asked("h264", coded("h264", scene()))
    await pool.measure(good)
    os.kill(worker_of(pool), signal.SIGSTOP)
    pool.seconds = 0.2
    with pytest.raises(PictureError, match=r"not decoded within 0\.2 s"):
        await pool.measure(good)
    pool.seconds = 60
    await pool.measure(good)
    assert pool.killed == 1


async def test_without_a_filter_of_system_calls_nothing_is_decoded_unless_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A kernel that has no filter for this machine."""
    (tmp_path / "sitecustomize.py").write_text(
        "import platform\nplatform.machine = lambda: 'vax'\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    good = asked("h264", coded("h264", scene()))
    for allowed in (False, True):
        pool = PicturePool(size=1, seconds=60, allowed=allowed)
        if allowed:
            await pool.measure(good)
        else:
            with pytest.raises(PictureError, match="no filter of system calls is known for vax"):
                await pool.measure(good)
        await pool.close()


async def test_a_worker_is_confined(pool: PicturePool):
    """It can read no file and dump no memory, and the kernel refuses it most calls."""
    await pool.measure(asked("h264", coded("h264", scene())))
    folder = Path(f"/proc/{worker_of(pool)}")
    status = (folder / "status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    limits = {
        line[:26].strip(): line[26:].split()[0]
        for line in (folder / "limits").read_text().splitlines()
    }
    assert limits["Max core file size"] == limits["Max file size"] == "0"
    assert int(limits["Max address space"]) < 2_000_000_000
    high = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    assert int(high.split()[1]) < 90_000, "kB of memory"


def test_a_confined_process_opens_no_file_and_no_socket_and_starts_nothing():
    tries = """
import os, socket, sys
from healthmon.picture import sandbox
sandbox.limit()
assert sandbox.confine() == ""
for attempt in (lambda: open("/etc/hostname"), socket.socket, os.fork,
                lambda: os.kill(os.getppid(), 0), lambda: os.symlink("a", "/tmp/b")):
    try:
        attempt()
    except PermissionError:
        continue
    os._exit(3)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", tries], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0


def test_the_agent_loads_neither_the_decoder_nor_numpy():
    loaded = (
        "import sys, healthmon.runtime.agent, healthmon.runtime.engine, healthmon.cli.sweep;"
        "sys.exit(bool({'av', 'numpy'} & set(sys.modules)))"
    )
    paths = os.pathsep.join((str(ROOT), str(ROOT / "exporters")))
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", loaded], env=env, check=False, timeout=60)
    assert done.returncode == 0


async def test_no_worker_runs_before_the_first_picture_and_none_after_the_end():
    pool = PicturePool()
    assert pool._idle == []
    await pool.measure(asked("h264", coded("h264", scene())))
    process = worker_of(pool)
    await pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_pictures_that_come_at_once_share_the_workers():
    pool = PicturePool(size=2, seconds=60)
    good = asked("h264", coded("h264", scene()))
    await asyncio.gather(*(pool.measure(good) for _ in range(6)))
    assert (pool.measured, len(pool._idle)) == (6, 2)
    await pool.close()
