"""Passwords: what will do as one, and how one is kept (scrypt, RFC 7914)."""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets
import unicodedata
from importlib import resources

SCRYPT = {"n": 2**14, "r": 8, "p": 1}
SHORTEST, LONGEST = 12, 1024
# So many different characters must be left when everything that is easily guessed is taken out.
LEAST_LEFT = 5
# What stands for the hash of a user who does not exist: checking takes as long, and nothing is
# equal to it.
_NOBODY = "00" * 16 + "$"
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
)
_LOOKALIKE = str.maketrans("013457@$!|", "oleastasii")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NAME_PART = re.compile(r"[a-z]{3,}")


def hash_password(password: str, salt: bytes | None = None) -> str:
    """``salt$hash`` in hex for the users file: scrypt with N=16384, r=8, p=1, 16 MiB."""
    used = secrets.token_bytes(16) if salt is None else salt
    plain = unicodedata.normalize("NFC", password).encode()  # RFC 7617, 2.1
    made = hashlib.scrypt(plain, salt=used, maxmem=64 * 1024 * 1024, **SCRYPT)
    return f"{used.hex()}${made.hex()}"


def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is what `stored` was made of; None (no such user) takes as long and is
    never so.
    """
    salt, _, wanted = (stored or _NOBODY).partition("$")
    return hmac.compare_digest(
        hash_password(password, bytes.fromhex(salt)).partition("$")[2], wanted
    )


def weak(name: str, password: str) -> str:
    """Why `password` will not do for the user `name`, "" when it will."""
    if len(password) < SHORTEST:
        return f"the password is shorter than {SHORTEST} characters; three words that do not belong together will do"
    if len(password.encode()) > LONGEST:
        return f"the password is longer than {LONGEST} bytes"
    if any(unicodedata.category(letter) == "Cc" for letter in password):
        return "the password holds a control character, which no browser can send"
    if len(set(_left(name.lower(), password.lower()))) < LEAST_LEFT:
        return (
            "the password is easily guessed (the user's name, common passwords, keys in a row, one "
            "letter again and again); three words that do not belong together will do"
        )
    return ""


def _left(name: str, plain: str) -> str:
    """The letters and digits of a password that do not belong to something easily guessed."""
    words = (name, *_NAME_PART.findall(name), *_common_words())
    left = _without_rows(_without(_YEAR.sub(" ", plain), words))
    left = _without(left.translate(_LOOKALIKE), words)
    return "".join(letter for letter in left if letter.isalnum())


@functools.cache
def _common_words() -> tuple[str, ...]:
    text = resources.files(__package__).joinpath("common_words.txt").read_text(encoding="ascii")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


def _without(text: str, words: tuple[str, ...]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    return text


def _without_rows(text: str) -> str:
    """Take out four or more keys in a row, to the right or to the left."""
    for row in _ROWS:
        for keys in (row, row[::-1]):
            for length in range(len(keys), 3, -1):
                for start in range(len(keys) - length + 1):
                    text = text.replace(keys[start : start + length], " ")
    return text
