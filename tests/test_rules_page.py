"""The page of the vocabulary names every word there is, and every word is used by some program."""

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from processors.engine import check
from schemas import program_actions, program_facts, programs
from schemas.program_effects import EFFECT_FACTS, Effect
from schemas.program_files import ProgramFile, read_program_file, read_yaml
from schemas.program_standard import with_standard
from schemas.program_words import Part
from schemas.programs import parse_program
from tests.support.engine import ROOT, Document, changed

PAGE = (ROOT / "docs" / "rules.md").read_text()
INNER = (Part, program_actions.EndOf)
"""Parts that no author writes: `end of month` is read into one."""
UNUSED = {"description", "colour", "icon"}
"""Words for people, which no case can show."""


def parts() -> Iterator[type[BaseModel]]:
    """Return every part of a program file."""
    for module in (programs, program_actions, program_facts):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Part) and value not in INNER:
                yield value


def words() -> list[tuple[str, str]]:
    """Return (part, word) of the whole vocabulary."""
    found = {
        (part.__name__, field.alias or name)
        for part in parts()
        for name, field in part.model_fields.items()
    }
    return sorted(found | {("effect", effect) for effect in get_args(Effect)})


@pytest.mark.parametrize(("part", "word"), words())
def test_the_page_names_every_word(part: str, word: str) -> None:
    """A word that the page leaves out can be found by nobody."""
    assert re.search(rf"\b{re.escape(word)}\b", PAGE), (
        f"docs/rules.md says nothing of {part}.{word}"
    )


def test_the_page_names_the_facts_of_effects() -> None:
    """What an effect brings stands beside it."""
    for effect, facts in EFFECT_FACTS.items():
        (line,) = [
            line for line in PAGE.splitlines() if line.startswith("| ") and f"`{effect}`" in line
        ][:1]
        for fact in facts:
            assert re.search(rf"\b{fact}\b", PAGE), f"{line}: {fact}"


def test_the_whole_program_of_the_page_runs() -> None:
    """What the page shows as a program is one, and its examples come out."""
    programs = re.findall(r"```yaml\n(program: .*?)```", PAGE, re.DOTALL)
    assert programs
    assert [check(read_yaml(program)) for program in programs] == [[]] * len(programs)


def test_every_word_is_used() -> None:
    """Some program, or a program of the cases, uses each word, so that checks and cases see it."""
    used = {
        word
        for path in [*ROOT.glob("programs/*/*.yaml"), *ROOT.glob("tests/cases/*/*.yaml")]
        for word in _said(with_standard(read_program_file(path).content))
    }
    assert {word for _, word in words()} - used - UNUSED == set()


def _said(document: Any) -> Iterator[str]:  # noqa: ANN401 - whatever YAML holds
    if isinstance(document, dict):
        for name, value in document.items():
            yield str(name)
            yield from _said(value)
    elif isinstance(document, list):
        for value in document:
            yield from _said(value)
    elif isinstance(document, str):
        yield document
        yield from ("for",) if re.fullmatch(r"\d+ \w+", document) else ()


SCHEME: Document = {
    "program": "page",
    "effective_from": "2025-01-01",
    "currencies": {"points": {}},
    "boards": {"global": {"periods": ["all_time"]}},
    "rewards": {"SWAG": {"type": "CUSTOM", "manual": True}},
    "actions": {
        "VISIT": {"origin": "outside", "rules": {"visit": {"points": 1}}},
        "GRANT": {"origin": ["admin", "engine"], "effect": "grant_reward"},
    },
}
"""What an example of the page is laid over."""


def examples() -> list[str]:
    """Return the YAML of the sections on periods and notices."""
    (sections,) = re.findall(
        r"^## Periods\n(.*?)^## What is checked", PAGE, re.DOTALL | re.MULTILINE
    )
    return re.findall(r"^```yaml\n(.*?)^```", sections, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", examples(), ids=lambda text: text.split(":")[0])
def test_what_the_page_shows_of_periods_is_a_program(example: str) -> None:
    """Laid over a small program each example is one that may be published."""
    shown = read_yaml(example).content
    types = shown.keys() <= {"PERIOD_OPEN", "PERIOD_CLOSE", "PERIOD_RESTATE"}
    document = changed(SCHEME, {"actions": shown} if types else shown)
    assert check(ProgramFile(document, {})) == []
    if types:
        # The types that stand there are those that a program has anyway.
        assert parse_program(document).actions.keys() == parse_program(SCHEME).actions.keys()
        for name in shown:
            said, has = (parse_program(each).actions[name] for each in (document, SCHEME))
            assert said.model_copy(update={"title": has.title}) == has
