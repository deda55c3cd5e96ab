#!/usr/bin/env bash
# The order of a device's login offers decides whether a Python client can log in at all.
#
# Version: httpx 0.28.1, aiohttp 3.14.5, requests 2.34.2 (Python 3.11).
#
# Best guess before trying: a client that knows Digest takes the first offer that it can answer, wherever it stands: RFC
# 9110 section 11.6.1 allows several WWW-Authenticate fields, and several challenges in one field; RFC 7616 section 3.7
# tells the server to offer the stronger algorithm first. So all three log in everywhere.
#
# Seen: aiohttp's Digest middleware reads the first field only, and gives up where that one says Basic. With Basic and
# Digest in one field httpx gives up too. Where SHA-512-256 is offered before MD5, httpx raises KeyError and aiohttp
# ClientError, though MD5 is theirs as well. requests takes what it knows each time. The table at the end is exact.
#
# Why it matters: many cameras and recorders offer Basic first and Digest second. The same password works in a browser and
# in one tool, while another tool reports 401 "wrong password", and each such try counts towards the device's lock-out.
#
# In healthmon: protocols/http/digest.py reads every challenge of every field and answers the strongest that it knows.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 aiohttp==3.14.5 requests==2.34.2 || exit 2

cat > "$T/try.py" <<'EOF'
import asyncio
import hashlib
import http.server
import re
import threading

import aiohttp
import httpx
import requests

MD5 = 'Digest realm="cam", qop="auth", algorithm=MD5, nonce="for-md5"'
SHA = 'Digest realm="cam", qop="auth", algorithm=SHA-512-256, nonce="for-sha"'
BASIC = 'Basic realm="cam"'
OFFERS = {
    "digest": [MD5],
    "digest, basic (two fields)": [MD5, BASIC],
    "basic, digest (two fields)": [BASIC, MD5],
    "basic, digest (one field)": [f"{BASIC}, {MD5}"],
    "sha-512-256, md5 (two fields)": [SHA, MD5],
}


def right(given):
    """Whether an Authorization value answers the MD5 challenge for GET as operator/secret."""
    if not given.startswith("Digest "):
        return False
    said = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', given)}
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
    who, what = md5(f"operator:{said['realm']}:secret"), md5(f"GET:{said['uri']}")
    between = ":".join((said["nonce"], said["nc"], said["cnonce"], said["qop"]))
    return said["nonce"] == "for-md5" and said["response"] == md5(f"{who}:{between}:{what}")


class Device(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        good = right(self.headers.get("Authorization", ""))
        self.send_response(200 if good else 401)
        for offer in [] if good else list(OFFERS.values())[int(self.path[1:])]:
            self.send_header("WWW-Authenticate", offer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


async def by_aiohttp(url):
    login = aiohttp.DigestAuthMiddleware("operator", "secret")
    async with aiohttp.ClientSession(middlewares=(login,)) as session, session.get(url) as answer:
        return answer.status


CLIENTS = {
    "requests": lambda url: requests.get(url, auth=requests.auth.HTTPDigestAuth("operator", "secret")).status_code,
    "httpx": lambda url: httpx.get(url, auth=httpx.DigestAuth("operator", "secret")).status_code,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
}


def outcome(client, url):
    try:
        return str(client(url))
    except Exception as error:
        return type(error).__name__


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Device)
threading.Thread(target=server.serve_forever, daemon=True).start()
for number, offer in enumerate(OFFERS):
    url = f"http://127.0.0.1:{server.server_port}/{number}"
    print(f"{offer}: " + ", ".join(f"{name} {outcome(client, url)}" for name, client in CLIENTS.items()))
EOF
env -u http_proxy -u HTTP_PROXY "$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "the clients behave differently now"; exit 1; }
digest: requests 200, httpx 200, aiohttp 200
digest, basic (two fields): requests 200, httpx 200, aiohttp 200
basic, digest (two fields): requests 200, httpx 200, aiohttp 401
basic, digest (one field): requests 200, httpx 401, aiohttp 401
sha-512-256, md5 (two fields): requests 200, httpx KeyError, aiohttp ClientError
EOF
cat "$T/seen.txt"
