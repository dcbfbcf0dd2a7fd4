"""Rows of accounts as a release wrote them: `python -m tests.support.stored 0.1.0` keeps this one's.

A file under tests/rows is written once, when its release is made, and stays: accounts stored long ago
must be read for ever.
"""

import json
import sys
from base64 import b64encode
from datetime import timedelta
from typing import Final

from schemas import moments
from schemas.accounts import view
from tests.support.engine import ROOT, Document, Engine, loyalty

ROWS: Final = ROOT / "tests" / "rows"
NOON: Final = moments.read("2025-11-03T12:00:00Z")
HOUR: Final = timedelta(hours=1) // timedelta(milliseconds=1)


def action(at: int, kind: str, user: str = "anna", **data: object) -> Document:
    """Return an action whose id tells its moment and type."""
    return {
        "id": f"{kind}-{at}",
        "program": "loyalty",
        "user_id": user,
        "type": kind,
        "occurred_at": at,
        "data": data,
    }


def history() -> list[Document]:
    """Return actions after which accounts hold something of everything a row can hold."""
    adjusted = {"points": 5_000, "reason": "moved in", "created_by": "otto"}
    profile = {"country": "US", "segments": ["vip"], "joined_at": NOON, "listed": True}
    return [
        action(NOON, "SIGNUP", code="ANNA"),
        action(NOON, "SIGNUP", "bert", referral_code="CARL"),
        action(NOON, "PROFILE", **profile, timezone="Europe/Berlin"),
        action(NOON, "MANUAL_ADJUSTMENT", **adjusted),
        action(NOON, "BIRTHDAY_BONUS"),
        action(NOON, "SOCIAL_SHARE"),
        *(action(NOON + n, "REVIEW", product_id=f"p-{n}") for n in range(3)),
        *(action(NOON + n * HOUR, "PURCHASE", order_value=100 * n) for n in range(1, 30)),
    ]


def write(release: str) -> None:
    """Keep the rows that this release writes, and what people see of them."""
    engine = Engine()
    engine.publish(loyalty())
    for said in history():
        engine.hear_all(json.dumps(said).encode(), said["occurred_at"])
    subjects = ("anna", "bert", "code:ANNA", "code:CARL")
    kept = {
        "rows": {key.decode(): b64encode(row).decode() for key, row in engine.rows.items()},
        "views": {subject: view(engine.head(subject)) for subject in subjects},
    }
    with (ROWS / f"{release}.json").open("x") as file:
        json.dump(kept, file, indent=1)


if __name__ == "__main__":
    write(sys.argv[1])
