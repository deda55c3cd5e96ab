"""Which passwords will do, and how one is kept."""

from __future__ import annotations

import pytest

from healthmon.access import passwords


@pytest.mark.parametrize(
    "guessed",
    [
        "password1234",
        "P@ssw0rd2026!",
        "Passw0rdPassw0rd",
        "qwertyuiop123",
        "123456789012",
        "Summer2026!!",
        "AutumnWinter2025",
        "letmein12345",
        "abcdefghijkl",
        "zxcvbnmasdfgh",
        "aaaaaaaaaaaa",
        "abababababab",
        "controlroom1",
        "CCTV-Camera-1",
        "1qaz2wsx3edc",
        "healthmon2026",
        "Liverpool1966",
        "j.smith-2026",
        "J.Smith12345",
        "smithsmith99",
    ],
)
def test_what_is_easily_guessed_will_not_do(guessed: str) -> None:
    assert "easily guessed" in passwords.weak("j.smith", guessed)


@pytest.mark.parametrize(
    "good",
    [
        "three long words",
        "correct horse battery",
        "Kj7#pq-zR2wv",
        "the kettle sings at noon",
        "Wölfe heulen früh",
        "9f2c81d07ab35e64",
    ],
)
def test_what_nobody_guesses_will_do(good: str) -> None:
    assert passwords.weak("j.smith", good) == ""


def test_twelve_characters_are_enough_and_eleven_are_not() -> None:
    assert "shorter than 12" in passwords.weak("x", "kettle-moon")
    assert passwords.weak("x", "kettle-moon!") == ""
