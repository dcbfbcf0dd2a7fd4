"""Hostile text: formulas that are none, and program files that somebody or something mangled."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.engine import Problem, bind, check
from processors.engine.formulas import Formula, FormulaError, read_condition, read_formula
from processors.engine.ladders import bind_ladders
from processors.engine.source import compiled
from processors.engine.terms import ActionTerms
from schemas.program_files import ProgramFile, ProgramFileError, read_program_file, read_yaml
from schemas.programs import parse_program
from tests.support.pace import PACE

PROGRAMS = sorted((Path(__file__).parents[2] / "programs").glob("*/*.yaml"))
FILES = [read_program_file(path) for path in PROGRAMS]
LOYALTY = parse_program(FILES[[path.parent.name for path in PROGRAMS].index("loyalty")].content)
LADDERS = bind_ladders(LOYALTY)


def terms() -> ActionTerms:
    return ActionTerms(LOYALTY, "PURCHASE", LADDERS)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("__import__('os').system('id')", 17, "`.` has no place"),
        ("__import__('os')", 1, "`__import__` is no function"),
        ("order_value.__class__", 12, "`.` has no place"),
        ("order_value.real", 12, "`.` has no place"),
        ("order_value[0]", 12, "`[` has no place"),
        ("order_value ** 99999999", 14, "unexpected `*`"),
        ("2 ** 2 ** 2", 4, "unexpected `*`"),
        ("order_value / 0", 13, "`/` has no place in a formula: multiply"),
        ("order_value // 0", 13, "`/` has no place"),
        ("nth % 0", 7, "`%` wants a whole number above 0"),
        ("nth % 0.5", 7, "`%` wants a whole number above 0"),
        ("nth % nth", 7, "`%` wants a whole number above 0"),
        ("order_value % 2", 15, "`order_value` is not whole"),
        ("(" * 40 + "1" + ")" * 40, 18, "nested deeper than 16"),
        ("-" * 40 + "1", 18, "nested deeper than 16"),
        ("not " * 40 + "1", 69, "nested deeper than 16"),
        ("min(" * 40 + "1" + ")" * 40, 69, "nested deeper than 16"),
        ("min(1, " * 40 + "1" + ")" * 40, 117, "nested deeper than 16"),
        ("1" * 16, 1, "`1111111111111111` is no number of at most 15 digits and 6 decimals"),
        ("1 + 0x10", 5, "`0x10` is no number"),
        ("1 + 1e9", 5, "`1e9` is no number"),
        ("1 + 'a", 5, "a text ends with `'`"),
        ("1 + '\\x41'", 5, "a text ends with `'`"),
        ("1 + " * 101 + "1", 403, "more than 100 signs"),
        ("1+" * 260 + "1", 500, "longer than 500 characters"),
        ("order_value * " * 9 + "1", 71, "it can come to more than 100 digits"),
        ("0.000001 * " * 6 + "1", 56, "more than 30 decimals"),
        ("eval('1')", 1, "`eval` is no function"),
        ("open('/etc/passwd')", 1, "`open` is no function"),
        ("scene", 1, "`scene` is no fact"),
        ("facts", 1, "`facts` is no fact"),
        ("lambda: 1", 7, "`:` has no place"),
        ("[x for x in y]", 1, "`[` has no place"),
        ("{1: 2}", 1, "`{` has no place"),
        ("1; 2", 2, "`;` has no place"),
        ("1 if nth else 2", 3, "unexpected `if`"),
        ("x := 1", 3, "`:` has no place"),
        ("f'{nth}'", 1, "`f` is no fact"),
        ('"a"', 1, '`"` has no place'),
        ("nth # comment", 5, "`#` has no place"),
        ("nth\x00", 4, "has no place"),
        ("\N{ARABIC-INDIC DIGIT ONE}", 1, "has no place"),
        ("count()", 1, "has too few or too many names"),
        ("count(PURCHASE, day, day)", 1, "has too few or too many names"),
        ("count(PURCHASE, hour)", 1, "there is no hour; there is day, ever, month, week, year"),
        ("count(BUY)", 1, "there is no BUY"),
        ("count(count(PURCHASE))", 12, "expected `)`"),
        ("moment('yesterday')", 1, "a moment is RFC 3339"),
        ("step(tier)", 1, "it is a text, not a number"),
        ("reached(tier, TIN)", 1, "there is no TIN; there is BRONZE"),
        ("1 < 2 < 3", 7, "unexpected `<`"),
        ("(1 < 2) + 1", 1, "`(1 < 2)` is true or false, not a number"),
    ],
)  # fmt: skip
def test_hostile_text_is_refused(text: str, column: int, said: str) -> None:
    """Imports, attributes, powers, depth, division, and whatever is no formula: with the column."""
    with pytest.raises(FormulaError) as refused:
        read_formula(text, terms())
    assert said in refused.value.said
    assert refused.value.column == column


WORDS = st.sampled_from(
    [
        *("order_value", "order_id", "nth", "count(PURCHASE)", "has(", "min(", "max(", "streak(login)"),
        *("step(tier)", "'GOLD'", "moment('2025-01-01')", "table(", "total(", "previous(", "memory("),
        *("and", "or", "not", "+", "-", "*", "%", "(", ")", ",", "==", "<", ">=", "1", "0.5", "0"),
        *("__class__", ".", "import os", "**", "/", "[", "]", "lambda", "day", "\\", "\n", "'"),
    ]
)  # fmt: skip
TEXTS = st.text(max_size=60) | st.lists(WORDS, max_size=40).map(" ".join)


@PACE
@given(TEXTS)
@example("has(" * 120)
@example(" and ".join(["nth == 1"] * 50))
@example("-1 * " * 90 + "1")
@example("nth " + "% 7 " * 99)
def test_any_text_is_read_or_refused(text: str) -> None:
    """A formula that can be read compiles; any other text raises FormulaError with a column in it."""
    for read in (read_formula, read_condition):
        try:
            found: object = read(text, terms())
        except FormulaError as refused:
            found = refused
        if isinstance(found, FormulaError):
            assert 1 <= found.column <= len(text) + 1
        else:
            assert isinstance(found, Formula)
            compiled("value", ["def value(facts, scene):", f"    return {found.source}"], {})


def places(content: object, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every place in a document but the whole of it."""
    items = dict(enumerate(content)) if isinstance(content, list) else content
    items = items if isinstance(items, dict) else {}
    return [
        each
        for name, value in items.items()
        for each in ((*place, name), *places(value, (*place, name)))
    ]


def at(content: Any, place: tuple[Any, ...]) -> Any:  # noqa: ANN401 - JSON
    for name in place:
        content = content[name]
    return content


PLACES = [places(file.content) for file in FILES]
KEYS = sorted(
    {name for each in PLACES for place in each for name in place if isinstance(name, str)}
)
VALUES = st.sampled_from(
    [
        *(None, True, 0, 1, -1, 10**15, 10**30, 0.5, 1e-7, 1e300, "", "x", [], {}, [1], {"a": 1}, [[]]),
        *("1e999999999", "{memory.x}", "2025-01-01", "9999-12-31", "0001-01-01", "999999 weeks"),
        *("100 years", "end of day", "America", "lifetime", "count(PURCHASE)", "(" * 50, "nth * nth"),
    ]
)  # fmt: skip


@settings(PACE, max_examples=100)
@given(st.data())
def test_no_mangled_program_breaks_check(data: st.DataObject) -> None:
    """Whatever is taken out, put in, renamed or moved: `check` tells problems, it never ends badly.

    What it finds nothing wrong with can be bound.
    """
    number = data.draw(st.integers(0, len(FILES) - 1))
    file, known = FILES[number], PLACES[number]
    content = copy.deepcopy(file.content)
    content["examples"] = content["examples"][:1]
    for place in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3)):
        try:
            parent = at(content, place[:-1])
            old = parent.pop(place[-1])
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # It went with a change before.
        key = data.draw(st.sampled_from([place[-1], *KEYS])) if isinstance(parent, dict) else None
        moved = copy.deepcopy(at(file.content, data.draw(st.sampled_from(known))))
        value = data.draw(st.one_of(st.none(), st.just(old), st.just(moved), VALUES))
        if key is not None and data.draw(st.booleans()):
            parent[key] = value
        elif key is None:
            parent.append(value)
    if not check(ProgramFile(content, file.lines, file.written)):
        bind(content)


@PACE
@given(st.sampled_from(PROGRAMS), st.integers(0, 10_000), st.text(max_size=12))
def test_no_scribble_breaks_check(path: Path, where: int, scribble: str) -> None:
    """A program file with anything written into its text is told wrong, or is none, with a line."""
    text = path.read_text()
    text = text[: where % len(text)] + scribble + text[where % len(text) + len(scribble) // 2 :]
    try:
        problems = check(read_yaml(text))
    except ProgramFileError as wrong:
        problems = [Problem(wrong.line, str(wrong))]
    assert all(1 <= each.line <= len(text.splitlines()) + 1 for each in problems)
    assert all(each.column is None or each.column >= 1 for each in problems)
