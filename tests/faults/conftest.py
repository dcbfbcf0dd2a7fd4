"""A cluster of workers for each test, on the session's stack."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.stack import Stack
from processors.settings import Settings
from tests.faults.cluster import Cluster


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
async def cluster(
    stack: Stack, topics: str, redis_url: str, database: str, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Give a cluster whose programs are published; its workers are still to be started."""
    settings = Settings(kafka=stack.kafka, redis=redis_url, postgres=database, topic_prefix=topics)
    cluster = Cluster(stack, settings, tmp_path)
    await cluster.publish_programs()
    yield cluster
    await cluster.stop()
