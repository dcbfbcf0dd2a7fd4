"""Cases as data: reads the files under tests/cases and plays their rows through the engine.

tests/cases/README.md tells the form.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from processors.engine import Decision, RuleBook
from schemas import moments
from schemas.account_view import view
from schemas.program_files import read_program_file
from schemas.wire import encode
from tests.support.engine import ROOT, Document, Engine, Outcome, changed, document

CASES: Final = ROOT / "tests" / "cases"
START: Final = "2025-11-03T12:00:00Z"
"""When a row happens that does not say it and has none before it: a Monday without promotions."""

SAID: Final = {
    *("at", "came", "id", "do", "data", "user", "program", "over"),
    *("record", "bytes", "headers", "repeat", "publish", "lead_ms"),
}
"""Words of a row that make its record; all others tell what is expected of it."""


class Case(NamedTuple):
    """One case of a file, under its title."""

    path: Path
    title: str
    file: Document
    content: Document

    @property
    def name(self) -> str:
        """Folder, file and title."""
        return f"{self.path.parent.name}/{self.path.stem}: {self.title}"

    def program(self) -> Document:
        """Return the program it plays in, with what the file and the case say otherwise."""
        name = f"{self.file['program']}.yaml"
        places = (self.path.parent / name, ROOT / "programs" / name)
        program = document(next(filter(Path.exists, places)))
        for part in (self.file, self.content):
            program = changed(program, part.get("changes", {}))
        return program


class Played(NamedTuple):
    """A row of a case, whether it is only given, and what came of it."""

    row: Document
    given: bool
    actual: Document
    outcomes: list[Outcome]
    engine: Engine
    # Every version so far, and the append time of the first actions that see it.
    published: list[tuple[Document, int]]


def read_cases() -> list[Case]:
    """Read every file of cases; a YAML file without `cases` is a program of theirs."""
    files = {path: read_program_file(path).content for path in sorted(CASES.glob("*/*.yaml"))}
    return [
        Case(path, title, file, content)
        for path, file in files.items()
        for title, content in file.get("cases", {}).items()
    ]


def play(case: Case) -> Iterator[Played]:
    """Play what is given and then the steps of a case on an engine of its own."""
    program, moment = case.program(), START
    given, steps = ([*_repeated(case.content.get(part, []))] for part in ("given", "steps"))
    # Reading the rules is most of a case's time: only who publishes others has a book of its own.
    publishes = any("publish" in row for row in given + steps)
    engine = Engine((_book.__wrapped__ if publishes else _book)(json.dumps(program)))
    published = [(program, 0)]
    for number, row in enumerate([*given, *steps], 1):
        moment = row.get("at", moment)
        asked = {"at": moment, "id": str(number), "user": "anna", "program": program["program"]}
        asked |= row
        came = moments.read(asked.get("came", moment))
        if "publish" in row:
            program = changed(program, row["publish"])
            engine.publish(program, came, row.get("lead_ms", 0))
            published.append((program, came + row.get("lead_ms", 0)))
            continue
        outcomes = _hear(engine, asked, came)
        told = [tell(engine, program, asked["user"], outcome) for outcome in outcomes]
        actual = told[0] | {"then": told[1:]}
        yield Played(row, number <= len(given), actual, outcomes, engine, published)


@cache
def _book(program: str) -> RuleBook:
    engine = Engine()
    engine.publish(json.loads(program))
    return engine.book


def _repeated(rows: list[Document]) -> Iterator[Document]:
    """Say a row with `repeat` so often, each time with its number in place of {n}."""
    for row in rows:
        for number in range(row.get("repeat", 1)):
            yield json.loads(json.dumps(row).replace("{n}", str(number)))


def _hear(engine: Engine, asked: Document, came: int) -> list[Outcome]:
    value = asked["record"] if "record" in asked else _record(asked)
    if "bytes" in asked:
        value = value.ljust(asked["bytes"])
    headers = tuple((name, text.encode()) for name, text in asked.get("headers", {}).items())
    internal = asked.get("over") == "actions.internal"
    return engine.hear_all(value.encode(), came, internal=internal, headers=headers)


def _record(asked: Document) -> str:
    """Write an action; data given as text is written as it stands."""
    action = {"id": asked["id"], "program": asked["program"], "user_id": asked["user"]}
    action |= {"type": asked["do"], "occurred_at": asked["at"]}
    data = asked.get("data", {})
    written = data if isinstance(data, str) else json.dumps(data)
    return f'{json.dumps(action)[:-1]}, "data": {written}}}'


def tell(engine: Engine, program: Document, user: str, outcome: Outcome) -> Document:
    """Tell an outcome in the words of a row: its first record, the account and the boards after it."""
    if isinstance(outcome, Decision):
        user = outcome.account.subject
        told, rejection = _results(outcome), outcome.rejection
    else:
        told, rejection = {}, outcome
    if rejection is not None:
        told = {"gives": rejection.reason.value, "says": rejection.message}
    head = engine.head(user, program["program"])
    currency = next(iter(program["currencies"]))
    purse = head.purses.get(currency, [0, 0])
    boards = {
        f"{board} {period}": score
        for (name, board, period, member), score in engine.boards.items()
        if (name, member) == (program["program"], user)
    }
    ladders = {
        name: head.steps.get(name, ladder["steps"][0]["name"] if "steps" in ladder else "1")
        for name, ladder in program.get("ladders", {}).items()
    }
    account = {"balance": purse[0], "lifetime": purse[1], "account": view(head)}
    return told | {"user": user} | account | ladders | {"boards": boards}


def _results(decision: Decision) -> Document:
    """Tell the results of a decision that is no rejection."""
    postings = [_plain(posting) for posting in decision.postings]
    record = postings[0] if postings else _plain(decision.accepted or decision.declined)
    told: Document = {"gives": decision.outcome, **record, "do": record.get("action")}
    if decision.declined is not None:
        told |= {"gives": decision.declined.reason.value, "says": decision.declined.message}
    return told | {
        "points": sum(posting["points"] for posting in postings),
        "postings": postings,
        "tier_changed": [_plain(tier) for tier in decision.tiers],
        "badges": [each.achievement for each in decision.achievements if each.kind == "badge"],
        "achievements": [_plain(each) for each in decision.achievements],
        "periods": [_plain(each) for each in decision.periods],
        "notifications": [_plain(each) for each in decision.notifications],
    }


def _plain(result: object) -> Document:
    plain: Document = json.loads(encode(result)) if result is not None else {}
    return plain


def fits(actual: object, expected: object, word: str = "") -> bool:
    """Tell whether all that is expected was found; what a mapping does not name may be anything."""
    if isinstance(expected, dict):
        actual = {} if actual is None else actual
        return isinstance(actual, dict) and all(
            fits(actual.get(name), value, name) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(actual) == len(expected) and all(map(fits, actual, expected))
    return str(expected) in str(actual) if word == "says" else actual == expected


def shown(actual: object, expected: object) -> object:
    """Return what was found of what is expected."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {name: shown(actual.get(name), value) for name, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        return list(map(shown, actual, expected))
    return actual


def as_line(row: Document) -> str:
    """Write a row as one line of YAML."""
    written = yaml.safe_dump(
        row, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000
    )
    return f"- {written.strip()}"
