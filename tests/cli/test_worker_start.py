"""A worker that cannot work ends with code 70 before it joins anything, and says what to do."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from cli.addresses import Place
from cli.refusals import Refusal
from cli.worker_start import check, obstacles, topics_of
from deploy.embedded import ports
from deploy.stack import Stack
from processors.settings import Settings
from processors.stream.last_words import EXIT_CODE
from schemas.topics import expected, load

KINDS = ("scoring", "boards", "ledger", "jobs")


def started(folder: Path, kind: str, kafka: str, prefix: str) -> str:
    """Start a worker that is to end at once, as `laurel worker` does; give what it said."""
    own = {"LAUREL_KAFKA": kafka, "LAUREL_TOPIC_PREFIX": prefix, "LAUREL_DATA": str(folder)}
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "worker", kind],
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == EXIT_CODE, ended.stderr
    return ended.stderr


def test_kafka_is_away(tmp_path: Path) -> None:
    """One line names the address and the variable that names it; there is no traceback."""
    address = f"127.0.0.1:{ports.free(1)[0]}"
    said = started(tmp_path, "scoring", address, "")
    assert f"the scoring worker cannot start: Kafka at {address} does not answer" in said
    assert "LAUREL_KAFKA names this address" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_topics_are_missing(stack: Stack, tmp_path: Path, prefix: str, kind: str) -> None:
    """One line names them and the command that makes them."""
    said = started(tmp_path, kind, stack.kafka, prefix)
    assert f"the {kind} worker cannot start: there is no topic {prefix}" in said
    assert "laurel topics apply" in said
    assert len(said.splitlines()) == 1


async def test_producers_stamp_a_topic(stack: Stack, tmp_path: Path, prefix: str) -> None:
    """Each input of scoring, rules among them, is refused by its name."""
    inputs = [prefix + name for name in ("actions", "actions.internal", "rules")]
    place = Place(Settings(kafka=stack.kafka, topic_prefix=prefix), tmp_path)
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    stamps = {"message.timestamp.type": "CreateTime"}
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs=stamps) for name in inputs])
    try:
        with pytest.raises(Refusal) as refused:
            await _in_thread(place)
    finally:
        await admin.delete_topics(inputs)
        await admin.close()
    for name in inputs:
        sentence = f"topic {name} must have message.timestamp.type=LogAppendTime"
        assert sentence in refused.value.what
    assert "laurel topics apply" in refused.value.advice


async def test_topics_as_they_must_be(stack: Stack, tmp_path: Path, topics: str) -> None:
    """With what `laurel topics apply` makes every kind of worker starts."""
    place = Place(Settings(kafka=stack.kafka, topic_prefix=topics), tmp_path)
    for kind in KINDS:
        await _in_thread(place, kind)


async def _in_thread(place: Place, kind: str = "scoring") -> None:
    """Check as the command does, which has no running loop."""
    await asyncio.to_thread(check, place, kind)


def test_who_needs_what(tmp_path: Path) -> None:
    """A worker asks for its own topics only; the boards' one does not wait for those of others."""
    place = Place(Settings(topic_prefix="x."), tmp_path)
    scoring = topics_of(place, "scoring")
    assert {"x.actions", "x.actions.internal", "x.rules"} <= scoring.keys()
    assert "x.leaderboard.updated" in topics_of(place, "boards")
    assert "x.leaderboard.updated" not in scoring
    assert list(obstacles(scoring, expected(load(), "production", "x."))) == []
