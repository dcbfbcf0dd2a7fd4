"""`laurel send`: one action with its results, or a file of actions."""

import asyncio
import uuid
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cli import kafka
from cli.action_file import send_lines, size_of
from cli.addresses import FOLDER, Folder, Place, find
from cli.awaiting import Result, awaiting
from cli.commands import examples
from cli.console import console, errors
from cli.facts import fact_types, read_facts
from cli.lines import told
from cli.refusals import Refusal
from cli.versions import in_force, now_ms, read_versions
from schemas import moments

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command(
    epilog=examples(
        "laurel send PURCHASE --user u-1 --data order_value=100 --data order_id=77812 --wait",
        'laurel send REVIEW --user u-1 --data \'{"product_id": "p-9"}\' --id review-1',
        "laurel send --file actions.ndjson --rate 500",
        "shop-export | laurel send --file -",
    )
)
def send(
    action: Annotated[str | None, typer.Argument(help="Its type, like PURCHASE.")] = None,
    *,
    user: Annotated[str | None, typer.Option("--user", help="Who did it.")] = None,
    facts: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", help="A fact as name=value, or a JSON object; repeatable."),
    ] = None,
    program: Annotated[str, typer.Option("--program", help="Its program.")] = "loyalty",
    action_id: Annotated[
        str | None,
        typer.Option("--id", help="The same id again is the same action; a new one if not given."),
    ] = None,
    occurred_at: Annotated[
        str | None, typer.Option("--occurred-at", help="RFC 3339 with zone; now if not given.")
    ] = None,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Show what came of it; 1 is returned when it was rejected."),
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --wait waits at most.")] = 15.0,
    file: Annotated[
        typer.FileBinaryRead | None,
        typer.Option("--file", "-f", help="One JSON object a line; - for stdin."),
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="Lines a second at most.")] = None,
    folder: Folder = FOLDER,
) -> None:
    """Send an action to the topic `actions`, or every line of a file."""
    place = find(folder)
    if file is not None:
        if action or user or facts or wait:
            raise Refusal("a file says everything itself", "leave out all but --rate")
        asyncio.run(_send_file(place, file, rate))
        return
    if action is None or user is None:
        raise Refusal(
            "say what happened and to whom",
            "laurel send PURCHASE --user u-1 --data order_value=100, or laurel send --file FILE",
        )
    body = {
        "id": action_id or str(uuid.uuid4()),
        "program": program,
        "user_id": user,
        "type": action,
        "occurred_at": occurred_at or moments.write(now_ms()),
    }
    results = asyncio.run(_send_one(place, body, facts or [], timeout if wait else None))
    raise typer.Exit(any(result.topic == "actions.rejected" for result in results))


async def _send_one(
    place: Place, body: dict[str, Any], facts: list[str], wait_seconds: float | None
) -> list[Result]:
    """Send an action; with `wait_seconds` wait for its results, show them and give them back."""
    results: list[Result] = []
    types = await _fact_types(place, body["program"], body["type"])
    value = orjson.dumps(body | {"data": read_facts(facts, types)})
    key = body["user_id"].encode()
    topic = place.settings.topic("actions")
    async with kafka.producer(place) as producer:
        if wait_seconds is None:
            sent = await producer.send_and_wait(topic, value, key)
        else:
            async with awaiting(place, body["user_id"]) as listening:
                sent = await producer.send_and_wait(topic, value, key)
                results = await listening.results(body["id"], sent, wait_seconds)
    console.print(f"sent {body['id']} to {topic}, partition {sent.partition} offset {sent.offset}")
    if wait_seconds is not None:
        console.print(told(results))
    return results


async def _fact_types(place: Place, program: str, action: str) -> dict[str, str]:
    """Give the types of the facts of an action; warn when it will be rejected."""
    now = now_ms()
    found = in_force(await read_versions(place), program, now, now)
    if found is None or found.version.document is None:
        errors.print(f"no version of {program} is in force: unknown_program is what it will be")
        return {}
    types = fact_types(found.version.document, action)
    if types is None:
        errors.print(
            f"{found.version.version} knows no {action}: unknown_action is what it will be"
        )
    return types or {}


async def _send_file(place: Place, lines: BinaryIO, rate: float | None) -> None:
    """Send a file's lines, showing how far it is."""
    topic = place.settings.topic("actions")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as shown:
        task = shown.add_task("", total=size_of(lines))

        def progress(sent: int, size: int) -> None:
            shown.update(task, description=f"{sent:,} actions", completed=size)

        async with kafka.producer(place) as producer:
            sent = await send_lines(producer, topic, lines, rate, progress)
    console.print(f"sent {sent:,} actions to {topic}")
