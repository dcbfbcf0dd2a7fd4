"""Settling: lots, holds, reservations and suspensions past their time, one action per account and moment.

Accounts settle by themselves when something is done on them; the job sees to those where nothing is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from processors.jobs.actions import JobAction
from processors.jobs.means import Means
from schemas.programs import Program
from sinks.job_reads import DueAccount, due_accounts

PAGE: Final = 1_000
"""Accounts read at once."""


def types_of(program: Program) -> list[str]:
    """Name the action types of a program that settle."""
    return [name for name, kind in program.actions.items() if kind.effect == "settle"]


def action_for(account: DueAccount, types: list[str]) -> JobAction | None:
    """Make the action that settles an account; None when its program has none.

    It is named for what is due, where the program has that name: any one settles everything. The
    id is that of the moment and the state: something else that falls due at the same moment, by a
    late action, is another action.
    """
    if not types:
        return None
    return JobAction(
        id=f"settle@{account.due_at}.{account.sequence}",
        program=account.program,
        user_id=account.subject,
        type=account.due if account.due in types else types[0],
        occurred_at=account.due_at,
    )


def due(accounts: Iterable[DueAccount], types: Mapping[str, list[str]]) -> list[JobAction]:
    """Make the actions that settle these accounts; `types` are those that settle, by program."""
    made = (action_for(account, types.get(account.program, [])) for account in accounts)
    return [action for action in made if action is not None]


async def run(means: Means) -> Counter[str]:
    """Settle every account of which something is due, page by page, the earliest first."""
    now = means.clock.now()
    found = {program.program: types_of(program) for program in means.programs.now(now)}
    types = {name: settling for name, settling in found.items() if settling}
    sent, last = Counter[str](), None
    while page := await due_accounts(means.ledger, list(types), now, last, PAGE):
        last = page[-1]
        new = [each for each in due(page, types) if not means.lately.has(_what(each))]
        sent += await means.sender.send(new)
        for each in new:
            means.lately.note(_what(each))
    return sent


def _what(action: JobAction) -> tuple[str, str, str]:
    return action.program, action.user_id, action.id
