"""Whether all contenders say the same: the results of one load, compared record by record, field by field."""

import time
from typing import Any

import aiokafka
import orjson
from aiokafka.structs import TopicPartition

from bench.contenders import FAUST, LAUREL, STREAMS, Contender, build_streams
from bench.load import Load
from bench.results import Table
from bench.stage import Ground, Stage
from bench.watching import Watch

TOPICS = (
    "rewards.earned",
    "actions.accepted",
    "actions.declined",
    "actions.rejected",
    "tier.changed",
    "achievements.unlocked",
)
Said = dict[tuple[str, str], Any]
"""By topic and id: a result, decoded."""


async def compare(stage: Stage, load: Load) -> Table:
    """Feed one load to everybody; say how many records of each peer are exactly Laurel's."""
    peers = [FAUST] if build_streams() else [FAUST, STREAMS]
    now = time.time()
    ours = await _results(stage, LAUREL, load, now)
    rows = []
    for peer in peers:
        theirs = await _results(stage, peer, load, now)
        differ = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
        rows.append([peer.name, f"{len(ours):,}", f"{len(theirs):,}", f"{len(differ):,}"])
        for key in sorted(differ)[:3]:
            stage.screen.console.print(key, ours.get(key), theirs.get(key), sep="\n")
    return Table(
        "Do they do the same?",
        ["peer", "Laurel's results", "the peer's", "that differ in any field"],
        rows,
        [
            (
                f"{load.actions:,} actions of {load.members:,} members; every record of"
                f" {', '.join(TOPICS)}."
            )
        ],
    )


async def _results(stage: Stage, contender: Contender, load: Load, now: float) -> Said:
    async with stage.ground() as ground:
        await stage.preload(ground, load, now)
        async with Watch(ground, ground.settings.topic_prefix + contender.group) as watch:
            worker = contender.start(stage, ground)
            try:
                with stage.task(f"{contender.name}: agreement", load.actions) as tell:
                    await watch.drain(load.actions, [worker], tell)
            finally:
                worker.stop()
        return await _read(ground)


async def _read(ground: Ground) -> Said:
    """Read every committed result."""
    said: Said = {}
    prefix = ground.settings.topic_prefix
    async with aiokafka.AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, **ground.connection
    ) as reader:
        parts = [TopicPartition(prefix + t, n) for t in TOPICS for n in range(ground.partitions)]
        reader.assign(parts)
        await reader.seek_to_beginning()
        ends = await reader.end_offsets(parts)
        while behind := [tp for tp in parts if await reader.position(tp) < ends[tp]]:
            for tp, records in (await reader.getmany(*behind, timeout_ms=200)).items():
                for record in records:
                    body = orjson.loads(record.value)
                    said[tp.topic.removeprefix(prefix), body["id"]] = body
    return said
