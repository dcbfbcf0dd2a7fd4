"""docs/cli.md, made from the commands' own help; `make schemas` writes it anew."""

from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from cli.commands import COMMANDS, load

FILE = Path(__file__).parent.parent / "docs" / "cli.md"

_HEAD = """# The command `laurel`

Made from the commands' own help by `make schemas`; a test holds it fresh.

Without further settings every command uses the stack that `laurel run` keeps in the folder `.data`.
`LAUREL_KAFKA`, `LAUREL_REDIS` and `LAUREL_POSTGRES` name other ones; all settings are in
`processors/settings.py`. `laurel --install-completion` completes commands and options in your shell.
What cannot be done is told with what to do about it, and ends with code 1.
"""


def reference() -> str:
    """Give the whole file."""
    parts = [_HEAD.strip()]
    for name in COMMANDS:
        command = load(name)
        context = typer.Context(command, info_name=name)
        parts.append(
            get_docs_for_click(obj=command, ctx=context, indent=1, call_prefix="laurel").strip()
        )
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    FILE.write_text(reference())
