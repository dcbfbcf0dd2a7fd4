"""The loyalty rules as an idiomatic Faust app: an agent, `faust.Record`, `table[key] = value`, `topic.send`.

`faust -A bench.peers.faust_app worker`; addresses come from the same environment as Laurel's.
At least once, as Faust is by default: its `exactly_once` leaves the result topics out.
"""

import datetime as dt
import logging
import os
import tempfile
from pathlib import Path

import faust

from bench.peers.faust_records import (
    AcceptedAction,
    Account,
    AchievementUnlocked,
    Action,
    DeclinedAction,
    Posting,
    TierChanged,
)
from bench.peers.faust_rules import new_account, score

PREFIX = os.environ.get("LAUREL_TOPIC_PREFIX", "")
PARTITIONS = int(os.environ.get("BENCH_PARTITIONS", "8"))

# Faust leaves aiokafka's loggers at debug; making those lines cost 7 % and showed nothing.
logging.getLogger("aiokafka").setLevel(logging.WARNING)

app = faust.App(
    f"{PREFIX}loyalty-faust",
    broker=f"kafka://{os.environ.get('LAUREL_KAFKA', 'localhost:9092')}",
    store="memory://",
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    table_standby_replicas=0,
    # Faust asks for a folder, and would make it where it is started; nothing is kept there.
    datadir=Path(tempfile.gettempdir(), f"laurel-{PREFIX}faust"),
)
actions = app.topic(f"{PREFIX}actions", value_type=Action)
results = {
    Posting: app.topic(f"{PREFIX}rewards.earned", value_type=Posting),
    AcceptedAction: app.topic(f"{PREFIX}actions.accepted", value_type=AcceptedAction),
    DeclinedAction: app.topic(f"{PREFIX}actions.declined", value_type=DeclinedAction),
    TierChanged: app.topic(f"{PREFIX}tier.changed", value_type=TierChanged),
    AchievementUnlocked: app.topic(
        f"{PREFIX}achievements.unlocked", value_type=AchievementUnlocked
    ),
}
accounts = app.Table("accounts", key_type=str, value_type=Account, partitions=PARTITIONS)


@app.agent(actions)
async def scoring(stream: faust.StreamT[Action]) -> None:
    """Decide each action on its member's account and say what follows."""
    async for event in stream.events():
        action, message = event.value, event.message
        account = accounts.get(action.user_id) or new_account()
        appended = dt.datetime.fromtimestamp(message.timestamp, dt.UTC)
        place = f"{message.partition}.{message.offset}"
        for result in score(account, action, appended, place):
            headers = {"schema": b"1", "program": action.program.encode()}
            topic = results[type(result)]
            await topic.send(key=action.user_id, value=result, headers=headers)
        accounts[action.user_id] = account
