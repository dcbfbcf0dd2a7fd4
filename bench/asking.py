"""Asks again and again, and notes how long each answer took."""

import asyncio
import random
from time import perf_counter

from bench.read_pairs import Ask

READ_RATE = 1_000.0
_TICK_SECONDS = 0.001


async def open_loop(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask at the rate of reads, whether or not earlier ones were answered.

    Latency counts from the moment at which a request was due: when Redis stalls, the wait of every
    request behind it counts too.
    """
    rng, latencies, began = random.Random(1), list[float](), perf_counter()

    async def one(number: int) -> None:
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - began - number / READ_RATE)

    sent, total = 0, int(READ_RATE * seconds)
    async with asyncio.TaskGroup() as group:
        while sent < total:
            due = min(total, int((perf_counter() - began) * READ_RATE))
            for number in range(sent, due):
                group.create_task(one(number))
            sent = due
            await asyncio.sleep(_TICK_SECONDS)
    return latencies


async def back_to_back(ask: Ask, members: int, seconds: float) -> list[float]:
    """Ask one after the other for so long, and once at least."""
    rng, latencies, began = random.Random(1), list[float](), perf_counter()
    while not latencies or perf_counter() - began < seconds:
        start = perf_counter()
        await ask(rng.randrange(members))
        latencies.append(perf_counter() - start)
    return latencies
