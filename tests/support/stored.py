"""Rows of accounts as this release writes them: `python -m tests.support.stored` prints them.

When a release is made they are kept as tests/rows/<release>.json. Such a file never changes again:
accounts stored long ago must be read for ever.
"""

import json
import sys
from base64 import b64encode
from datetime import timedelta
from typing import Final

from schemas import moments
from schemas.account_view import view
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
    adjusted: Document = {"points": 5_000, "reason": "moved in", "created_by": "otto"}
    profile: Document = {"country": "US", "segments": ["vip"], "joined_at": NOON, "listed": True}
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


def stored() -> Document:
    """Return the rows after that history, and what people see of the accounts."""
    engine = Engine()
    engine.publish(loyalty())
    for said in history():
        engine.hear_all(json.dumps(said).encode(), said["occurred_at"])
    subjects = ("anna", "bert", "code:ANNA", "code:CARL")
    return {
        "rows": {key.decode(): b64encode(row).decode() for key, row in engine.rows.items()},
        "views": {subject: view(engine.head(subject)) for subject in subjects},
    }


if __name__ == "__main__":
    json.dump(stored(), sys.stdout, indent=1)
