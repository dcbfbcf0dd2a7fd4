"""Examples inside program files: rows of what happens and what must come of it, played in order.

    examples:
      - example: a purchase of a GOLD member in winter
        given:
          - {do: MANUAL_ADJUSTMENT, data: {points: 12000, reason: moved in, created_by: otto}}
        steps:
          - {at: 2025-12-07T12:00:00Z, do: PURCHASE, data: {order_value: 100}, gives: posted, points: 4}

| word | means | if left out |
|---|---|---|
| do, data | type and facts | no facts |
| user | the subject | anna |
| at, came | when it happened, and when the broker took it | as before (first: the version's first moment); `at` |
| id | the action's id | the row's number |
| over | the topic | `actions.internal` for a type that only comes so |
| gives | posted, accepted, or the reason of a decline or rejection | not asked |
| says | part of the message | not asked |
| points | the sum over all postings | not asked |
| balance, lifetime, or a ladder's name | the account after it | not asked |

What a row derives is played right after it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from processors.engine.consistency.words import Place
from processors.engine.decide import decide
from processors.engine.decision import Decision
from processors.engine.ladders import held
from processors.engine.rules import Rules
from schemas import moments
from schemas.accounts import changed_rows, open_account
from schemas.actions import Action
from schemas.wire import encode, read_action

Row = Mapping[str, Any]
Failure = tuple[Place, str]

ASKED: Final = frozenset({"do", "data", "user", "at", "came", "id", "over"})
EXPECTED: Final = frozenset({"gives", "says", "points", "balance", "lifetime"})


def failures(rules: Rules, examples: list[dict[str, Any]]) -> list[Failure]:
    """Play all examples; return the places of rows that come out otherwise, and how."""
    found: list[Failure] = []
    for number, example in enumerate(examples):
        place = ("examples", number)
        wrong = [*_misspelt(rules, example, place)]
        found += wrong or _play(rules, example, place)
    return found


def _misspelt(rules: Rules, example: Row, place: Place) -> Iterator[Failure]:
    """Tell what cannot be played of an example."""
    parts = [example.get(part, []) for part in ("given", "steps")]
    unknown = example.keys() - {"example", "given", "steps"}
    if unknown or not example.get("steps") or not all(isinstance(part, list) for part in parts):
        yield place, "an example has `example`, and rows under `given` and `steps`; nothing else"
        return
    for part in ("given", "steps"):
        for number, row in enumerate(example.get(part, ())):
            wrong = _wrong_in_row(rules, row)
            if wrong:
                yield (*place, part, number), wrong


def _wrong_in_row(rules: Rules, row: object) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("do"), str):
        return "do what? A row says `do`, an action type"
    known = ASKED | EXPECTED | {ladder.name for ladder in rules.ladders}
    unknown = row.keys() - known
    if unknown:
        said = ", ".join(map(str, sorted(unknown, key=str)))
        return f"unknown words {said}; there is {', '.join(sorted(known))}"
    for word in ("at", "came"):
        try:
            _moment(rules, row.get(word, "2025-01-01"))
        except (ValueError, TypeError, AttributeError, OverflowError):
            return f"{word} is no moment: {row[word]!r}"
    if not isinstance(row.get("says", ""), str):
        return f"says is part of a message, not {row['says']!r}"
    return ""


def _play(rules: Rules, example: Row, place: Place) -> Iterator[Failure]:
    rows: dict[bytes, bytes] = {}
    said: dict[str, Any] = {"user": "anna", "at": rules.version.partition("@")[2]}
    for part in ("given", "steps"):
        for number, row in enumerate(example.get(part, ())):
            where = (*place, part, number)
            said["at"] = row.get("at", said["at"])
            asked = {"id": f"{part}-{number}", **said, **row}
            decision = _decide(rules, rows, asked)
            found = {name: value for name, value in _told(rules, decision).items() if name in row}
            for name, value in found.items():
                if not (row[name] in value if name == "says" else row[name] == value):
                    told = f"{name} is {value!r}, not {row[name]!r}"
                    small = isinstance(row[name], float) and isinstance(value, int)
                    yield where, f"{told}: say it in smallest units" if small else told


def _decide(rules: Rules, rows: dict[bytes, bytes], asked: Row) -> Decision:
    """Decide a row, then what it derives; return its own decision."""
    at = _moment(rules, asked["at"])
    kind = rules.actions.get(asked["do"])
    internal = asked.get("over") == "actions.internal" or (
        "over" not in asked and kind is not None and not kind.outside
    )
    value = {
        "id": asked["id"],
        "program": rules.program,
        "user_id": asked["user"],
        "type": asked["do"],
        "occurred_at": at,
        "data": asked.get("data", {}),
    }
    came = _moment(rules, asked["came"]) if "came" in asked else at
    first = _score(rules, rows, json.dumps(value).encode(), came, internal=internal)
    following = list(first.derived)
    for derived in following:
        following += _score(rules, rows, encode(derived), came, internal=True).derived
    return first


def _moment(rules: Rules, text: str) -> int:
    date = moments.read_date(text)
    return moments.read(text) if date is None else rules.calendar.start_of(date)


def _score(
    rules: Rules, rows: dict[bytes, bytes], value: bytes, came: int, *, internal: bool
) -> Decision:
    action = read_action(value, (), came, internal)
    if not isinstance(action, Action):
        account = open_account(rules.program, action.user_id or "", rows)
        return Decision(account, "rejected", rejection=action)
    decision = decide(rules, open_account(rules.program, action.user_id, rows), action)
    for key, row in changed_rows(decision.account):
        if row is None:
            rows.pop(key, None)  # A row that came and went with one action was never there.
        else:
            rows[key] = row
    return decision


def _told(rules: Rules, decision: Decision) -> dict[str, Any]:
    """Tell a decision and the account after it in the words of a row."""
    head = decision.account.head
    purse = head.purses.get(rules.currency, [0, 0])
    refused = decision.declined or decision.rejection
    told = {
        "gives": decision.outcome if refused is None else refused.reason.value,
        "says": "" if refused is None else refused.message,
        "points": sum(posting.points for posting in decision.postings),
        "balance": purse[0],
        "lifetime": purse[1],
    }
    return told | {ladder.name: held(ladder, head.steps) for ladder in rules.ladders}
