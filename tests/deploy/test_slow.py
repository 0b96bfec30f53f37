"""A thousand slow clients do not disturb the others."""

from __future__ import annotations

import asyncio
import time

from tests.serve.load import Load

from .conftest import nginx
from .programs import Client

SLOW = 1000
SECONDS = 60


async def slow(port: int, tls, end: float) -> int:
    """Send a request byte by byte, again and again, until the time is over; count connections."""
    text = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + b"x" * 100
    count = 0
    while time.monotonic() < end:
        try:
            opening = asyncio.open_connection(
                "127.0.0.1", port, ssl=tls, server_hostname="localhost"
            )
            _, writer = await asyncio.wait_for(opening, 30)
        except (OSError, asyncio.TimeoutError):
            await asyncio.sleep(1)
            continue
        count += 1
        try:
            for byte in text:
                if time.monotonic() >= end:
                    break
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(2)
        except OSError:
            pass
        # Closing TLS in good order would wait for the other side.
        writer.transport.abort()
    return count


def test_a_thousand_slow_connections_behind_nginx(folder, replicas, figures):
    with nginx(folder, *(one.port for one in replicas)) as proxy:
        client = Client(proxy.port, folder / "cert.pem")
        load = Load(proxy.port, keep_alive=8, closing=2, tls=client.context)

        async def run() -> int:
            end = time.monotonic() + SECONDS
            others = [
                asyncio.ensure_future(slow(proxy.port, client.context, end)) for _ in range(SLOW)
            ]
            await load.run(SECONDS)
            opened = sum(await asyncio.gather(*others))
            # What was given up is let go of by the loop, and not later.
            await asyncio.sleep(0.5)
            return opened

        opened = asyncio.run(run())
        result = load.result
        assert opened >= SLOW
        assert result.failed() == 0, (result.counts(), proxy.log()[-3000:])
        times = sorted(seconds for _, seconds in result.times)
    figures(
        f"{SLOW} slow connections ({opened} in all) for {SECONDS} s: {len(result.good)} other"
        f" requests, none failed; p99 {times[len(times) * 99 // 100] * 1000:.0f} ms"
    )
