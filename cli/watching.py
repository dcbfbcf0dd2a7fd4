"""Looks at a running Laurel from outside: its result topics, its boards, its workers' pages."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from time import monotonic

import aiohttp
import msgspec
from redis.asyncio import Redis

from cli import kafka
from cli.addresses import Place
from cli.boards import Present, present
from cli.figures import TOPICS, Figures, Moves
from cli.refusals import Refusal
from processors.figures import Figures as WorkerFigures
from sinks.board_ranks import Entry
from sinks.board_reads import participants, top
from sinks.board_store import FAILURES, connect

_read_figures = msgspec.json.Decoder(WorkerFigures).decode

PROGRAM = "loyalty"
"""Whose board is shown while no program has given anything."""
_TOP = 10
_EVERY = 1.0
_RULES_EVERY = 30.0
_PATIENCE = 2.0


class Watch:
    """What was seen so far. Who does not answer is asked again and again."""

    def __init__(self, place: Place, pages: Mapping[str, str]) -> None:
        """`pages` are the URLs of status pages by worker."""
        self.figures = Figures()
        self.board = ""
        self.scale = 0
        """Decimals of the board's scores."""
        self.entries: list[Entry] = []
        self.participants = 0
        self.moves: dict[str, int | None] = {}
        self.workers: dict[str, WorkerFigures | None] = {}
        self._place = place
        self._pages = pages
        self._ranks = Moves()

    async def look(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(again(self._count_results, (Refusal,)))
            group.create_task(again(self._read_boards, (Refusal, *FAILURES)))
            group.create_task(again(self._read_pages, ()))

    async def _count_results(self) -> None:
        """Count what the result topics say from now on."""
        names = {self._place.settings.topic(topic): topic for topic in TOPICS}
        wanted = await kafka.partitions(self._place, *names)
        async with kafka.consumer(self._place) as client:
            client.assign(wanted)
            await client.seek_to_end()
            while True:
                for tp, records in (await client.getmany(timeout_ms=500)).items():
                    for record in records:
                        self.figures.count(names[tp.topic], tp.partition, record.value)

    async def _read_boards(self) -> None:
        """Read the top of a board every second: of the program that gives most."""
        settings, seen = self._place.settings, self.figures.programs
        async with aclosing(connect(settings.redis_read or settings.redis)) as redis:
            while True:
                program = max(seen, key=lambda name: seen[name], default=PROGRAM)
                now, until = await present(self._place, program), monotonic() + _RULES_EVERY
                while monotonic() < until and (program in seen or not seen):
                    await self._read_board(redis, program, now)
                    await asyncio.sleep(_EVERY)

    async def _read_board(self, redis: Redis, program: str, now: Present) -> None:
        board = now.first_board()
        name = " ".join((program, *(board or ())))
        if name != self.board:
            self.board, self._ranks = name, Moves()
        if board is None:
            self.entries, self.participants = [], 0
            return
        self.scale = now.scale(board[0])
        self.entries = await top(redis, program, board, _TOP)
        self.participants = await participants(redis, program, board)
        ranks = {entry.user_id: entry.rank for entry in self.entries}
        self.moves = self._ranks.of(monotonic(), ranks)

    async def _read_pages(self) -> None:
        """Ask every worker for its figures every second."""
        patience = aiohttp.ClientTimeout(total=_PATIENCE)
        async with aiohttp.ClientSession(timeout=patience) as client:
            while True:
                for worker, page in self._pages.items():
                    self.workers[worker] = await _ask(client, page)
                await asyncio.sleep(_EVERY)


async def again(work: Callable[[], Awaitable[None]], failures: tuple[type[Exception], ...]) -> None:
    """Do a work that never ends; after a failure of these kinds begin it anew."""
    while True:
        try:
            await work()
        except failures:
            await asyncio.sleep(_EVERY)


async def _ask(client: aiohttp.ClientSession, page: str) -> WorkerFigures | None:
    """Ask a worker how it does; None when it does not answer."""
    try:
        async with client.get(f"{page}/status.json") as answer:
            return _read_figures(await answer.read())
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError):
        return None


def lag(figures: WorkerFigures) -> int:
    """Sum the records that wait for a worker; for a projector until its sink has them."""
    partitions = [at for sink in figures.sinks for at in sink.partitions] or figures.partitions
    return sum(at.lag for at in partitions)


def trouble(figures: WorkerFigures) -> str:
    """Say what a worker suffers from; nothing when all is well."""
    failing = (f"{sink.sink}: {sink.error}" for sink in figures.sinks if sink.error)
    return next(failing, figures.not_ready)
