"""What `laurel worker` looks at before it starts: a worker that cannot work ends, saying why."""

import asyncio
from collections.abc import Iterator, Mapping

from aiokafka.errors import KafkaConnectionError

from cli.addresses import Place
from cli.refusals import Refusal
from deploy.stack import StackError
from deploy.topics import describe
from schemas.topics import TopicState, expected, load

_STAMPED = "message.timestamp.type"


def check(place: Place, kind: str) -> None:
    """Ask the broker whether a worker of `kind` can work. Raises Refusal when it cannot."""
    wanted = topics_of(place, kind)
    try:
        there = asyncio.run(describe(place.settings.kafka_connection, wanted))
    except StackError as error:
        if isinstance(error.__cause__, KafkaConnectionError):
            raise place.silent("kafka") from error
        raise Refusal(str(error)) from error
    if found := list(obstacles(wanted, there)):
        raise Refusal("; ".join(found), "`laurel topics apply`, or correct LAUREL_TOPIC_PREFIX")


def topics_of(place: Place, kind: str) -> dict[str, TopicState]:
    """Give the topics that a kind of worker reads or writes, as they should be."""
    topics, prefix = load(), place.settings.topic_prefix
    should = expected(topics, place.settings.profile, prefix)
    return {
        prefix + name: should[prefix + name]
        for name, topic in topics.topics.items()
        if kind in (*topic.readers, *topic.writers)
    }


def obstacles(wanted: Mapping[str, TopicState], there: Mapping[str, TopicState]) -> Iterator[str]:
    """Say which topics are missing, and which must be stamped by the broker and are not."""
    if missing := sorted(wanted.keys() - there.keys()):
        yield f"there is no topic {', '.join(missing)}"
    for name in sorted(wanted.keys() & there.keys()):
        should, has = wanted[name].config[_STAMPED], there[name].config.get(_STAMPED)
        if should == "LogAppendTime" != has:
            yield f"topic {name} must have {_STAMPED}=LogAppendTime"
