"""A picture is shown to an operator who asks for it, once and on record, and leaves no byte behind."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from helpers.coded_camera import Scenes
from helpers.field_cameras import camera_row
from helpers.loopback import served
from helpers.marked import marked, traces
from helpers.product import Product, Running
from helpers.support import Peers

from healthmon.access import passwords
from healthmon.access.roles import Role
from healthmon.access.users import User

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery staple"
PICTURES = {"enabled": "yes", "workers": "1", "unconfined": "yes"}
PAGE = "/devices/C1"


def product(folder: Path, port: int, **pictures: str) -> Product:
    """A camera and two users, an operator and a viewer."""
    known = passwords.hash_password(PASSWORD)
    users = folder / "users"
    users.write_text(
        "".join(f"{User(one.value, known, one).line()}\n" for one in (Role.OPERATOR, Role.VIEWER))
    )
    users.chmod(0o600)
    tree = {
        "agent": {"users_file": str(users)},
        "defaults": {"interval": "5 s", "timeout": "20 s"},
        "pictures": PICTURES | pictures,
        "cameras": [camera_row(port)],
    }
    return Product(folder, tree)


def client(agent: Running, who: str) -> httpx.Client:
    """A browser of a user."""
    origin = f"http://127.0.0.1:{agent.port}"
    return httpx.Client(base_url=origin, auth=(who, PASSWORD), trust_env=False, timeout=120)


def pressed(http: httpx.Client) -> httpx.Response:
    """The answer to the button of the device's page."""
    page = http.get(PAGE).text
    form = page.partition(f'action="{PAGE}/picture"')[2]
    mark = re.search(r'name="once" value="([\w-]+)"', form)
    once = mark[1] if mark else "0123456789abcdef"
    return http.post(f"{PAGE}/picture", data={"once": once})


def grey_of(jpeg: bytes) -> Any:
    """The picture of a JPEG."""
    (frame,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpeg))
    return frame.to_ndarray(format="gray")


def shown(folder: Path, port: int, peers: Peers) -> tuple[bytes, str, bytes]:
    """The picture that an operator gets, everything that pages and commands say then, and the log."""
    made = product(folder, port, show="yes")
    with made.agent(peers) as agent:
        with client(agent, "operator") as http, client(agent, "viewer") as viewer:
            assert "Show the picture" not in viewer.get(PAGE).text
            assert viewer.post(f"{PAGE}/picture", data={"once": "x" * 20}).status_code == 403
            assert httpx.post(f"{http.base_url}{PAGE}/picture").status_code in (401, 303)
            answer = pressed(http)
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "image/jpeg"
            assert answer.headers["cache-control"] == "no-store"
            again = http.post(f"{PAGE}/picture", content=answer.request.content, headers=FORM)
            assert again.status_code == 409, "a form shows one picture"
            pages = ("/metrics", "/desk", "/wall.json", PAGE, "/faults", "/last-failure?target=C1")
            said = "\n".join(http.get(page).text for page in pages)
        log = agent.log.read_bytes()
    said += made.run("audit", "show").text
    return answer.content, said, log


FORM = {"content-type": "application/x-www-form-urlencoded"}


async def test_a15_a_marked_picture_that_is_shown_leaves_no_byte(
    tmp_path: Path, peers: Peers
) -> None:
    made = [marked(number) for number in range(14)]
    greys, frames = [grey for grey, _ in made], [data for _, data in made]
    async with served(Scenes(frames).talk) as server:
        jpeg, said, log = await asyncio.to_thread(shown, tmp_path, server.port, peers)
    seen = grey_of(jpeg).astype(float)
    nearest = min(float(np.abs(seen - grey).mean()) for grey in greys)
    assert nearest < 6, "it is the picture"
    assert "picture looked at" in said
    assert "picture_shown" in said, "in the audit chain"
    files = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert any(path.endswith("healthmon.db") for path in files)
    files |= {"said": said.encode(), "log": log}
    for trace in (*traces(greys, frames), jpeg[600:624], jpeg[-40:-16]):
        assert [name for name, data in files.items() if trace in data] == []


async def test_without_the_opt_in_no_picture_is_shown(tmp_path: Path, peers: Peers) -> None:
    frames = [marked(number)[1] for number in range(3)]
    async with served(Scenes(frames).talk) as server:

        def asked() -> tuple[str, httpx.Response]:
            with product(tmp_path, server.port).agent(peers) as agent:
                with client(agent, "operator") as http:
                    return http.get(PAGE).text, pressed(http)

        page, answer = await asyncio.to_thread(asked)
    assert "Show the picture" not in page
    assert answer.status_code == 409
    assert "pictures: {show: yes}" in answer.text
