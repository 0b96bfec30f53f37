"""A killed worker takes with it what it had in hand, and no more."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time

from .load import Load
from .server import Server

KILLS = 50
CLIENTS = 16


def test_fifty_kills_under_load(tmp_path, figures):
    gaps = []
    with Server(tmp_path, "--workers", "2", "--respawn-interval", "0.5") as server:
        load = Load(server.port, keep_alive=CLIENTS // 2, closing=CLIENTS // 2)
        choice = random.Random(8)

        async def run():
            running = asyncio.ensure_future(load.run(280))
            for number in range(KILLS):
                await asyncio.sleep(0.2)
                victim = choice.choice(server.workers())
                begun = time.monotonic()
                os.kill(victim, signal.SIGKILL)
                await asyncio.get_running_loop().run_in_executor(
                    None, server.wait_for, " serves, process ", number + 1, 30
                )
                gaps.append(time.monotonic() - begun)
            await asyncio.sleep(0.2)
            load.stop()
            await running

        asyncio.run(run())
        result = load.result
        log = server.log()
        assert log.count("was killed by SIGKILL") == KILLS, log
        assert len(server.workers()) == 2
        assert not result.bad["wrong"], result.counts()
        assert not result.bad["refused"], result.counts()
        # Each connection has one request in hand at most.
        assert result.failed() <= KILLS * CLIENTS, result.counts()
        in_hand = server.numbers_entered() - result.good
        never_in_the_app = result.failed() - len(in_hand)
    gaps.sort()
    figures(
        f"{KILLS} kills under load: {result.counts()}; {len(in_hand)} of those that failed had"
        f" reached the app, {never_in_the_app} were on connections of the killed worker;"
        f" a new worker served after {gaps[len(gaps) // 2]:.2f} s, at most {gaps[-1]:.2f} s"
    )
