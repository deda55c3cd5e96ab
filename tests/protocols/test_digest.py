"""Login answers against the published examples of RFC 7616, and challenges that mean harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.protocols.errors import BasicRefusedError, ProtocolError, UnsupportedError
from healthmon.protocols.http import digest
from healthmon.secret import Credential, Secret

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
MUFASA = Credential("view", "Mufasa", Secret("Circle of Life"))


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_examples_of_rfc_7616(
    algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.protocols.http.digest.secrets.token_hex", lambda _size: CNONCE)
    offer = f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="{NONCE}"'
    chosen = digest.choose(digest.parse_challenges([offer]), allow_basic=False)
    value = digest.authorization(chosen, MUFASA, "GET", "/dir/index.html")
    assert f'response="{response}"' in value
    assert "nc=00000001" in value
    assert "Circle" not in value


def test_sha_256_is_preferred_and_basic_is_no_way_down() -> None:
    offers = [
        'Basic realm="x", Digest realm="x", nonce="a", algorithm=MD5',
        'Digest realm="x",nonce="b",algorithm=SHA-256',
    ]
    assert digest.choose(digest.parse_challenges(offers), allow_basic=True).nonce == "b"
    with pytest.raises(BasicRefusedError, match="allow_basic: yes would permit it"):
        digest.choose(digest.parse_challenges(['Basic realm="x"']), allow_basic=False)
    with pytest.raises(BasicRefusedError, match=r"on a plain connection$"):
        digest.choose(digest.parse_challenges(['Basic realm="x"']), allow_basic=None)
    assert (
        digest.choose(digest.parse_challenges(['Basic realm="x"']), allow_basic=True).scheme
        == "basic"
    )


def test_no_challenge_and_unknown_schemes_are_told_apart() -> None:
    with pytest.raises(ProtocolError):
        digest.choose([], allow_basic=True)
    with pytest.raises(UnsupportedError):
        digest.choose(
            digest.parse_challenges(['Digest realm="x", nonce="a", algorithm=MD4']),
            allow_basic=True,
        )


def test_stale_is_read() -> None:
    assert digest.parse_challenges(['Digest realm="x", nonce="a", stale=TRUE'])[0].stale


@given(st.lists(st.text(max_size=300), max_size=4))
def test_any_text_is_challenges_or_none(values: list[str]) -> None:
    for challenge in digest.parse_challenges(values):
        if challenge.scheme == "basic" or challenge.algorithm in {"MD5", "SHA-256"}:
            value = digest.authorization(challenge, MUFASA, "GET", "rtsp://192.0.2.1/")
            assert "\r" not in value
            assert "\n" not in value
