"""`laurel tail`: follow the result topics."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.kafka import consumer, partitions
from cli.lines import RESULTS, line
from cli.refusals import Refusal
from schemas.topics import load

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "laurel tail",
        "laurel tail rewards.earned --user u-123 --from-beginning",
        "laurel tail actions.declined --json | jq .reason",
    )
)
def tail(
    topics: Annotated[
        list[str] | None,
        typer.Argument(help="Topics without prefix.", show_default=f"{', '.join(RESULTS)}"),
    ] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", help="Only records of this key.")] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with the oldest record kept.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print values as they are.")] = False,
    count: Annotated[
        int | None, typer.Option("--count", "-n", min=1, help="End after so many records.")
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    """Print committed records of the result topics as they come, one line each; Ctrl-C ends it."""
    tailed = _tail(
        find(folder),
        topics or list(RESULTS),
        user=user,
        from_beginning=from_beginning,
        as_json=as_json,
        count=count,
    )
    asyncio.run(tailed)


async def _tail(
    place: Place,
    topics: list[str],
    *,
    user: str | None,
    from_beginning: bool,
    as_json: bool,
    count: int | None,
) -> None:
    known = load().topics
    if unknown := [topic for topic in topics if topic not in known]:
        raise Refusal(f"there is no topic {', '.join(unknown)}", f"there is {', '.join(known)}")
    names = {place.settings.topic(topic): topic for topic in topics}
    key = user.encode() if user is not None else None
    told = 0
    wanted = await partitions(place, *names)
    async with consumer(place) as client:
        client.assign(wanted)
        await (client.seek_to_beginning() if from_beginning else client.seek_to_end())
        async for record in _records(client):
            if key is None or record.key == key:
                _print(names[record.topic], record, as_json=as_json)
                told += 1
            if told == count:
                return


async def _records(client: AIOKafkaConsumer) -> AsyncIterator[ConsumerRecord]:
    """Give records for ever; what is fetched together by append time, over all topics."""
    while True:
        fetched = await client.getmany(timeout_ms=1_000)
        found = [record for records in fetched.values() for record in records]
        for record in sorted(found, key=lambda record: record.timestamp):
            yield record


def _print(topic: str, record: ConsumerRecord, *, as_json: bool) -> None:
    value = record.value or b""
    if as_json:
        typer.echo(value.decode(errors="replace"))
    else:
        console.print(line(topic, value))
