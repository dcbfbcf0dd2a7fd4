"""The README stays true: its sample of a client runs as it stands there, and Laurel reads what it sends."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy import topics as broker_topics
from deploy.stack import Stack
from schemas.topics import expected, load
from tests.support.engine import ROOT, Engine, loyalty, reason
from tests.support.kafka import consume

README = (ROOT / "README.md").read_text()
[SAMPLE] = re.findall(r"(?ms)^```python\n(.*?)^```\n", README)
DECLARED = expected(load(), "embedded")["actions"]


@pytest.fixture
async def actions(connection: dict[str, Any]) -> AsyncIterator[None]:
    """Make the topic `actions` under the name that the sample sends to."""
    await broker_topics.apply(connection, {"actions": DECLARED})
    yield
    admin = AIOKafkaAdminClient(**connection)
    await admin.start()
    await admin.delete_topics(["actions"])
    await admin.close()


async def run_sample(folder: Path, **named: str) -> None:
    """Run the sample in a folder, with no address in the environment but what is `named`."""
    rest = {name: text for name, text in os.environ.items() if name != "LAUREL_KAFKA"}
    sample = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SAMPLE), cwd=folder, env=rest | named
    )
    assert await sample.wait() == 0


@pytest.mark.usefixtures("actions")
async def test_the_sample_of_a_client(stack: Stack, tmp_path: Path) -> None:
    """On whatever day it is run it finds the broker and its action gives points; run again, none."""
    with_data, without = tmp_path / "with", tmp_path / "without"
    (with_data / ".data").mkdir(parents=True)
    without.mkdir()
    stack.write(with_data / ".data")
    await run_sample(with_data)
    await run_sample(without, LAUREL_KAFKA=stack.kafka)

    engine, records = Engine(), await consume(stack, "actions")
    engine.publish(loyalty())
    outcomes = [engine.hear(each.value, each.timestamp) for each in records]
    assert [reason(each) for each in outcomes] == ["posted", "duplicate"]
    assert {each.key for each in records} == {b"you"}
