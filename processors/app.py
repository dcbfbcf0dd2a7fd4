"""Builds a Faust app for each kind of worker: same transport of turns, another owner and agent."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import faust
from faust.web.drivers.aiohttp import Web as AiohttpWeb
from yarl import URL

from processors.settings import Settings
from processors.status import Status
from processors.stream.last_words import die
from processors.stream.takeover import TableManager
from processors.stream.transport import Consumer, Transport
from processors.stream.turns import Turn, TurnSchema

SESSION_SECONDS = 6.0
"""After this long without a heartbeat a worker's partitions go to another; the broker's minimum."""

FETCH_BYTES = 512 * 1024
"""Most bytes fetched of one partition at a time."""


class Web(AiohttpWeb):
    """Faust's web server without its own pages: ours replace the index, tables stay private."""

    default_blueprints = ()
    production_blueprints = ()
    debug_blueprints = ()
    optional_blueprints = ()


class App(faust.App):
    """A Faust app that works in turns."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.preparations: list[Callable[[], Awaitable[object]]] = []
        self.background: list[Coroutine[Any, Any, None]] = []
        self._running: list[asyncio.Task[None]] = []
        self.status: Status

    @property
    def turns(self) -> Consumer:
        """The consumer that delivers turns."""
        return cast("Consumer", self.consumer)

    async def on_start(self) -> None:
        """Prepare before the group is joined: nothing is assigned to a worker that cannot work."""
        for prepare in self.preparations:
            await prepare()
        self._running = [asyncio.create_task(_until_death(task)) for task in self.background]
        await super().on_start()

    async def on_stop(self) -> None:
        """End what runs in the background after the last turn has ended."""
        await super().on_stop()
        for task in self._running:
            task.cancel()

    def _new_web(self) -> Web:
        return Web(self)


async def _until_death(task: Coroutine[Any, Any, None]) -> None:
    try:
        await task
    except Exception as error:  # noqa: BLE001 - a worker without it would wait for ever
        die("a background task failed", error=error)


def make_app(kind: str, settings: Settings) -> App:
    """Return the app of a worker of `kind`; its consumer still needs an owner."""
    brokers = [URL(f"kafka://{address}") for address in settings.kafka.split(",")]
    app = App(
        settings.group(kind),
        broker=brokers,
        broker_credentials=settings.faust_credentials,
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=SESSION_SECONDS / 3,
        broker_max_poll_interval=300.0,
        # Faust's assignor insists that a member comes back under the address it left with.
        canonical_url=URL(f"http://{kind}-{settings.worker_id}"),
        consumer_group_instance_id=f"{kind}-{settings.worker_id}",
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=FETCH_BYTES,
        stream_buffer_maxsize=2,
        stream_recovery_delay=0.0,
        table_standby_replicas=0,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        datadir=Path(
            tempfile.gettempdir(), "laurel-faust"
        ),  # Faust asks for one; nothing is kept there
        web_bind=settings.web_host,  # Where it listens; `web_host` only makes addresses of it.
        web_host=settings.web_host,
        web_port=settings.web_port,
        web_in_thread=False,
        web_tables_enabled=False,
        web_router_enabled=False,
        TableManager=TableManager,
    )
    app.transport = Transport(brokers, app)
    app.status = Status(kind, app.turns)
    return app


def work(
    app: App, topics: list[str], turn_function: Callable[[Turn], Awaitable[None]]
) -> faust.agents.AgentT[Turn]:
    """Make `turn_function` the agent of `topics`; an exception of it ends the process."""
    channel = app.topic(*topics, schema=TurnSchema())

    @app.agent(channel, name="turns")
    async def agent(turns: faust.StreamT[Turn]) -> None:
        async for turn in turns:
            turn.started = True
            try:
                # A stop must not cut a transaction in two.
                task = asyncio.ensure_future(turn_function(turn))
                await asyncio.shield(task)
            except asyncio.CancelledError:
                await task
                raise
            except Exception as error:  # noqa: BLE001 - Faust would go on behind the lost turn
                die("a turn failed", error=error)
            finally:
                await app.turns.finish(turn)

    return agent
