"""Microseconds per stage of deciding a PURCHASE with the full loyalty rules.

    python -m bench.engine [--members 20000] [--rounds 5] [--batch 500]

Every member is another one and has earned before; a purchase scores on nine boards. Processor time of
one thread, for each stage that of its best batch: other work on the machine only ever adds.
"""

import argparse
import gc
import time
from itertools import pairwise
from pathlib import Path
from typing import cast

import msgspec

from processors.engine import RuleBook, Rules, decide
from schemas import moments, programs, wire
from schemas.accounts import changed_rows, open_account
from schemas.actions import Action
from schemas.program_files import read_program_file

PROGRAM = Path(__file__).parent.parent / "programs" / "loyalty" / "2025-01-01.yaml"
COUNTRIES = ("US", "DE", "FR", "JP", "BR")
STAGES = ("read_action", "rules_for", "open_account", "decide", "changed_rows", "encode")
START = moments.read("2025-12-07T00:00:00Z")


def purchases(members: int) -> list[bytes]:
    """Return one purchase of each member, as a producer sends it."""
    return [
        msgspec.json.encode(
            {
                "id": f"ord-{77_812 + n}",
                "program": "loyalty",
                "user_id": f"u-{n}",
                "type": "PURCHASE",
                "occurred_at": moments.write(START + n * 977 % moments.DAY),
                "data": {"order_value": (10_000 + n * 7_919 % 40_000) / 100, "order_id": f"{n}"},
            }
        )
        for n in range(members)
    ]


def earlier_rows(members: int, book: RuleBook) -> dict[bytes, bytes]:
    """Return the rows of members who told their country and made two purchases before."""
    rows: dict[bytes, bytes] = {}
    for n in range(members):
        for number, (kind, data) in enumerate(
            (
                ("PROFILE", {"country": COUNTRIES[n % len(COUNTRIES)]}),
                ("PURCHASE", {"order_value": 100 + n * 104_729 % 3_000_000}),
                ("PURCHASE", {"order_value": 150}),
            )
        ):
            action = {
                "id": f"early-{n}-{number}",
                "program": "loyalty",
                "user_id": f"u-{n}",
                "type": kind,
                "occurred_at": START - moments.DAY + number,
                "data": data,
            }
            settle(msgspec.json.encode(action), rows, book)
    return rows


def settle(value: bytes, rows: dict[bytes, bytes], book: RuleBook) -> None:
    """Decide one action and keep what it changes."""
    action = wire.read_action(value, (), START, internal=False)
    assert isinstance(action, Action)
    rules = book.rules_for(action)
    assert isinstance(rules, Rules)
    decision = decide(rules, open_account("loyalty", action.user_id, rows), action)
    rows.update((key, row) for key, row in changed_rows(decision.account) if row is not None)


def one_batch(values: list[bytes], rows: dict[bytes, bytes], book: RuleBook) -> dict[str, float]:
    """Pass a batch through all stages, as the worker does; return the processor time of each."""
    clock = time.process_time
    times = [clock()]
    read = [wire.read_action(each, (), START + moments.DAY, internal=False) for each in values]
    times.append(clock())
    actions = cast("list[Action]", read)
    rules = cast("list[Rules]", [book.rules_for(each) for each in actions])
    times.append(clock())
    accounts = [open_account("loyalty", each.user_id, rows) for each in actions]
    times.append(clock())
    decisions = list(map(decide, rules, accounts, actions))
    times.append(clock())
    for each in decisions:
        changed_rows(each.account)
    times.append(clock())
    for each in decisions:
        for posting in each.postings:
            wire.encode(posting)
    times.append(clock())
    assert all(len(each.postings[0].scores) == 9 for each in decisions)
    spent = [end - begin for begin, end in pairwise(times)]
    return dict(zip(STAGES, spent, strict=True))


def main() -> None:
    """Measure and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--members", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--batch", type=int, default=500)
    said = arguments.parse_args()
    document = read_program_file(PROGRAM).content
    book = RuleBook()
    book.add(programs.publish(document, lead_ms=0, published_at=0, published_by="bench"), 0)
    rows = earlier_rows(said.members, book)
    values = purchases(said.members)
    gc.freeze()
    gc.set_threshold(300_000)  # As the worker does.
    batches = [
        one_batch(values[start : start + said.batch], rows, book)
        for _ in range(said.rounds)
        for start in range(0, said.members, said.batch)
    ]
    best = {stage: min(spent[stage] for spent in batches) / said.batch * 1e6 for stage in STAGES}
    for stage, cost in best.items():
        print(f"{stage:13} {cost:6.2f} µs")
    print(f"{'together':13} {sum(best.values()):6.2f} µs per action")


if __name__ == "__main__":
    main()
