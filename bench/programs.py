"""Deciding for all programs at once: microseconds per action of each, and actions a second of the mix.

    python -m bench.programs [--actions 60000] [--members 2000]

The members of the simulated year act within two weeks; derived actions are decided too. Each record is
read, its account opened, decided, and every result and changed row written, as the worker does but
for Kafka. Processor time of one thread.
"""

import argparse
import gc
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from processors.engine import Decision, RuleBook, Rules, decide
from schemas import moments, programs, wire
from schemas.accounts import changed_rows, open_account
from schemas.actions import Action
from tests.simulation.lives.crowd import SHARES, Crowd, Mix
from tests.support.programs import first_version

START: Final = moments.read("2025-12-01T00:00:00Z")
DAYS: Final = 14
WARM: Final = 0.2
"""This share of the records comes first and is not counted: accounts begin, caches fill."""


@dataclass
class Cost:
    """What the actions of one program cost so far, in seconds of the processor."""

    actions: int = 0
    derived: int = 0
    deciding: float = 0.0
    whole: float = 0.0


@dataclass
class Desk:
    """The accounts of every program, and what deciding them cost."""

    book: RuleBook
    rows: dict[bytes, bytes] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))
    waiting: list[tuple[bytes, int]] = field(default_factory=list)

    def take(self, value: bytes | None, now: int, *, internal: bool) -> None:
        """Decide a record, then whatever is derived from it."""
        self._decide(value, now, internal=internal)
        while self.waiting:
            derived, at = self.waiting.pop(0)
            self._decide(derived, at, internal=True)

    def _decide(self, value: bytes | None, now: int, *, internal: bool) -> None:
        clock = time.process_time
        began = clock()
        action = wire.read_action(value, (), now, internal)
        if not isinstance(action, Action):
            return
        rules = self.book.rules_for(action)
        if not isinstance(rules, Rules):
            return
        account = open_account(action.program, action.user_id, self.rows)
        opened = clock()
        decision = decide(rules, account, action)
        decided = clock()
        self._write(decision)
        cost = self.costs[action.program]
        cost.actions += 1
        cost.derived += "#" in action.id
        cost.deciding += decided - opened
        cost.whole += clock() - began
        self.waiting += [(wire.encode(each), now) for each in decision.derived]

    def _write(self, decision: Decision) -> None:
        """Write what the worker would send."""
        said = (*decision.postings, *decision.tiers, *decision.achievements)
        for result in (*said, decision.accepted, decision.declined):
            if result is not None:
                wire.encode(result)
        for key, row in changed_rows(decision.account):
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=60_000)
    parser.add_argument("--members", type=int, default=2_000)
    asked = parser.parse_args()
    desk = Desk(_book())
    crowd = Crowd(SHARES, asked.members, Mix(broken=0, misrouted=0, cloud_events=0))
    rng = random.Random(7)
    pace = DAYS * moments.DAY / asked.actions
    records = [crowd.next(rng, int(START + n * pace)) for n in range(asked.actions)]
    gc.freeze()
    gc.set_threshold(300_000)  # As the worker does.
    for number, sent in enumerate(records):
        if number == int(asked.actions * WARM):
            desk.costs.clear()
        desk.take(sent.value, int(START + number * pace), internal=sent.internal)
    _print(desk.costs)


def _book() -> RuleBook:
    book = RuleBook()
    for name in SHARES:
        document = first_version(name)
        version = programs.publish(document, lead_ms=0, published_at=0, published_by="bench")
        book.add(version, 0)
    return book


def _print(costs: dict[str, Cost]) -> None:
    print(f"{'program':16} {'actions':>8} {'derived':>8} {'decide':>10} {'in all':>10}")
    for name, cost in sorted(costs.items()):
        deciding, whole = (each / cost.actions * 1e6 for each in (cost.deciding, cost.whole))
        share = cost.derived / cost.actions
        print(f"{name:16} {cost.actions:8,} {share:8.0%} {deciding:7.1f} µs {whole:7.1f} µs")
    actions = sum(cost.actions for cost in costs.values())
    derived = sum(cost.derived for cost in costs.values())
    whole = sum(cost.whole for cost in costs.values())
    print(
        f"{'all together':16} {actions:8,} {derived / actions:8.0%} {'':10} "
        f"{whole / actions * 1e6:7.1f} µs = {actions / whole:,.0f} actions a second"
    )


if __name__ == "__main__":
    main()
