"""Scoring: how an action becomes points.

A turn holds what was fetched of each owned partition. Its records are read as actions, each action
is decided by the rules in force for it, and everything that follows from the turn leaves in one
Kafka transaction: postings, outcomes, derived actions, the accounts' changed rows, the journal and
the offsets. Accounts in memory change after the commit, never before.
"""

from collections.abc import Iterable

import msgspec
from aiokafka import ConsumerRecord
from faust.types import TP

from processors.engine import RuleBook, decide
from processors.outputs import Outputs
from processors.status import Status
from processors.stream.changelog import Rows, apply_rows
from processors.stream.ownership import Ownership
from processors.stream.turns import Run, Turn
from schemas.accounts import Account, changed_rows, open_account
from schemas.actions import Action
from schemas.results import JournalEntry, Rejected
from schemas.wire import Rejection, read_action
