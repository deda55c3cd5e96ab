#!/usr/bin/env bash
# A blank at a chunk extension: httpx refuses the one before the semicolon, aiohttp the one behind it.
#
# Version: httpx 0.28.1 (h11 0.16.0), requests 2.34.2, aiohttp 3.14.5 (Python 3.11).
#
# Best guess before trying: all of them read it. RFC 9112 section 7.1.1 allows blanks ("bad whitespace", which a
# recipient must remove) before and behind the semicolon of a chunk extension, and tells a recipient to ignore the
# extensions that it does not know.
#
# Seen: httpx (by h11) raises RemoteProtocolError for a blank before the semicolon and takes one behind it. aiohttp (by
# llhttp) does the reverse: it takes the one before it and raises ClientResponseError for the one behind it. requests
# takes both. Blanks behind a size alone are taken by all three. The table at the end is exact.
#
# Why it matters: small web servers of recorders and UPS cards pad their chunk sizes with blanks and add extensions. A
# monitor that stands on one library says "answer not understood" of a device that answers by the standard.
#
# In healthmon: protocols/http/trailers.py takes the blanks away before h11 sees them.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 h11==0.16.0 requests==2.34.2 aiohttp==3.14.5 || exit 2

cat > "$T/try.py" <<'EOF'
import asyncio
import socketserver
import threading

import aiohttp
import httpx
import requests

SIZES = {
    "5": b"5",
    "5;x=1": b"5;x=1",
    "5 ;x=1": b"5 ;x=1",
    "5; x=1": b"5; x=1",
    "5 (padded)": b"5  ",
}


class Device(socketserver.StreamRequestHandler):
    def handle(self):
        number = int(self.rfile.readline().split()[1][1:])
        while self.rfile.readline().strip():
            pass
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        self.wfile.write(head + list(SIZES.values())[number] + b"\r\nhello\r\n0\r\n\r\n")


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


CLIENTS = {
    "requests": lambda url: requests.get(url).text,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "httpx": lambda url: httpx.get(url).text,
}


def outcome(client, url):
    try:
        return client(url)
    except Exception as error:
        return type(error).__name__


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Device)
threading.Thread(target=server.serve_forever, daemon=True).start()
for number, size in enumerate(SIZES):
    url = f"http://127.0.0.1:{server.server_address[1]}/{number}"
    print(f"{size}: " + ", ".join(f"{name} {outcome(client, url)}" for name, client in CLIENTS.items()))
EOF
env -u http_proxy -u HTTP_PROXY "$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "the clients behave differently now"; exit 1; }
5: requests hello, aiohttp hello, httpx hello
5;x=1: requests hello, aiohttp hello, httpx hello
5 ;x=1: requests hello, aiohttp hello, httpx RemoteProtocolError
5; x=1: requests hello, aiohttp ClientResponseError, httpx hello
5 (padded): requests hello, aiohttp hello, httpx hello
EOF
cat "$T/seen.txt"
