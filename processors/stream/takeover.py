"""What happens between an assignment and the first turn under it.

Faust's own recovery reads changelogs record by record through the group's consumer, and never ends
behind a transactional changelog. Here a worker's owner makes ready as it sees fit, while heartbeats
run and no records flow.
"""

import gc
from typing import TYPE_CHECKING, cast

from faust.tables import TableManager as FaustTableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from mode import Service

from processors.stream.last_words import die

if TYPE_CHECKING:
    from processors.stream.transport import Consumer


class TakeOver(Recovery):
    """Runs the owner's take-over after every rebalance, then lets records flow."""

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            # mode takes any object whose wait() can be awaited; its annotation says less.
            if await self.wait_for_stopped(self.signal_recovery_start):  # type: ignore[arg-type]
                return
            self.signal_recovery_start.clear()
            generation = self._generation_id
            self._set_recovery_started()
            try:
                await self._wait(cast("Consumer", self.app.consumer).take_over())
                # What was just loaded lives long; the collector need not look at it again.
                gc.collect()
                gc.freeze()
                await self._resume_streams(generation)
            except RebalanceAgain:
                continue
            except ServiceStopped:
                return
            except Exception as error:  # noqa: BLE001 - Faust would swallow it and hang
                die("the worker could not take over its partitions", error=error)
            self._set_recovery_ended()


class TableManager(FaustTableManager):
    """Tables without changelog consumption: owners load their own."""

    @property
    def recovery(self) -> TakeOver:
        """The take-over service."""
        if self._recovery is None:
            self._recovery = TakeOver(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast("TakeOver", self._recovery)

    async def on_start(self) -> None:
        """Start without the second that Faust waits for late tables."""
        await self._update_channels()
        await self.recovery.start()

    async def _update_channels(self) -> None:
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        self._tables_registered.set()
