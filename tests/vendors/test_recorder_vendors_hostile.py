"""Every make against devices that are broken or hostile: one transport, one table, and nobody else
is harmed.

Rows are those of the fault catalogue: C4 to C7, C9, C21 to C23.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from helpers.hostile_replies import HOSTILE, Challenges, always, speaks_plainly
from helpers.loopback import http, make_pair, says, served
from helpers.recorder_rig import BY_HTTP, Rig, simulated, watched
from helpers.support import forget_peak, memory

from healthmon.model.device import Access
from healthmon.model.enums import Reason, State

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

MAKES = (*BY_HTTP, "onvif")
CAUSES = {
    "c4": {Reason.TIMEOUT}, "c7": {Reason.PROTOCOL}, "c1": {Reason.TIMEOUT}, "c5": {Reason.PROTOCOL, Reason.TOO_LARGE}, "c21": {Reason.ADDRESS_MISMATCH},
    "c23": {Reason.PROTOCOL},
}  # fmt: skip
ANY_CAUSE = {Reason.PROTOCOL, Reason.TOO_LARGE, Reason.RESET, Reason.NOT_REPORTED}
SHORT, LONG = 0.6, 20.0


async def looked(make: str, port: int, timeout: float = LONG, **more: object) -> Rig:
    # Nothing is asked of the simulator; it only names the channels.
    made = watched(
        simulated(make if make in BY_HTTP else BY_HTTP[0], channels=2), make, port, **more
    )
    found = await made.look(timeout=timeout)
    assert {v.state for v in found.values()} <= {
        State.OK,
        State.UNKNOWN,
        State.DEGRADED,
        State.FAULT,
    }
    assert all(v.state is State.UNKNOWN for (one, _), v in found.items() if one != "R1"), found
    return made


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_reply_has_a_cause_and_costs_little(name: str, no_tasks_left: None) -> None:
    before, wanted = forget_peak(), CAUSES.get(name.split("_", maxsplit=1)[0], ANY_CAUSE)
    for make in MAKES:
        async with served(HOSTILE[name]()) as server:
            burnt = time.process_time()
            made = await looked(make, server.port, SHORT if Reason.TIMEOUT in wanted else LONG)
            seen = made.seen["R1"]
            if seen.reason is None:  # an answer in which nothing was told
                assert seen.value is not None
                assert name.startswith(("c22", "c6"))
                assert seen.value.notes
            else:
                assert seen.reason in wanted, (make, seen.reason, seen.detail)
            assert time.process_time() - burnt < 3
            assert "root:" not in seen.detail, "no file of ours is read for it"
    assert memory("VmHWM") - before < 32 * 2**20


@pytest.mark.parametrize(
    "form",
    ['Digest realm="r#", nonce="n#", qop="auth", stale=true', 'Digest realm="r", nonce="n#", qop="auth"',
     'Digest realm="r", nonce="", qop="auth"', 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"',
     'Digest realm="r", nonce="n", algorithm=X-512', 'Basic realm="r"', "Negotiate", ""],
)  # fmt: skip
async def test_c9_challenges_for_ever_cost_one_refused_login_and_no_basic(form: str) -> None:
    for make in MAKES:
        device = Challenges(form)
        async with served(device) as server:
            made = await looked(make, server.port)
            assert made.seen["R1"].reason in {
                Reason.AUTH_FAILED,
                Reason.BASIC_REFUSED,
                Reason.PROTOCOL,
                Reason.UNSUPPORTED,
            }
            for _ in range(3):
                await made.look()
            assert device.given <= (3 if "stale" in form else 1)
            if not form.startswith("Digest") or "X-512" in form:
                assert device.given == 0


async def test_c21_nothing_is_sent_to_another_address() -> None:
    async with served(always(http(b"<root/>")), host="127.0.0.2") as other:
        where = f"http://127.0.0.2:{other.port}/onvif"
        for status in ("301", "302", "307", "308"):
            async with served(
                always(http(f"<a>{where}</a>".encode(), f"{status} x", f"Location: {where}"))
            ) as server:
                for make in MAKES:
                    assert (await looked(make, server.port)).seen[
                        "R1"
                    ].reason is Reason.ADDRESS_MISMATCH
        assert other.connections == 0


async def test_c7_tls_on_a_plain_port_and_the_reverse(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "cam")
    for make in MAKES:
        async with served(says(http(b"<root/>")), tls=pair.server()) as server:
            assert (await looked(make, server.port)).seen["R1"].reason in {
                Reason.PROTOCOL,
                Reason.RESET,
            }
        async with served(speaks_plainly) as server:
            access = Access(credential="view", https=True)
            made = await looked(make, server.port, access=access)
            assert made.seen["R1"].reason in {Reason.TLS, Reason.PROTOCOL, Reason.RESET}
