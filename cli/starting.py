"""What `laurel run` does before its workers start: topics as in topics.yaml, programs published."""

from collections.abc import Callable, Iterable
from pathlib import Path

from cli.addresses import Place
from cli.kafka import ask_broker
from cli.program_files import files_in, read_checked
from cli.refusals import Refusal
from cli.topics import wanted
from cli.versions import default_lead_ms, publish, read_versions, same_as_read, version_of
from deploy import topics as broker
from schemas.programs import PublishedVersion


def apply_topics(place: Place) -> list[str]:
    """Make the topics; give the names of the new ones. Raises Refusal when a promise would break."""
    done = ask_broker(place, broker.apply(place.settings.kafka_connection, wanted(place)))
    refused = [one for one in done.left if one.severity == "refused"]
    if refused:
        lines = "\n  ".join(map(str, refused))
        raise Refusal(
            f"the topics are not as they must be:\n  {lines}", "`laurel topics diff` shows all"
        )
    return done.created


async def publish_programs(
    place: Place, paths: Iterable[Path], told: Callable[[str], None]
) -> list[PublishedVersion]:
    """Publish program files that were not published yet; give their versions.

    A file that is not what was published under its name is told, and left.
    """
    there = await read_versions(place)
    new = []
    for path in files_in(paths):
        version = version_of(read_checked(path), default_lead_ms(place))
        before = there.get(version.version)
        if before is None:
            new.append(version)
        elif before.version.document != same_as_read(version.document):
            told(
                f"{path} is not what was published as {version.version}, which stays in force: "
                "give it a later `effective_from` to publish it"
            )
    return await publish(place, *new)
