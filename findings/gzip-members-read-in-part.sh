#!/usr/bin/env bash
# A metrics page of three gzip members: httpx reads the first and says nothing of the rest, curl fails, requests reads all.
#
# Version: curl 7.88.1 (Debian 12), httpx 0.28.1, aiohttp 3.14.5, requests 2.34.2 (urllib3 2.5.0), Python 3.11.
#
# Best guess before trying: RFC 1952 section 2.2 says that a gzip file is one member or several, one after the other, and
# RFC 9110 section 8.4.1.3 takes the content coding from there. A page whose parts were compressed at different times can be
# sent as one member for each part, and every client that asks for gzip reads the whole page.
#
# Seen: requests, aiohttp and Python's gzip module read the three lines. httpx gives status 200 and the first line, without an
# error or a warning; so did aiohttp 3.13.2. curl --compressed writes the first line and ends with exit code 23.
#
# Why it matters: an exporter that keeps its compressed parts is quick, and a script that reads it by httpx sees the first
# camera of three: the other two are not down, they do not exist. Zero cameras at fault is what a short page says.
#
# In healthmon: /metrics keeps its parts compressed and joins them into one member (exporters, metrics/gzip_parts.py).
set -euo pipefail
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
curl --version | grep -q '^curl 7.88.1 ' || { echo "this needs curl 7.88.1 (Debian 12)"; exit 2; }
python3 -m venv "$T/env"
"$T/env/bin/pip" install -q --disable-pip-version-check httpx==0.28.1 requests==2.34.2 urllib3==2.5.0 aiohttp==3.14.5 || exit 2

cat > "$T/try.py" <<'EOF'
import asyncio
import gzip
import http.server
import subprocess
import threading
import urllib.request

import aiohttp
import httpx
import requests

PAGE = b"".join(gzip.compress(b'camera_up{device="C00%d"} 1\n' % number) for number in (1, 2, 3))


class Exporter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/metrics"
whole = gzip.decompress(urllib.request.urlopen(url).read()).decode()
print("gzip module:", whole.count("\n"), "lines")
print("requests:", requests.get(url).text.count("\n"), "lines")
print("httpx:", httpx.get(url).raise_for_status().text.count("\n"), "lines")
print("aiohttp:", asyncio.run(by_aiohttp(url)).count("\n"), "lines")
curl = subprocess.run(["curl", "-s", "--compressed", url], capture_output=True, text=True)
print("curl:", curl.stdout.count("\n"), "lines, exit code", curl.returncode)
EOF
env -u http_proxy -u HTTP_PROXY "$T/env/bin/python" "$T/try.py" > "$T/seen.txt"

diff "$T/seen.txt" - <<'EOF' || { echo "the clients behave differently now"; exit 1; }
gzip module: 3 lines
requests: 3 lines
httpx: 1 lines
aiohttp: 3 lines
curl: 1 lines, exit code 23
EOF
cat "$T/seen.txt"
