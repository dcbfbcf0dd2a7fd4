"""What is said of a period on its subject, `period:<board>:<period>`, each of it once for ever."""

from decimal import Decimal
from typing import Any

from audit.case import Case, derived
from audit.members import Declined
from audit.periods import LAST_MOMENT, period_end, period_start, write_instant
from audit.rules import Document, moment_of

MOST_TOLD = 100
ALL_TIME = "all_time"

Rows = list[list[Any]]


def open_period(case: Case) -> None:
    """Note that a period began. Raises Declined."""
    _once(case, "opened", unless={"opened", "closed"})
    _tell(case, "opened")


def close_period(case: Case) -> None:
    """Take the result, and give the winners what they win. Raises Declined."""
    _once(case, "closed", unless={"closed"})
    facts = case.facts
    winners, top = facts["winners"], facts["top"]
    sound = (
        len(winners) <= _most(case)
        and all(score > 0 for _, score in winners)
        and len(top) <= MOST_TOLD
        and max(len(winners), len(top)) <= facts["participants"]
        and (
            facts["participants"] > 0 or not any(facts[f] for f in ("points", "average", "median"))
        )
        and _is_ranking(winners)
        and _is_ranking(top)
        and all(offset >= 0 and offset == int(offset) for offset in facts["positions"].values())
    )
    if not sound:
        raise Declined("condition")
    told = case.part("close").get("snapshot", True) if _is_campaign(case) else True
    keep_until = facts.get("keep_until")
    _tell(
        case,
        "closed",
        participants=facts["participants"],
        points=facts["points"],
        average=_three_places(facts["average"]),
        median=_three_places(facts["median"]),
        winners=_placed(winners),
        top=_placed(top) if told else [],
        positions={place: int(offset) for place, offset in facts["positions"].items()},
        keep_until=None if keep_until is None else write_instant(case.instant("keep_until")),
    )
    _give_prizes(case)


def restate_period(case: Case) -> None:
    """Tell what came late. Raises Declined."""
    _once(case, "restated", unless={"restated"})
    changed, changes = case.facts["changed"], case.facts["changes"]
    sound = (
        "closed" in case.member.period
        and len(changes) <= min(changed, MOST_TOLD)
        and all(before != now for _, before, now in changes)
        and len({member for member, *_ in changes}) == len(changes)
    )
    if not sound:
        raise Declined("condition")
    _tell(case, "restated", changed=changed, changes=changes)


def period_bounds(case: Case, period: str) -> tuple[int, int]:
    """First moment of a period, and the first after it; all of time is the campaign."""
    document, zone = case.version.document or {}, case.version.zone
    if period != ALL_TIME:
        return period_start(period, zone), period_end(period, zone)
    starts, ends = document.get("starts"), document.get("ends")
    return (
        0 if starts is None else moment_of(str(starts), zone),
        LAST_MOMENT if ends is None else moment_of(str(ends), zone),
    )


def _once(case: Case, word: str, *, unless: set[str]) -> None:
    """Note the word, if it was not said before, of the period that is the subject's."""
    if case.member.period & unless:
        raise Declined("once_only")
    board, period = case.facts["board"], case.facts["period"]
    name, _, place = board.partition(":")
    row = case.part("boards").get(name)
    if row is None or bool(row.get("split")) != bool(place):
        raise Declined("condition")
    if case.said.user_id != f"period:{board}:{period}":
        raise Declined("condition")
    if period == ALL_TIME:
        if case.part("close").get("board") != board:
            raise Declined("condition")
    elif period.partition(":")[0] not in row["periods"]:
        raise Declined("condition")
    case.member.period |= {word}


def _is_campaign(case: Case) -> bool:
    return bool(case.facts["period"] == ALL_TIME)


def _row(case: Case) -> Document:
    """What the board says of the winners of such a period."""
    board: Document = case.part("boards")[case.facts["board"].partition(":")[0]]
    row: Document = board.get("winners", {}).get(case.facts["period"].partition(":")[0], {})
    return row


def _most(case: Case) -> int:
    most = case.part("close")["most"] if _is_campaign(case) else _row(case).get("places", 0)
    return int(most)


def _is_ranking(rows: Rows) -> bool:
    scores = [score for _, score in rows]
    return scores == sorted(scores)[::-1] and len({member for member, _ in rows}) == len(rows)


def _give_prizes(case: Case) -> None:
    """The row's action for each place, and of a campaign the rewards for the first so many."""
    facts, row = case.facts, _row(case)
    for at, (member, score) in enumerate(facts["winners"][: row.get("places", 0)]):
        told = {"place": at + 1, "score": score, "period": facts["period"], "board": facts["board"]}
        _follow(case, member, row["action"], told)
    if not _is_campaign(case):
        return
    actions = (case.version.document or {})["actions"]
    grants = [name for name, form in actions.items() if form.get("effect") == "grant_reward"]
    for reward, form in case.part("rewards").items():
        for member, _ in facts["winners"][: form.get("top", 0)]:
            _follow(case, member, grants[0], {"reward": reward})


def _follow(case: Case, member: str, kind: str, facts: Document) -> None:
    case.follows.append(derived(case.said.program, member, kind, facts, case.version.name))


def _placed(rows: Rows) -> Rows:
    return [[at, *row] for at, row in enumerate(rows, 1)]


def _three_places(number: Decimal) -> str:
    return f"{number:.3f}"


def _tell(case: Case, kind: str, **said: object) -> None:
    """Tell of the period, in the form of `periods.closed`."""
    starts, ends = period_bounds(case, case.facts["period"])
    nothing = {
        "participants": 0,
        "points": 0,
        "average": "0.000",
        "median": "0.000",
        "winners": [],
        "top": [],
        "positions": {},
        "keep_until": None,
        "changed": 0,
        "changes": [],
    }
    told = {
        "id": case.posting_id(kind),
        "program": case.said.program,
        "board": case.facts["board"],
        "period": case.facts["period"],
        "kind": kind,
        "starts_at": write_instant(starts) if starts else None,
        "ends_at": write_instant(ends) if ends < LAST_MOMENT else None,
        "occurred_at": write_instant(case.moment),
    }
    case.member.periods.append({**told, **nothing, **said})
