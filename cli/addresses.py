"""Where Kafka, Redis and PostgreSQL are: named by the environment, else run by `laurel run`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli.refusals import Refusal
from deploy.stack import VARIABLES, Stack, configured
from processors.settings import Settings

FOLDER = Path(".data")
Folder = Annotated[
    Path,
    typer.Option("--folder", envvar="LAUREL_DATA", help="The folder that `laurel run` works on."),
]
"""An option of every command that talks to the stack."""

_NAMES = {"kafka": "Kafka", "redis": "Redis", "postgres": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Place:
    """The settings of this process, and the folder of the stack that they may lead to."""

    settings: Settings
    folder: Path = FOLDER

    def silent(self, part: str, why: object = "") -> Refusal:
        """Say that nobody answers for a part, how we came to look there, and what would help."""
        variable, address = VARIABLES[part], shown(getattr(self.settings, part))
        if part in configured():
            advice = f"{variable} names this address: start it there, or correct the variable"
        elif Stack.read(self.folder) is not None:
            advice = f"`laurel run` on {self.folder} is gone: start it again"
        else:
            advice = (
                f"`laurel run` starts a stack on {self.folder}; {variable} would name another one"
            )
        reason = f": {why}" if str(why) else ""
        return Refusal(f"{_NAMES[part]} at {address} does not answer{reason}", advice)


def find(folder: Path) -> Place:
    """Give this process's settings; what the environment leaves open, `laurel run` answers.

    Raises Refusal when the environment says something that cannot be.
    """
    running, named = Stack.read(folder), configured()
    here = asdict(running) if running is not None else {}
    return Place(settings_at({part: here[part] for part in here if part not in named}), folder)


def settings_at(addresses: Mapping[str, str]) -> Settings:
    """Give this process's settings with these addresses, by part. Raises Refusal."""
    chosen: dict[str, Any] = {"_env_ignore_empty": True, **addresses}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        wrong = [
            f"LAUREL_{'_'.join(map(str, e['loc'])).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise Refusal("; ".join(wrong), "correct the variable, or unset it") from error


def shown(address: str) -> str:
    """Give an address without its password."""
    scheme, slashes, rest = address.rpartition("://")
    credentials, at, host = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return scheme + slashes + user + (":…" if colon else "") + at + host
