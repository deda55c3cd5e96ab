"""FF-F11 for certificates: an unusual one is judged by what can be read of it, and is never a bug of
ours.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from helpers.fakes.rtsp_server import Camera
from helpers.field_cameras import camera_row, over_tls, pin_of, swept, told_of
from helpers.loopback import Pair, make_pair

SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
UNKNOWN = bytes.fromhex("06092a864886f70d01017f")
VERSION_3, VERSION_8 = bytes.fromhex("a003020102"), bytes.fromhex("a003020107")


def changed(pair: Pair, old: bytes, new: bytes) -> ssl.SSLContext:
    """A server with the certificate of `pair`, in which `old` bytes are `new` ones."""
    der = pair.certificate.public_bytes(Encoding.DER)
    assert old in der
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    body = ssl.DER_cert_to_PEM_cert(der.replace(old, new)).encode()
    pair.file.write_bytes(key + body)
    return pair.server(weak=True)


def row_of(port: int, pair: Pair) -> dict[str, object]:
    return camera_row(port) | {"rtsp": {"port": port, "tls": "yes"}, "tls": {"pin": pin_of(pair)}}


async def test_ff_f11_a_certificate_signed_by_an_unknown_algorithm_is_judged(
    tmp_path: Path,
) -> None:
    pair = make_pair(tmp_path, "camera", days=(-100, 10))
    context = changed(pair, SHA256_WITH_RSA, UNKNOWN)
    async with over_tls(Camera().talk, context) as port:
        sheet = await swept(tmp_path, {"cameras": [row_of(port, pair)]})
    said = told_of(sheet, "certificate")
    assert "expires in 9 days" in said or "expires in 10 days" in said, (said, sheet.text[-2000:])


async def test_ff_f11_a_certificate_of_an_unknown_version_is_no_bug(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "camera")
    context = changed(pair, VERSION_3, VERSION_8)
    async with over_tls(Camera().talk, context) as port:
        sheet = await swept(tmp_path, {"cameras": [row_of(port, pair)]})
    said = told_of(sheet, "certificate")
    assert "cannot be read" in said
    assert "inside healthmon" not in sheet.text
