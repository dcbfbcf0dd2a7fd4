"""Every command by name: the list is read for `laurel --help`, and only what is called is imported."""

import importlib
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli.refusals import Refusal, tell

_RUNNING, _RULES, _ACTIONS, _RESULTS = "Running", "Rules", "Actions", "Results"

COMMANDS = {
    "run": (_RUNNING, "Start everything and show what happens."),
    "worker": (_RUNNING, "Run one worker in this process."),
    "topics": (_RUNNING, "Make the topics, or compare them with topics.yaml."),
    "doctor": (_RUNNING, "Check all that Laurel stands on, and say what to do."),
    "rules": (_RULES, "Check, compare, publish, show and stop rule versions."),
    "send": (_ACTIONS, "Send one action, or a file of them."),
    "import": (_ACTIONS, "Move members in from another system, and report what differs."),
    "rejected": (_ACTIONS, "List records that were no valid actions, or send them again."),
    "tail": (_RESULTS, "Follow the result topics."),
    "top": (_RESULTS, "Show the top of a board."),
    "rank": (_RESULTS, "Show where a member stands on a board, and what the next rank would take."),
    "account": (_RESULTS, "Show a member's account and the last lines of its ledger."),
    "figures": (_RESULTS, "Show how a whole program is doing."),
    "rebuild": (_RESULTS, "Make a projection anew from the log."),
}
"""Name -> (panel of the help, summary). The module `cli.<name>` has the command as `app`."""

MODULES = {"import": "moving", "figures": "system_figures"}
"""The modules of commands that have another name: `import` can be none, `figures` counts live ones."""


def load(name: str) -> Any:  # noqa: ANN401 - typer hides the type of its commands
    """Import a command of the list."""
    command = typer.main.get_command(importlib.import_module(f"cli.{MODULES.get(name, name)}").app)
    command.name = name
    return command


def examples(*lines: str) -> str:
    """Give the end of a command's help."""
    return "\n".join(["Examples:", "", *(f"    {line}" for line in lines)])


class _Commands(TyperGroup):
    """Holds a stub of each command, and turns errors that people can act on into their sentences."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:  # noqa: ANN401
        """Put the command itself in the place of its stub."""
        name, stub, rest = super().resolve_command(ctx, args)
        return (name, load(name), rest) if name else (name, stub, rest)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command; a refusal ends it with code 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            tell(refusal)
            raise typer.Exit(1) from refusal


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - as typer calls it
    if wanted:
        typer.echo(version("laurel"))
        raise typer.Exit


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback(
    epilog="Without further settings a command uses the stack that `laurel run` keeps in the "
    "folder .data. LAUREL_KAFKA, LAUREL_REDIS and LAUREL_POSTGRES name other ones.",
)
def _laurel(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and end."
        ),
    ] = False,
) -> None:
    """Turn a Kafka topic of user actions into points, ranks and rewards, exactly once."""


def _stub() -> None:
    """Stand in the list for a command that was not imported."""


for _name, (_panel, _summary) in COMMANDS.items():
    app.command(_name, help=_summary, rich_help_panel=_panel)(_stub)


def main() -> None:
    """Run the command line of this process."""
    sys.exit(app(prog_name="laurel"))
