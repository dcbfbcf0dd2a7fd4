"""A program as its published versions say it now: what is needed to read figures aloud."""

from collections.abc import Mapping
from typing import NamedTuple

from cli.addresses import Place
from cli.refusals import Refusal
from cli.versions import in_force, now_ms, read_versions
from processors.engine.facts import fact_scale
from processors.engine.numbers import show
from schemas.programs import Program, parse_program

_DONE_BY_MEMBERS = {"outside", "service"}
"""Origins of what members do, or what the host's systems saw them do."""


async def program_now(place: Place, name: str) -> Program:
    """Give a program as the version in force says it; of one that was stopped, as the last one did.

    Raises Refusal when nothing of it was ever published.
    """
    versions = await read_versions(place)
    now = now_ms()
    found = in_force(versions, name, now, now)
    if found is None or found.version.document is None:
        told = [each for each in versions.values() if each.version.document is not None]
        own = [each for each in told if each.version.program == name]
        found = max(own, key=lambda each: each.version.effective_from, default=None)
    if found is None:
        raise Refusal(
            f"no version of a program {name} was published",
            "`laurel rules show` lists those that were",
        )
    return parse_program(found.version.document)


def done_by_members(program: Program) -> list[str]:
    """Give the names under which what members themselves do is accepted and rewarded.

    What admins, the engine and jobs do to them makes no member active.
    """
    names = set[str]()
    for name, said in program.actions.items():
        if _DONE_BY_MEMBERS & {*said.origin}:
            names |= {name, *(rule.action for rule in said.rules.values() if rule.action)}
    return sorted(names)


class Ladders(NamedTuple):
    """The ladders of a program that everybody stands on, and the step where each begins."""

    names: list[str]
    first_steps: list[str]


def ladders(program: Program) -> Ladders:
    """Give the ladders of a program."""
    firsts = {
        name: ladder.steps[0].name if ladder.steps else "1"
        for name, ladder in program.ladders.items()
    }
    return Ladders(list(firsts), list(firsts.values()))


def scales(program: Program) -> Mapping[str, int]:
    """Give by currency the decimals of its smallest unit."""
    return {name: currency.scale for name, currency in program.currencies.items()}


def fact_amount(program: Program, action: str, fact: str, units: int) -> str:
    """Write a total of a fact with its unit; without either where the program knows it no more."""
    said = program.actions[action].facts.get(fact) if action in program.actions else None
    if said is None:
        return amount(units)
    return f"{amount(units, fact_scale(said) or 0)}{f' {said.unit}' if said.unit else ''}"


def counted(number: int, what: str) -> str:
    """Write how many there are of something."""
    return f"{number:,} {what}{'s' if number != 1 else ''}"


def amount(units: int, scale: int = 0) -> str:
    """Write an amount of smallest units as people do: 1234500 of scale 3 is `1,234.5`."""
    whole, point, rest = show(abs(units), scale).partition(".")
    return f"{'-' if units < 0 else ''}{int(whole):,}{point}{rest}"
