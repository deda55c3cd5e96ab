#!/usr/bin/env bash
# NO_PROXY=10.0.0.0/8 keeps a tool of one library off the proxy and sends another's camera traffic there.
#
# Version: httpx 0.28.1, aiohttp 3.14.5, requests 2.34.2, urllib of Python 3.11, curl 7.88 or newer.
#
# Best guess before trying: all of them know networks in NO_PROXY, as curl, Go and requests do.
#
# Seen: requests and curl go directly. httpx, aiohttp and urllib take the proxy, silently. httpx even takes "/32" for
# a single address and obeys it, so that a trial with one camera looks right. With "host:port" it is the other way
# round: httpx and urllib obey it, the other three do not. The table at the end is exact (127.0.0.0/8 is the network).
#
# Why it matters: council networks have a proxy, and cameras are excepted by their network. A monitoring tool written with
# httpx or aiohttp then asks the proxy for every camera: the proxy's 403 or 504 is shown as the camera's fault, and
# the camera's login passes through the proxy's log.
#
# In healthmon: httpx is used with trust_env=False; the environment's proxy is never asked.
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 aiohttp==3.14.5 requests==2.34.2 || exit 2
command -v curl > /dev/null || { echo "curl is needed"; exit 2; }

cat > "$T/try.py" <<'EOF'
import asyncio
import http.server
import os
import subprocess
import threading
import urllib.request

import aiohttp
import httpx
import requests


def serve(text):
    """A server on loopback that answers everything with `text`; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


async def by_aiohttp(url):
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(url) as answer:
        return await answer.text()


CLIENTS = {
    "requests": lambda url: requests.get(url).text,
    "curl": lambda url: subprocess.run(["curl", "-s", url], capture_output=True, text=True, check=True).stdout,
    "httpx": lambda url: httpx.get(url).text,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
    "urllib": lambda url: urllib.request.urlopen(url).read().decode(),
}
camera, proxy = serve("directly"), serve("by the proxy")
for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["http_proxy"] = f"http://127.0.0.1:{proxy}"
for excepted in ("127.0.0.1", "127.0.0.0/8", "127.0.0.1/32", f"127.0.0.1:{camera}"):
    os.environ["no_proxy"] = excepted
    print(excepted.replace(str(camera), "PORT") + ":")
    for way in ("directly", "by the proxy"):
        names = [name for name, client in CLIENTS.items() if client(f"http://127.0.0.1:{camera}/") == way]
        print(f"  {way}: {', '.join(names) or 'none'}")
EOF
"$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "the clients behave differently now"; exit 1; }
127.0.0.1:
  directly: requests, curl, httpx, aiohttp, urllib
  by the proxy: none
127.0.0.0/8:
  directly: requests, curl
  by the proxy: httpx, aiohttp, urllib
127.0.0.1/32:
  directly: requests, curl, httpx
  by the proxy: aiohttp, urllib
127.0.0.1:PORT:
  directly: httpx, urllib
  by the proxy: requests, curl, aiohttp
EOF
cat "$T/seen.txt"
