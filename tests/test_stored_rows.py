"""Accounts outlive releases: rows written by any of them are read, and a newer one's fields survive."""

import json
import zlib
from base64 import b64decode
from pathlib import Path

import msgspec
import pytest

from processors.engine import Decision
from schemas.account_view import view
from schemas.accounts import FIELDS
from schemas.moments import write
from tests.support.cases import CASES
from tests.support.engine import Engine, as_bytes, document, loyalty
from tests.support.stored import HOUR, NOON, ROWS, action, history

RELEASES = sorted(ROWS.glob("*.json"))
ANNA = b"loyalty\0anna"


def restored(path: Path) -> Engine:
    """Return an engine whose accounts are those that a release wrote."""
    rows = json.loads(path.read_text())["rows"]
    engine = Engine(rows={key.encode(): b64decode(row) for key, row in rows.items()})
    engine.publish(loyalty())
    return engine


def outcome(engine: Engine, said: dict[str, object], at: int) -> str:
    """Return what became of an action: `posted`, `accepted`, or why it was declined."""
    decision = engine.hear(json.dumps(said).encode(), at)
    assert isinstance(decision, Decision), decision
    return decision.declined.reason if decision.declined else decision.outcome


def test_a_release_is_kept() -> None:
    """There are rows to read."""
    assert RELEASES


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_accounts_are_read(path: Path) -> None:
    """What people saw of the accounts when they were written they see now."""
    engine = restored(path)
    for subject, seen in json.loads(path.read_text())["views"].items():
        assert view(engine.head(subject)).items() >= seen.items()


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_what_was_decided_is_remembered(path: Path) -> None:
    """Every id said before is a duplicate, and every limit goes on."""
    engine, later = restored(path), NOON + 30 * HOUR
    for said in history():
        assert outcome(engine, said, later) == "duplicate"
    assert outcome(engine, action(NOON + 1, "SOCIAL_SHARE"), later) == "cooling_down"
    assert outcome(engine, action(later, "REVIEW", product_id="p-1"), later) == "once_only"
    assert outcome(engine, action(later, "BIRTHDAY_BONUS"), later) == "once_only"
    assert outcome(engine, action(later, "SIGNUP"), later) == "once_only"


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_who_waits_is_answered(path: Path) -> None:
    """A referral that waited for its code is paid when the code comes."""
    said = json.dumps(action(NOON + HOUR, "SIGNUP", "carl", code="CARL")).encode()
    heard = restored(path).hear_all(said, NOON + HOUR)
    paid = [posting for each in heard if isinstance(each, Decision) for posting in each.postings]
    assert [(posting.user_id, posting.reference["referred_user"]) for posting in paid] == [
        ("carl", "bert")
    ]


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_fields_of_a_newer_release_survive(path: Path) -> None:
    """What a newer release added to a head is handed on by this one, byte for byte."""
    engine, added = restored(path), ["new", {"deep": [1, b"\xff"]}, None]
    said = action(NOON + 39 * HOUR, "PURCHASE", order_value=100)
    assert outcome(engine, said, NOON + 39 * HOUR) == "posted"  # Written by this release.
    newer = [FIELDS + 3, *msgspec.msgpack.decode(engine.rows[ANNA])[1:], *added]
    engine.rows[ANNA] = msgspec.msgpack.encode(newer)
    later = NOON + 40 * HOUR
    for number in range(40):
        said = action(later + number, "PURCHASE", order_value=100)
        assert outcome(engine, said, later + number) == "posted"
    written = msgspec.msgpack.decode(engine.rows[ANNA])
    assert (written[0], written[FIELDS:]) == (FIELDS + 3, added)


def test_fields_that_an_older_release_did_not_know_are_as_new() -> None:
    """A head of fewer fields is read; what it does not have is as in a new account."""
    engine = Engine()
    engine.publish(loyalty())
    assert outcome(engine, action(NOON, "PURCHASE", order_value=100), NOON) == "posted"
    fields = msgspec.msgpack.decode(engine.rows[ANNA])
    engine.rows[ANNA] = msgspec.msgpack.encode([3, *fields[1:3]])
    assert outcome(engine, action(NOON + 1, "PURCHASE", order_value=100), NOON) == "posted"
    assert (engine.head("anna").sequence, engine.head("anna").purses["points"][:2]) == (2, [2, 2])
    assert len(msgspec.msgpack.decode(engine.rows[ANNA])) == FIELDS


def test_a_suspension_that_kept_no_beginning_is_read() -> None:
    """An older release kept a suspension's end alone: nothing counts that happened before it."""
    engine = Engine()
    engine.publish(loyalty())
    said = action(NOON, "SUSPEND", until=write(NOON + 2 * HOUR), reason="fraud")
    assert outcome(engine, said, NOON) == "accepted"
    head = engine.head("anna")
    head.parts = {"suspended": msgspec.Raw(msgspec.msgpack.encode([NOON + 2 * HOUR]))}
    engine.rows[ANNA] = msgspec.msgpack.encode(head)
    later = NOON + 3 * HOUR
    for happened, came, became in (
        (NOON + HOUR, NOON + HOUR, "suspended"),
        (later, later, "posted"),
        (NOON - 1, later, "suspended"),
    ):
        said = action(happened, "REVIEW", product_id=f"p-{happened}")
        assert outcome(engine, said, came) == became


def test_an_erased_account_is_one_row() -> None:
    """All others go with it: ids, awards, moments of cooldowns, and what counted once."""
    engine, later = Engine(), NOON + 40 * HOUR
    engine.publish(loyalty())
    for said in history():
        engine.hear_all(json.dumps(said).encode(), said["occurred_at"])
    rows = {key for key in engine.rows if key.startswith(ANNA)}
    kinds = {key.removeprefix(ANNA + b"\0").partition(b".")[0] for key in rows - {ANNA}}
    assert kinds == {b"ids", b"awards", b"times", b"set"}
    said = action(later, "ERASE", reason="asked for", created_by="otto")
    assert outcome(engine, said, later) == "posted"
    assert rows & engine.rows.keys() == {ANNA}


def test_awards_are_read_compressed_or_not() -> None:
    """Full rows of awards are stored compressed; an older release stored them as they were."""
    ours, older = Engine(), Engine()
    for engine in (ours, older):
        engine.publish(loyalty())
        for number in range(1, 41):
            said = action(NOON + number * HOUR, "PURCHASE", order_value=100)
            assert outcome(engine, said, NOON + number * HOUR) == "posted"
    full, later = ANNA + b"\0awards.0", NOON + 50 * HOUR
    older.rows[full] = zlib.decompress(ours.rows[full])
    assert len(ours.rows[full]) * 2 < len(older.rows[full])
    for said in (
        action(later, "REVERSAL", action_id=f"PURCHASE-{NOON + HOUR}", reason="returned"),
        action(later, "REDEMPTION", points=5, reward="mug"),
    ):
        assert outcome(ours, said, later) == outcome(older, said, later) == "posted"
    assert ours.rows == older.rows
    assert as_bytes(one.outcome for one in ours.heard) == as_bytes(
        one.outcome for one in older.heard
    )


def test_what_was_given_by_a_rule_that_is_no_more_is_settled() -> None:
    """A later version may have dropped the rule: what it held is released, and can be taken back."""
    bank = document(CASES / "words" / "bank.yaml")
    kept = {name: said for name, said in bank["actions"].items() if name != "CARD"}
    engine = Engine()
    engine.publish(bank)
    engine.publish(bank | {"effective_from": write(NOON + HOUR), "actions": kept})
    card = action(NOON, "CARD", amount=100) | {"program": "bank"}
    assert outcome(engine, card, NOON) == "posted"
    later = NOON + 15 * 24 * HOUR
    settle = json.dumps(action(later, "SETTLE") | {"program": "bank"}).encode()
    released = engine.hear(settle, later, internal=True)
    assert isinstance(released, Decision)
    assert [(each.kind, each.points) for each in released.postings] == [("release", 150)]
    back = action(later, "REVERSAL", action_id=card["id"]) | {"program": "bank"}
    assert outcome(engine, back, later) == "posted"
    assert engine.head("anna", "bank").purses["euro"][:2] == [0, 0]
