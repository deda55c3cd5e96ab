"""Open TCP ports at several addresses, which ask nothing; each visit goes to a file, one line each:
address, begin and end (Unix seconds).

python doors.py PORT FILE ADDRESS...
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TextIO


async def main(port: int, file: TextIO, addresses: list[str]) -> None:
    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began, address = time.time(), writer.get_extra_info("sockname")[0]
        try:
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()
            file.write(f"{address} {began} {time.time()}\n")
            file.flush()

    servers = [await asyncio.start_server(visit, one, port) for one in addresses]
    await asyncio.gather(*(one.serve_forever() for one in servers))


if __name__ == "__main__":
    with Path(sys.argv[2]).open("a") as log:
        asyncio.run(main(int(sys.argv[1]), log, sys.argv[3:]))
