"""RTSP servers that count their answers wrongly, or their bytes (FF-A4 and beside it)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.fakes.rtsp_server import Camera, rendered
from helpers.field_cameras import RtspLogin, camera_row, film, rows_of, swept
from helpers.loopback import served
from helpers.product import Swept

NOT_FOUND = {"DESCRIBE": "404 Not Found"}


def numbered(number: Callable[[int], int], **more: object) -> Camera:
    """Answers request n as if it were number(n)."""

    def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        head = [f"CSeq: {number(int(cseq))}", f"Content-Length: {len(body)}", *fields]
        return rendered(status, head, body)

    return Camera(film(), render=render, **more)  # type: ignore[arg-type]


def announcing(more: int) -> Camera:
    """Announces so many bytes more than a description has."""

    def render(status: str, cseq: str, fields: list[str], body: bytes) -> bytes:
        size = len(body) + more if body else 0
        return rendered(status, [f"CSeq: {cseq}", f"Content-Length: {size}", *fields], body)

    return Camera(film(), render=render)


PLAYS = {
    "always 1": numbered(lambda _: 1),
    "always 1, with a login": numbered(lambda _: 1, refuse=RtspLogin()),
    "the one before": numbered(lambda n: n - 1),
    "the next": numbered(lambda n: n + 1),
    "far away": numbered(lambda n: n + 4_000_000_000),
}
REFUSES = {
    "404": numbered(lambda _: 7, statuses=NOT_FOUND),
    "404 and gone": numbered(lambda _: 7, statuses=NOT_FOUND, hang_up_on="404"),
}
LENGTHS = {"too long": announcing(40), "too short": announcing(-10)}
CAMERAS = PLAYS | REFUSES | LENGTHS


async def _swept(folder: Path) -> Swept:
    async with contextlib.AsyncExitStack() as stack:
        rows = []
        for number, (name, camera) in enumerate(CAMERAS.items(), 1):
            host = f"127.46.0.{number}"
            server = await stack.enter_async_context(served(camera.talk, host=host))
            more = {"name": name, "address": host, "credential": "view"}
            rows.append(camera_row(server.port, id=f"C{number}", **more))
        return await swept(folder, {"cameras": rows})


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    return asyncio.run(_swept(tmp_path_factory.mktemp("cseq")))


def said(sheet: Swept, name: str, section: str = "") -> list[dict[str, str]]:
    return rows_of(sheet, "stream", section, f"C{list(CAMERAS).index(name) + 1}")


@pytest.mark.parametrize("name", PLAYS)
def test_ff_a4_the_only_open_request_is_the_one_that_is_answered(sheet: Swept, name: str) -> None:
    assert said(sheet, name) == []
    assert "TEARDOWN" in CAMERAS[name].methods


@pytest.mark.parametrize("name", REFUSES)
def test_ff_a4_a_refusal_is_told_whatever_its_number(sheet: Swept, name: str) -> None:
    (fault,) = said(sheet, name, "faults")
    assert "DESCRIBE answered 404" in fault["sentence"]


def test_beside_a4_a_length_that_is_too_long_is_told_as_that(sheet: Swept) -> None:
    (fault,) = said(sheet, "too long", "faults")
    assert "40 more bytes (by its Content-Length) of the answer to DESCRIBE" in fault["sentence"]


def test_beside_a4_a_length_that_is_too_short_is_told_as_that(sheet: Swept) -> None:
    (fault,) = said(sheet, "too short", "faults")
    assert "is its Content-Length too small?" in fault["sentence"]
