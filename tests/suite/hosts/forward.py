"""Carries TCP connections: `forward.py HERE THERE PORT…` listens on HERE and connects to the same port on THERE."""

import asyncio
import contextlib
import sys
from functools import partial


async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Copy until the end."""
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def carry(
    there: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One connection."""
    try:
        far_reader, far_writer = await asyncio.open_connection(there, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def main(here: str, there: str, *ports: str) -> None:
    """Listen until killed."""
    for port in map(int, ports):
        await asyncio.start_server(partial(carry, there, port), here, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
