"""`laurel rules`: check, compare, publish, show and stop rule versions."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.table import Table
from rich.text import Text

from cli.addresses import FOLDER, Folder, Place, find
from cli.commands import examples
from cli.compiled import compiled
from cli.console import console
from cli.documents import changes, without
from cli.program_files import PROGRAMS, check_file, files_in, read_checked
from cli.refusals import Refusal
from cli.versions import (
    Logged,
    default_lead_ms,
    in_force,
    now_ms,
    publish,
    read_versions,
    same_as_read,
    stopping,
    version_of,
)
from processors.engine import bind
from processors.rulebook import LEAD_SECONDS_MIN
from schemas import moments
from schemas.programs import PublishedVersion

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")

Lead = Annotated[
    float | None,
    typer.Option(
        "--lead",
        min=LEAD_SECONDS_MIN,
        help="Seconds until actions see it, so that every worker has read it by then; 60 if not "
        "given, 2 with the embedded stack.",
    ),
]
Program = Annotated[str, typer.Argument(help="Like loyalty.")]


@app.callback()
def _rules() -> None:
    """Check, compare, publish, show and stop rule versions.

    The topic `rules` is the truth about what is paid. A published version never changes: a change
    is a new version with a later `effective_from`.
    """


@app.command(
    epilog=examples("laurel rules check", "laurel rules check programs/loyalty/2025-01-01.yaml")
)
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; programs/ if not given.")
    ] = None,
) -> None:
    """Check program files and run their examples; code 1 when anything is wrong."""
    wrong = 0
    for path in files_in(paths or [PROGRAMS]):
        _, problems = check_file(path)
        wrong += len(problems)
        for problem in problems:
            console.print(f"✗ {problem}", style="red")
        if not problems:
            console.print(f"✓ {path}")
    raise typer.Exit(1 if wrong else 0)


@app.command(epilog=examples("laurel rules diff loyalty programs/loyalty/2026-01-01.yaml"))
def diff(
    program: Program,
    file: Annotated[Path, typer.Argument(help="A program file.")],
    folder: Folder = FOLDER,
) -> None:
    """Show what a file would change in the version in force now."""
    content = read_checked(file)
    if content["program"] != program:
        raise Refusal(f"{file} is of {content['program']}, not of {program}")
    now = now_ms()
    current = _in_force(asyncio.run(read_versions(find(folder))), program, now)
    found = list(changes(current.version.document or {}, same_as_read(content)))
    console.print(f"{current.version.version} → {file}", style="bold")
    for change in found:
        console.print(Text.assemble(f"  {change.place}: ", *_both(change.old, change.new)))
    if not found:
        console.print("  no difference")


@app.command(
    "publish", epilog=examples("laurel rules publish programs/loyalty/2026-01-01.yaml --lead 300")
)
def publish_file(
    file: Annotated[Path, typer.Argument(help="A program file.")],
    lead: Lead = None,
    folder: Folder = FOLDER,
) -> None:
    """Publish a checked file as a new version; the same file again changes nothing."""
    content = read_checked(file)
    place = find(folder)
    _publish(place, version_of(content, _lead_ms(place, lead)))


@app.command(epilog=examples("laurel rules stop loyalty SOCIAL_SHARE", "laurel rules stop loyalty"))
def stop(
    program: Program,
    actions: Annotated[
        list[str] | None, typer.Argument(help="All of the program if not given.")
    ] = None,
    lead: Lead = None,
    folder: Folder = FOLDER,
) -> None:
    """Publish a version in which actions give nothing from now on.

    Stopped actions are declined as `inactive`. Of a program stopped as a whole every action is
    rejected as `unknown_program`: later `laurel rejected retry` can bring them in.
    """
    place = find(folder)
    now = now_ms()
    current = _in_force(asyncio.run(read_versions(place)), program, now).version
    if current.document is None:
        raise Refusal(f"{program} is stopped already, by {current.version}")
    if actions:
        document = without(current.document, actions, moments.write(now))
        bind(document)
        version = version_of(document, _lead_ms(place, lead))
    else:
        version = stopping(program, now, _lead_ms(place, lead))
    _publish(place, version)


@app.command(
    epilog=examples(
        "laurel rules show",
        "laurel rules show loyalty",
        "laurel rules show loyalty --at 2025-12-24T00:00:00Z --compiled",
    )
)
def show(
    program: Annotated[str | None, typer.Argument(help="All versions of all if not given.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="What decides an action of then; now if not given.")
    ] = None,
    *,
    bound: Annotated[bool, typer.Option("--compiled", help="As the engine holds it.")] = False,
    folder: Folder = FOLDER,
) -> None:
    """List the published versions, or show the one that decides."""
    versions = asyncio.run(read_versions(find(folder)))
    now = now_ms()
    if program is None:
        console.print(table(versions, now) if versions else "nothing is published")
        return
    logged = _in_force(versions, program, _moment(at, now))
    version = logged.version
    if version.document is None:
        console.print(f"{version.version} stops {program}")
    elif bound:
        for line in compiled(bind(version.document)):
            console.print(line)
    else:
        console.print(
            f"# {version.version}, published {version.published_at} by {version.published_by}"
        )
        console.print(yaml.safe_dump(version.document, sort_keys=False, allow_unicode=True))


def table(versions: dict[str, Logged], now: int) -> Table:
    """Show all versions, and which of them decide what happens now."""
    shown = Table(
        "version", "published", "by", "state", box=None, pad_edge=False, header_style="dim"
    )
    for logged in versions.values():
        said = logged.version
        shown.add_row(
            said.version,
            moments.to_the_second(said.published_at),
            said.published_by,
            state(versions, logged, now),
        )
    return shown


def state(versions: dict[str, Logged], logged: Logged, now: int) -> str:
    """Say what a version is at the moment `now`."""
    said = logged.version
    if logged.seen_from > now:
        return f"seen from {moments.write(logged.seen_from)} on"
    if said.effective_from > now:
        return f"from {moments.write(said.effective_from)} on"
    if in_force(versions, said.program, now, now) is not logged:
        return "for what happened before the next one"
    return "stops the program" if said.document is None else "in force"


def _publish(place: Place, version: PublishedVersion) -> None:
    """Publish one version and tell when it decides."""
    if not asyncio.run(publish(place, version)):
        console.print(f"{version.version} is published already, with this very content")
        return
    seen = moments.write(now_ms() + version.lead_ms)
    console.print(f"published {version.version}: actions that come from {seen} on see it")


def _in_force(versions: dict[str, Logged], program: str, occurred_at: int) -> Logged:
    found = in_force(versions, program, occurred_at, now_ms())
    if found is None:
        raise Refusal(
            f"no version of {program} is in force at {moments.write(occurred_at)}",
            "`laurel rules show` lists all versions",
        )
    return found


def _lead_ms(place: Place, lead: float | None) -> int:
    return default_lead_ms(place) if lead is None else int(lead * 1_000)


def _moment(text: str | None, now: int) -> int:
    try:
        return now if text is None else moments.read(text)
    except ValueError as error:
        raise Refusal(f"--at {text!r}: {error}") from error


def _both(old: str | None, new: str | None) -> list[tuple[str, str]]:
    """Give an old and a new value, each in its colour."""
    parts = [(old, "red")] if old is not None else []
    parts += [(" → ", "dim")] if old is not None and new is not None else []
    parts += [(new, "green")] if new is not None else [(" is gone", "dim")]
    return parts
