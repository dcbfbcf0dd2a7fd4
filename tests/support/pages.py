"""A worker of which only the web server runs, with figures made by hand."""

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from time import monotonic
from typing import cast

from aiohttp import ClientResponse, ClientSession
from faust.types import TP

from processors.app import App, make_app
from processors.pages import add_pages
from processors.settings import Settings
from processors.status import Status
from processors.stream.transport import Consumer

ANSWERS = ("/", "/status.json", "/ready", "/live", "/metrics")
ACTIONS, INTERNAL = TP("actions", 0), TP("actions.internal", 0)


@dataclass
class Standing:
    """What Status reads of a consumer, without a broker: where it stands, and the ends it knows."""

    app: App
    ends: dict[TP, int] = field(default_factory=lambda: {ACTIONS: 1_250, INTERNAL: 40})
    next_offsets: dict[TP, int] = field(default_factory=lambda: {ACTIONS: 1_200, INTERNAL: 40})
    flow_active: bool = True
    current: None = None
    finished_at: float = field(default_factory=monotonic)
    resumed_at: float = 0.0

    def left_group(self) -> bool:
        """Tell that the worker is a member."""
        return False

    def lag(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Give the records of each partition up to its end."""
        return {tp: self.ends[tp] - self.next_offsets[tp] for tp in partitions}


@dataclass
class Worker:
    """The worker `scoring-7`: 50 actions wait on one partition, nothing on the other."""

    status: Status
    consumer: Standing
    session: ClientSession

    async def get(self, path: str, **headers: str) -> ClientResponse:
        """Ask for a page."""
        return await self.session.get(path, headers=headers)

    async def page(self) -> "Page":
        """Read the page for people."""
        answer = await self.get("/")
        assert answer.status == 200
        return Page(await answer.text())


@asynccontextmanager
async def serving(worker_id: str = "7") -> AsyncIterator[Worker]:
    """Serve a worker's pages from Faust's web server."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    app = make_app("scoring", Settings(worker_id=worker_id, web_port=port))
    consumer = Standing(app)
    status = Status("scoring", cast("Consumer", consumer))
    add_pages(app, status)
    await app.web.start()
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as session:
            yield Worker(status, consumer, session)
    finally:
        await app.web.stop()
        # Nobody started the consumer's thread, so nobody closes its loop.
        app.turns._thread.thread_loop.close()


def worked(status: Status) -> None:
    """Give a worker something to tell: 3,000 actions in three turns, an error, its details."""
    for seconds in (0.005, 0.03, 9.0):
        status.turn_finished(1_000, seconds)
    status.count({"posted": 900, "declined daily_limit": 99, "rejected bad_fact": 1})
    status.details["rows of accounts held"] = lambda: 103_412
    status.details["rules in force"] = lambda: ["loyalty@2025-01-01"]
    status.went_wrong("a record of the topic `rules` is no version of a program")


class Page(HTMLParser):
    """A page as a browser reads it: its elements, and the text that people see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text, but that of style and script."""
        if self.elements and self.elements[-1][0] not in ("style", "script"):
            self._words += data.split()

    @property
    def text(self) -> str:
        """All text, with one space between words."""
        return " ".join(self._words)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]
