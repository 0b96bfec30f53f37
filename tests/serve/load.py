"""A load that is bounded in count and time, and that knows what became of each request."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import itertools
import time

from .answers import answer


@dataclasses.dataclass
class Result:
    """What became of the requests."""

    #: Numbers of those that were answered whole and right.
    good: set[int] = dataclasses.field(default_factory=set)
    #: Numbers by what went wrong: `refused` (no connection), `unread` (closed before any byte of an
    #: answer), `cut` (closed within an answer), `wrong` (another answer than was asked for), or a
    #: status.
    bad: dict[str, set[int]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(set)
    )
    #: Seconds that each good one took, in the order in which they ended.
    times: list[tuple[float, float]] = dataclasses.field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"good": len(self.good), **{name: len(bad) for name, bad in self.bad.items() if bad}}

    def failed(self) -> int:
        return sum(map(len, self.bad.values()))


class Load:
    """Asks one request after the other on several connections.

    :param port: The port.
    :param keep_alive: How many clients keep their connection.
    :param closing: How many open one for each request.
    :param tls: How to speak TLS, if that is spoken.
    """

    def __init__(self, port: int, keep_alive: int = 8, closing: int = 8, tls=None) -> None:
        self.port = port
        self.tls = {} if tls is None else {"ssl": tls, "server_hostname": "localhost"}
        self.keep_alive = keep_alive
        self.closing = closing
        self.result = Result()
        self.numbers = itertools.count(1)
        self.stopped = False

    async def run(self, seconds: float, most: int = 200_000) -> Result:
        """Run for a time, until told to stop, or until so many requests are sent."""
        self.end = time.monotonic() + seconds
        self.most = most
        clients = [self._client(True) for _ in range(self.keep_alive)]
        clients += [self._client(False) for _ in range(self.closing)]
        await asyncio.gather(*clients)
        # What is closed is let go of by the loop, and not later.
        await asyncio.sleep(0.1)
        return self.result

    def stop(self) -> None:
        self.stopped = True

    async def _client(self, keeps: bool) -> None:
        connection = None
        while not self.stopped and time.monotonic() < self.end:
            number = next(self.numbers)
            if number > self.most:
                break
            kind = "stream" if number % 10 == 0 else "work"
            request = f"GET /{kind}/{number} HTTP/1.1\r\nHost: localhost\r\n"
            request += "\r\n" if keeps else "Connection: close\r\n\r\n"
            begun = time.monotonic()
            try:
                if connection is None:
                    opening = asyncio.open_connection("127.0.0.1", self.port, **self.tls)
                    connection = await asyncio.wait_for(opening, 10)
            except OSError:
                self.result.bad["refused"].add(number)
                await asyncio.sleep(0.05)
                continue
            outcome, closes = await self._ask(connection, request, number)
            if outcome == "good":
                self.result.good.add(number)
                self.result.times.append((begun, time.monotonic() - begun))
            else:
                self.result.bad[outcome].add(number)
            if closes or not keeps:
                connection[1].transport.abort()
                connection = None
        if connection is not None:
            connection[1].transport.abort()

    async def _ask(self, connection, request: str, number: int) -> tuple[str, bool]:
        reader, writer = connection
        head = b""
        try:
            writer.write(request.encode())
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            lines = head.decode().lower().split("\r\n")
            status = int(lines[0].split()[1])
            body = await asyncio.wait_for(self._body(reader, lines), 30)
        except asyncio.IncompleteReadError as error:
            return ("cut" if head or error.partial else "unread"), True
        except OSError:
            return ("cut" if head else "unread"), True
        outcome = "good" if body == answer(number).encode() else "wrong"
        if status != 200:
            outcome = f"status {status}"
        return outcome, "connection: close" in lines

    async def _body(self, reader: asyncio.StreamReader, lines: list[str]) -> bytes:
        for line in lines:
            if line.startswith("content-length:"):
                return await reader.readexactly(int(line.partition(":")[2]))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return body
