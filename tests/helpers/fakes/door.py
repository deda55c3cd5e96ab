"""A TCP port that is open and asks nothing; the time of each visit goes to a file, one line each.

python door.py PORT FILE
"""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path


def main(port: int, file: Path) -> None:
    with socket.create_server(("127.0.0.1", port)) as server, file.open("a") as log:
        while True:
            server.accept()[0].close()
            log.write(f"{time.time()}\n")
            log.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
