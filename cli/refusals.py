"""Errors that a person can act on: what is wrong, where, and what to do."""

import typer


class Refusal(Exception):  # noqa: N818 - a sentence for people, not a fault of the program
    """The command cannot do what it was asked; `advice` says what would help."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def tell(refusal: Refusal) -> None:
    """Print a refusal to standard error."""
    typer.secho(f"✗ {refusal.what}", fg="red", err=True)
    if refusal.advice:
        typer.echo(f"  → {refusal.advice}", err=True)
