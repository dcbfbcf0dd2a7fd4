"""Asks again and again, and notes how long each answer took."""

import asyncio
import random
from contextlib import aclosing
from time import perf_counter

from bench.read_pairs import Ask
from bench.ticking import ticks

READ_RATE = 1_000.0


async def open_loop(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask at the rate of reads, whether or not earlier ones were answered.

    Latency counts from the moment at which a request was due: when Redis stalls, the wait of every
    request behind it counts too.
    """
    rng, latencies = random.Random(1), list[float]()

    async def one(due: float) -> None:
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - due)

    sent, total, began = 0, int(READ_RATE * seconds), perf_counter()
    ticking = ticks(began, 1 / READ_RATE)
    async with aclosing(ticking), asyncio.TaskGroup() as group:
        async for due in ticking:
            for number in range(sent, min(total, sent + due)):
                group.create_task(one(began + (number + 1) / READ_RATE))
            sent += due
            if sent >= total:
                break
    return latencies


async def back_to_back(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask one after the other for so long, and once at least."""
    rng, latencies, began = random.Random(1), list[float](), perf_counter()
    while not latencies or perf_counter() - began < seconds:
        start = perf_counter()
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - start)
    return latencies
