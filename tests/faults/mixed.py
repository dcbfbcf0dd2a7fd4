"""The members of all programs at once, with forgeries among what they send."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from deploy.demo import wall_clock
from deploy.workload import Message
from schemas.moments import DAY, calendar_of
from schemas.program_standard import with_standard
from tests.simulation.lives.crowd import Crowd, Mix
from tests.support.engine import Document
from tests.support.programs import PROGRAMS, first_version, second_version

MEMBERS: Final = 80
"""Of each program: few, so that they meet each other, and limits, all the time."""

FORGED: Final = 0.02
"""Share of records that only Laurel may send."""

GIFTS: Final = 0.02
"""Share of records by which the forum's richest member gives to another."""

RICH: Final = "u-rich"
ERASED: Final = "u-0001"
"""A member of the forum who is erased before all others begin: every second gift comes back."""

OURS: Final = {"engine", "job"}
"""Origins whose actions may not come over `actions`."""

RESERVED: Final = (
    *("code:C-1", "code:W-1", "reward:COUPON", "payment:cs_1", "team:red"),
    "period:global:weekly:2025-W49",
)
"""Subjects that only Laurel speaks of."""


def versions() -> list[Document]:
    """Make a second version of each program, in force since five days: late actions see the first."""
    today = datetime.now(UTC).date()
    begin, until = today - timedelta(days=5), today + timedelta(days=5)
    documents = [
        second_version(first_version(program), begin.isoformat(), until.isoformat())
        for program in PROGRAMS
    ]
    for document in documents:
        if "ends" in document:  # A campaign of the house may be over by now.
            document["ends"] = (today + timedelta(days=90)).isoformat()
    return documents


class MixedLoad:
    """Records without end, each with the name of its input; remembers what is forged among them."""

    def __init__(self, seed: int, documents: Sequence[Document]) -> None:
        self.random = Random(seed)
        self.crowd = Crowd(dict.fromkeys(PROGRAMS, 1.0), MEMBERS, Mix())
        self.forged = 0
        self.given = 0
        # Types that only Laurel may say, as (program, type).
        self.inner = [
            (document["program"], name)
            for document in documents
            for name, action in with_standard(document)["actions"].items()
            if OURS.issuperset(_origins(action))
        ]

    def records(self) -> Iterator[tuple[str, Message]]:
        """Yield what members, jobs and forgers send, in the order in which it is to be produced."""
        by_admin = {"reason": "asked for", "created_by": "admin-7"}
        riches = {"points": 1_000_000, **by_admin}
        yield "actions", _message(self._action("erasure", "forum", ERASED, "ERASE", by_admin))
        yield "actions", _message(self._action("riches", "forum", RICH, "ADJUST_DGT", riches))
        yield "actions.internal", _message(self._close())
        while True:
            draw = self.random.random()
            if draw < FORGED + GIFTS:
                yield "actions", _message(self._forgery() if draw < FORGED else self._gift())
                continue
            sent = self.crowd.next(self.random, wall_clock())
            topic = "actions.internal" if sent.internal else "actions"
            yield topic, Message(sent.key, sent.value, sent.headers)

    def _close(self) -> dict[str, Any]:
        """Close last week, with two winners; what the crowd says of periods may reward nobody."""
        week = calendar_of("UTC").day(wall_clock() - 7 * DAY).names["weekly"]
        winners = [["u-0002", 200], ["u-0003", 100]]
        result = {"participants": 2, "points": 300, "average": "150.000", "median": "150.000"}
        result |= {"winners": winners, "top": winners, "positions": {"rewards.earned:0": 1}}
        data = {"board": "global", "period": week, **result}
        return self._action("close", "loyalty", f"period:global:{week}", "PERIOD_CLOSE", data)

    def _gift(self) -> dict[str, Any]:
        """Give something to a member, or to the one who is erased."""
        self.given += 1
        to = ERASED if self.given % 2 else f"u-{self.random.randrange(MEMBERS):04d}"
        gift = {"to": to, "amount": self.random.randint(1, 50)}
        return self._action(f"gift-{self.given}", "forum", RICH, "TRANSFER", gift)

    def _forgery(self) -> dict[str, Any]:
        """Forge a credit, an id, or a subject."""
        self.forged += 1
        name, user = f"forged-{self.forged}", f"u-{self.random.randrange(MEMBERS):04d}"
        program, kind = self.random.choice(self.inner)
        data = {"from": ERASED, "amount": 1_000, "source_user": user, "owner": user, "place": 1}
        match self.random.randrange(3):
            case 0:
                return self._action(name, program, user, kind, data)
            case 1:
                purchase = {"order_value": 9_999, "order_id": name}
                return self._action(f"{name}#purchase", "loyalty", user, "PURCHASE", purchase)
            case _:
                return self._action(name, program, self.random.choice(RESERVED), kind, data)

    def _action(
        self, name: str, program: str, user: str, kind: str, data: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": name,
            "program": program,
            "user_id": user,
            "type": kind,
            "occurred_at": wall_clock(),
            "data": data,
        }


def _origins(action: Document) -> list[str]:
    origin = action["origin"]
    return [origin] if isinstance(origin, str) else origin


def _message(body: dict[str, Any]) -> Message:
    return Message(body["user_id"].encode(), json.dumps(body).encode(), [])
