"""`laurel topics`: make the topics, compare them with topics.yaml, print who may do what."""

import typer

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.console import console
from cli.kafka import ask_broker
from deploy import topics as broker
from schemas.topics import Difference, TopicState, acls, diff, expected, load

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")


@app.callback()
def _topics() -> None:
    """Make the topics of topics.yaml, or compare them with what the broker has."""


@app.command(epilog=examples("laurel topics apply"))
def apply(folder: Folder = FOLDER) -> None:
    """Create missing topics and mend their settings; what takes a person is told, with code 1."""
    place = find(folder)
    done = ask_broker(place, broker.apply(place.settings.kafka_connection, wanted(place)))
    for topic in done.created:
        console.print(f"created {topic}")
    for one in done.altered:
        console.print(f"set {one.topic}: {one.what} = {one.expected}, was {one.actual}")
    _end(done.left, f"{len(done.created)} created, {len(done.altered)} altered")


@app.command("diff", epilog=examples("LAUREL_PROFILE=production laurel topics diff"))
def compare(folder: Folder = FOLDER) -> None:
    """Say what the broker has otherwise than topics.yaml; code 1 when something differs."""
    place = find(folder)
    should = wanted(place)
    has = ask_broker(place, broker.describe(place.settings.kafka_connection, should))
    _end(diff(should, has), f"all {len(should)} topics are as topics.yaml says")


@app.command(
    "acls",
    epilog=examples("laurel topics acls | xargs -L1 kafka-acls --bootstrap-server HOST --add"),
)
def print_acls() -> None:
    """Print what each principal may do, as arguments of Kafka's own `kafka-acls --add`."""
    for line in acls(load(), find(FOLDER).settings.topic_prefix):
        typer.echo(line)


def wanted(place: Place) -> dict[str, TopicState]:
    """Give every topic as this place's broker should have it."""
    return expected(load(), place.settings.profile, place.settings.topic_prefix)


def _end(differences: list[Difference], good: str) -> None:
    for one in differences:
        style = "red" if one.severity == "refused" else "yellow"
        console.print(f"{one.severity}: {one}", style=style)
    if differences:
        raise typer.Exit(1)
    console.print(good)
