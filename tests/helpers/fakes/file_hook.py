"""A webhook's receiver as a process of its own: every body goes to a file, one line each; a mode
says how to answer.

python file_hook.py PORT FILE MODE_FILE     modes: refused (does not listen yet), ok, 500, 429,
swallow (takes it, never answers), drip
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    out: Path
    mode: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode = self.mode.read_text().strip()
        taken = mode in ("ok", "swallow", "drip")
        if taken:
            line = {
                "id": self.headers["webhook-id"],
                "mode": mode,
                "at": time.time(),
                "body": json.loads(body),
            }
            with self.out.open("a") as out:
                out.write(json.dumps(line) + "\n")
        if mode == "swallow":
            time.sleep(30)
        if mode == "drip":
            for byte in b"HTTP/1.1 204 No Content\r\nX-Slow: " + b"y" * 60:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.2)
        self.send_response({"500": 500, "429": 429}.get(mode, 204))
        if mode == "429":
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            return

    def log_message(self, *_: object) -> None:
        return


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


if __name__ == "__main__":
    port, Handler.out, Handler.mode = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    while Handler.mode.read_text().strip() == "refused":
        time.sleep(0.05)
    Server(("127.0.0.1", port), Handler).serve_forever()
