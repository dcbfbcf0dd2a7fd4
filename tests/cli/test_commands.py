"""Commands against a running Laurel."""

import asyncio
import gc
import json
import os
import signal
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cli import kafka
from cli.addresses import Place, settings_at
from cli.program_files import PROGRAMS
from cli.versions import now_ms
from deploy import topics as broker_topics
from schemas.moments import write
from schemas.topics import expected, load
from tests.cli.laurels import Laurel, wait_until

# Without its examples, which would hold changed rules to the old figures.
GOOD = (PROGRAMS / "loyalty" / "2025-01-01.yaml").read_text().partition("\nexamples:")[0]


def place_of(laurel: Laurel) -> Place:
    """Give the settings that commands of this Laurel have."""
    return Place(settings_at({name[7:].lower(): at for name, at in laurel.environment.items()}))


@pytest.fixture
def user() -> str:
    return f"u-{uuid4().hex[:8]}"


def published(laurel: Laurel, folder: Path, program: str, text: str = GOOD) -> Path:
    """Publish a program of this name and wait until it is in force."""
    path = folder / f"{program}.yaml"
    path.write_text(text.replace("program: loyalty", f"program: {program}"))
    laurel("rules", "publish", str(path), "--lead", "2")
    laurel.until("rules", "show", program, part="published")
    return path


def test_members_move_in(laurel: Laurel, tmp_path: Path, user: str) -> None:
    """`import` opens an account per line, says what differs, and moves nobody in twice."""
    file = tmp_path / "members.csv"
    rows = [f"{user}-1,120,5000,SILVER,3", f"{user}-2,7,7,GOLD,", f"{user}-3,0.5,1,,"]
    file.write_text("\n".join(["user_id,balance,lifetime,steps.tier,streaks.login", *rows]))
    said = laurel("import", str(file), "--program", "loyalty", "--timeout", "15", code=1)
    assert f"{user}-1" not in said
    assert "BRONZE" in said  # 7 points for life are no GOLD.
    assert "condition: amounts have more decimals than points" in said
    file.write_text("\n".join(["user_id,balance,lifetime,steps.tier,streaks.login", rows[0]]))
    again = laurel("import", str(file), "--program", "loyalty")
    assert "1 member in loyalty: all is as the file says" in again
    assert "120" in laurel("account", "loyalty", f"{user}-1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("user_id,balance\nu-1,ten", "line 2: balance is no number: 'ten'"),
        ("user_id,balance\nu-1", "line 2: 1 cells under 2 columns"),
        ("user_id,colour\nu-1,red", "line 2: the column colour means nothing"),
        ("balance\n3", "line 2: no user_id"),
        ('{"balances": {}}', "line 1: no JSON object with a user_id"),
        ('{"user_id": "u", "points": 3}', "line 1: unknown points"),
    ],
)
def test_a_file_of_members_is_refused_with_its_line(
    laurel: Laurel, tmp_path: Path, text: str, problem: str
) -> None:
    """What cannot be read is told before anything is sent."""
    file = tmp_path / "members"
    file.write_text(text)
    assert problem in laurel("import", str(file), "--program", "loyalty", code=1)


def test_doctor_finds_all_well(laurel: Laurel, user: str) -> None:
    """A Laurel that `laurel run` started has nothing to say but what is well.

    Once it is idle nothing waits: what is left unread are ends of transactions.
    """
    laurel("send", "PURCHASE", "--user", user, "-d", "order_value=250", "--wait")
    for kind in ("boards", "ledger", "scoring"):
        said = laurel.until("doctor", part=f"1 {kind} worker, nothing waits", seconds=20)
    assert "✗" not in said
    for part in ("1 broker", "all 15 topics", "loyalty@2025-01-01 is in force", "1 scoring worker"):
        assert part in said


def test_an_action_is_sent_and_its_results_are_shown(laurel: Laurel, user: str) -> None:
    """`send --wait` shows points with their sum, and of the same id again that it is a duplicate."""
    purchase = ["send", "PURCHASE", "--user", user, "--id", f"o-{user}", "--wait"]
    facts = ["-d", "order_value=250.50", "-d", "order_id=77812"]
    first = laurel(*purchase, *facts)
    assert "+2 points" in first
    assert "floor = 2" in first
    assert "duplicate" in laurel(*purchase, *facts)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["SIGNUP", "-d", "code=77"], 0, ["accepted", "SIGNUP"]),
        (["REVIEW"], 1, ["bad_fact", "product_id"]),
        (["PURCHASE", "-d", "order_value=10"], 0, ["rounds_to_zero"]),
        (["FLY"], 1, ["knows no FLY", "unknown_action"]),
        (["PURCHASE", "--program", "nobodys"], 1, ["no version of nobodys", "unknown_program"]),
        (["MANUAL_ADJUSTMENT", "-d", '{"points": 5000, "reason": "r", "created_by": "a"}'], 0,
         ["+5,000 points", "BRONZE → SILVER", "badge", "POINTS_5K"]),
    ],
)  # fmt: skip
def test_every_outcome_is_shown(
    laurel: Laurel, user: str, arguments: list[str], code: int, expected: list[str]
) -> None:
    """Accepted, declined and rejected are told with their reason; steps and badges beside points.

    Only what was rejected is a failure: declining is what rules are for.
    """
    said = laurel("send", *arguments, "--user", user, "--wait", code=code)
    for part in expected:
        assert part in said


def test_a_file_is_sent_and_tailed(laurel: Laurel, user: str, tmp_path: Path) -> None:
    """Every line of a file becomes an action of its member; `tail` shows what came of it."""
    actions = [
        {
            "id": f"{user}-{number}",
            "program": "loyalty",
            "user_id": user,
            "type": "PURCHASE",
            "occurred_at": "2099-01-01T00:00:00Z" if number == 3 else write(now_ms()),
            "data": {"order_value": 100 * (number + 1)},
        }
        for number in range(5)
    ]
    path = tmp_path / "actions.ndjson"
    path.write_text("\n".join(map(json.dumps, actions)))
    assert "sent 5 actions" in laurel("send", "--file", str(path), "--rate", "500")
    followed = ["rewards.earned", "actions.rejected", "--user", user, "--from-beginning", "-n", "5"]
    lines = laurel("tail", *followed, "--json").splitlines()
    said = [json.loads(line) for line in lines]
    assert sorted(one["points"] for one in said if "points" in one) == [1, 2, 3, 5]
    assert [one["reason"] for one in said if "points" not in one] == ["from_the_future"]
    assert "+5 points" in laurel("tail", *followed)


def test_a_line_that_is_no_action_stops_the_file(laurel: Laurel, user: str) -> None:
    """The line is named, and how many were sent before it."""
    lines = f'{{"user_id": "{user}"}}\n\n{{"user": 1}}\n'
    said = laurel("send", "--file", "-", given=lines, code=1)
    assert "line 3 is no action" in said
    assert "1 lines before it were sent" in said


def line(user: str, size: int) -> str:
    """Give a line of a file of actions with so many bytes of text in it."""
    return json.dumps({"user_id": user, "id": f"{user}-{size}", "note": "x" * size})


@pytest.fixture
def narrow(laurel: Laurel, prefix: str) -> Iterator[Laurel]:
    """Give commands to topics of their own, whose `actions` takes no record over 1,000 bytes."""
    other = Laurel(laurel.environment | {"LAUREL_TOPIC_PREFIX": prefix}, laurel.folder)
    place, topics = place_of(other), expected(load(), "embedded", prefix)
    actions = place.settings.topic("actions")
    config = {**topics[actions].config, "max.message.bytes": "1000"}
    topics[actions] = replace(topics[actions], config=config)
    asyncio.run(broker_topics.apply(place.settings.kafka_connection, topics))
    yield other

    async def remove() -> None:
        async with kafka.admin(place) as admin:
            await admin.delete_topics(list(topics))

    asyncio.run(remove())


def test_a_line_that_the_broker_refuses_stops_the_file(narrow: Laurel, user: str) -> None:
    """Nothing is called sent that did not arrive, and asyncio has nothing to add."""
    lines = "\n".join(line(user, size) for size in (4_000, 5_000, 6_000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = narrow("send", "--file", "-", given=lines, code=1)
        gc.collect()
    assert "line 1 did not reach" in said
    assert "MessageSizeTooLargeError" in said
    assert "0 before it were sent" in said
    assert "max.message.bytes" in said
    assert "sent 3" not in said


def test_a_line_that_no_producer_sends_is_named(narrow: Laurel, user: str) -> None:
    """A line over 1 MiB never leaves the client; what was before it arrived."""
    lines = "\n".join(line(user, size) for size in (10, 2_000_000, 20))
    said = narrow("send", "--file", "-", given=lines, code=1)
    assert "line 2 did not reach" in said
    assert "1 before it were sent" in said
    assert "at most 65,536 bytes" in said


def test_rejected_records_are_sent_again(laurel: Laurel, user: str, tmp_path: Path) -> None:
    """What was rejected for want of rules is scored once they are published and it is retried."""
    program = f"shop-{user}"
    action = ["send", "PURCHASE", "--program", program, "--user", user, "-d", "order_value=700"]
    assert "unknown_program" in laurel(*action, "--id", user, "--wait", code=1)
    listed = json.loads(laurel("rejected", "list", "--last", "1", "--json"))
    assert listed["action_id"] == user
    assert listed["id"] in laurel("rejected", "list", "--reason", "unknown_program")
    published(laurel, tmp_path, program)
    assert "sent 1 record again" in laurel("rejected", "retry", listed["id"])
    said = json.loads(
        laurel("tail", "rewards.earned", "--user", user, "--from-beginning", "-n", "1", "--json")
    )
    assert (said["action_id"], said["program"], said["points"]) == (user, program, 7)
    assert "no such rejected record: actions/0/x" in laurel(
        "rejected", "retry", "actions/0/x", code=1
    )
    assert "say which" in laurel("rejected", "retry", code=1)


def test_a_record_that_was_too_large_to_be_kept_is_not_sent_again(laurel: Laurel) -> None:
    """Nothing is left of it to send: an empty record would only be rejected anew."""
    place = place_of(laurel)

    async def send() -> None:
        async with kafka.producer(place) as producer:
            await producer.send_and_wait(place.settings.topic("actions"), bytes(950_000), b"u")

    asyncio.run(send())
    part = "too many to be repeated"
    laurel.until("rejected", "list", "--reason", "too_large", part=part)
    said = laurel("rejected", "retry", "--reason", "too_large")
    assert "sent 0 records again" in said
    assert "left 1 whose bytes were too many to be kept" in said


def test_a_record_with_an_empty_header_is_rejected_like_any_other(
    laurel: Laurel, user: str
) -> None:
    """A header may have no value in Kafka; its record stands in nobody's way."""
    place = place_of(laurel)

    async def send() -> None:
        async with kafka.producer(place) as producer:
            topic, headers = place.settings.topic("actions"), [("trace", None)]
            await producer.send_and_wait(topic, b"no JSON", user.encode(), headers=headers)

    asyncio.run(send())
    said = laurel(
        "tail", "actions.rejected", "--user", user, "--from-beginning", "-n", "1", "--json"
    )
    assert json.loads(said)["headers"] == {"trace": ""}


def test_rules_are_published_compared_and_stopped(
    laurel: Laurel, user: str, tmp_path: Path
) -> None:
    """The whole life of a program's versions, followed by the running worker."""
    program = f"rules-{user}"
    path = published(laurel, tmp_path, program)
    review = ["send", "REVIEW", "--program", program, "--user", user, "--wait", "-d"]
    assert "+20 points" in laurel(*review, "product_id=1")
    assert "is published already" in laurel("rules", "publish", str(path))

    changed = path.read_text().replace("points: 20", "points: 25")
    path.write_text(changed)
    assert "never changes" in laurel("rules", "publish", str(path), code=1)
    path.write_text(changed.replace("from: 2025-01-01", "from: 2025-12-01"))
    compared = laurel("rules", "diff", program, str(path))
    assert "actions.REVIEW.rules.review.points: 20 → 25" in compared
    laurel("rules", "publish", str(path), "--lead", "2")
    laurel.until("rules", "show", program, part=f"# {program}@2025-12-01")
    assert "+25 points" in laurel(*review, "product_id=2")
    then = laurel("rules", "show", program, "--at", "2025-06-01T00:00:00Z", "--compiled")
    assert then.startswith(f"{program}@2025-01-01: ")

    laurel("rules", "stop", program, "REVIEW", "--lead", "2")
    laurel.until("rules", "show", program, part="active: false")
    assert "inactive" in laurel(*review, "product_id=3")
    laurel("rules", "stop", program, "--lead", "2")
    laurel.until("rules", "show", program, part=f"stops {program}")
    assert "unknown_program" in laurel(*review, "product_id=4", code=1)
    past, last = "for what happened before the next one", "stops the program"
    listed = [line.rstrip() for line in laurel("rules", "show").splitlines() if program in line]
    assert len(listed) == 4
    assert all(line.endswith(past) for line in listed[:3])
    assert listed[3].endswith(last)


def test_boards_and_accounts_are_shown_and_rebuilt(laurel: Laurel, user: str) -> None:
    """A member's points are on the board and in the ledger; rebuilt they are the same."""
    points = '{"points": 777777, "reason": "prize", "created_by": "me"}'
    laurel("send", "MANUAL_ADJUSTMENT", "--user", user, "-d", points, "--wait")
    account = laurel.until("account", "loyalty", user, part="+777,777")
    for part in ("tier DIAMOND", "balance 777,777", "MANUAL_ADJUSTMENT adjust (prize)"):
        assert part in account
    board = ["top", "global", "weekly", "--user", user]
    first = laurel.until(*board, part=user).splitlines()[2]
    assert first.split()[:3] == ["1", user, "777,777"]

    said = laurel("rebuild", "boards", "loyalty")
    assert "the boards of loyalty are made anew" in said
    assert "offsets in" in said
    assert laurel(*board).splitlines()[2] == first
    assert "the ledger is made anew" in laurel("rebuild", "ledger")
    assert laurel("account", "loyalty", user) == account
    assert "nobodys has no boards" in laurel("rebuild", "boards", "nobodys", code=1)
    assert "nobody stands on" in laurel("top", "global", "weekly:2001-W01", code=1)
    assert "has no account" in laurel("account", "loyalty", f"not-{user}", code=1)


def test_ranks_are_shown(laurel: Laurel, user: str, tmp_path: Path) -> None:
    """`rank` tells where a member stands and what passes the next one; `top` shows any stretch."""
    program = f"ranks-{user}"
    published(laurel, tmp_path, program)
    points = {"ann": 300, "bob": 200, "eve": 200, "zoe": 100}
    for member, earned in points.items():
        facts = f'{{"points": {earned}, "reason": "r", "created_by": "me"}}'
        laurel("send", "MANUAL_ADJUSTMENT", "--program", program, "--user", member, "-d", facts)
    shown = laurel.until("rank", program, "zoe", "--around", "1", part="4 of 4")
    lines = [line.split(maxsplit=1) for line in shown.splitlines()[1:6]]
    assert [(line[0], line[1].strip()) for line in lines] == [
        ("rank", "4 of 4"),
        ("score", "100"),
        ("standing", "top 100.00 %"),
        ("next", "rank  3 takes 101 more; eve with 200 has it"),
        ("milestone", "3 takes 101 more; eve with 200 has it"),
    ]
    assert "top 25.00 %, Champion" in laurel("rank", program, "ann", "--board", "tier:BRONZE")
    said = json.loads(laurel("rank", program, "eve", "--competition", "-n", "0", "--json"))
    assert {name: said[name] for name in ("rank", "score", "participants", "top_percent")} == {
        "rank": 2,
        "score": 200,
        "participants": 4,
        "top_percent": 50.0,
    }
    assert said["next_rank"] == {"rank": 1, "user_id": "ann", "score": 300, "points": 100}
    assert [one["user_id"] for one in said["around"]] == ["eve"]

    board = ["top", "global", "weekly", "--program", program]

    def ranks(*arguments: str) -> list[list[str]]:
        return [line.split()[:3] for line in laurel(*board, *arguments).splitlines()[2:]]

    assert ranks("--around", "ann", "-n", "1") == [["1", "ann", "300"], ["2", "bob", "200"]]
    assert ranks("--after", "1", "-n", "2", "--competition") == [
        ["2", "bob", "200"],
        ["2", "eve", "200"],
    ]
    assert ranks("-n", "1", "--user", "zoe") == [["1", "ann", "300"], ["…"], ["4", "zoe", "100"]]
    assert "goes with neither" in laurel(*board, "--around", "ann", "--after", "1", code=1)
    assert "does not stand on" in laurel(*board, "--user", "nobody")
    assert "does not stand on" in laurel(*board, "--around", "nobody", code=1)
    laurel("send", "SUSPEND", "--program", program, "--user", "bob", "-d", "reason=r", "--wait")
    hidden = ["rank", program, "bob"]
    wait_until(lambda: "is hidden from all boards" in laurel.run(*hidden).output, 60)


def test_a_member_and_a_program_are_told_of(laurel: Laurel, user: str) -> None:
    """What hosts say of a member, and what it did, is in the figures and in its account."""
    place = place_of(laurel)

    async def name_it() -> None:
        async with kafka.producer(place) as producer:
            topic, value = place.settings.topic("members"), b'{"username": "Ann of %s"}'
            await producer.send_and_wait(topic, value % user.encode(), user.encode())

    asyncio.run(name_it())
    points = '{"points": 888888888, "reason": "prize", "created_by": "me"}'
    laurel("send", "MANUAL_ADJUSTMENT", "--user", user, "-d", points, "--wait")
    laurel("send", "SOCIAL_SHARE", "--user", user, "--wait")
    figures = laurel.until("figures", "loyalty", part=f"Ann of {user}")
    for part in ("888,888,", "MANUAL_ADJUSTMENT", "tier    DIAMOND", "active", "economy"):
        assert part in figures
    told = json.loads(laurel.until("account", "loyalty", user, "--json", part="SOCIAL_SHARE"))
    assert told["counts"] == {"MANUAL_ADJUSTMENT": 1, "SOCIAL_SHARE": 1}
    assert [done["action"] for done in told["asked"]["recent"]] == [
        "SOCIAL_SHARE",
        "MANUAL_ADJUSTMENT",
    ]
    assert sum(row["actions"] for row in told["asked"]["hours"]) == 1  # Nobody adjusts oneself.
    document = json.loads(laurel("figures", "loyalty", "--json", "--days", "1", "-n", "1"))
    assert document["top"][0]["user_id"] == user
    assert len(document["triggered"]) == 1
    assert "no version of a program nobodys" in laurel("figures", "nobodys", code=1)


def test_a_killed_worker_is_started_again(laurel: Laurel, user: str) -> None:
    """After kill -9 of the scoring worker the next action is decided as if nothing had been."""
    pid = laurel.pid("scoring")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    said = laurel("send", "SIGNUP", "--user", user, "--wait", "--timeout", "60")
    assert "accepted" in said
    assert laurel.pid("scoring") not in (None, pid)
    assert "scoring ended, killed by SIGKILL" in (laurel.folder / "run.log").read_text()


def test_topics_are_made_compared_and_mended(laurel: Laurel, prefix: str) -> None:
    """`apply` makes what is missing once, `diff` names what differs, `apply` mends it."""
    other = Laurel(laurel.environment | {"LAUREL_TOPIC_PREFIX": prefix}, laurel.folder)
    assert f"refused: {prefix}rules is missing" in other("topics", "diff", code=1)
    assert "there is no topic" in other("rules", "show", code=1)
    assert "15 created, 0 altered" in other("topics", "apply")
    assert "0 created, 0 altered" in other("topics", "apply")
    assert "all 15 topics are as topics.yaml says" in other("topics", "diff")
    production = Laurel(other.environment | {"LAUREL_PROFILE": "production"}, laurel.folder)
    assert f"{prefix}actions: partitions is 8, expected 64" in production("topics", "diff", code=1)
    assert "partitions is 8" in production("topics", "apply", code=1)
    assert "--operation Write" in other("topics", "acls")
