"""What topics.yaml promises, and which differences of a broker break it."""

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from schemas.topics import TOPICS_FILE, Profile, Topics, TopicState, acls, diff, expected, load

NAMES = {
    "actions",
    "actions.internal",
    "rewards.earned",
    "actions.accepted",
    "actions.declined",
    "actions.rejected",
    "tier.changed",
    "achievements.unlocked",
    "notifications.send",
    "leaderboard.updated",
    "periods.closed",
    "scoring.journal",
    "rules",
    "members",
    "laurel-scoring-accounts-changelog",
}
APPEND = {"actions", "actions.internal", "rules"}
COMPACTED = {"rules", "members", "laurel-scoring-accounts-changelog"}
DAY = 86_400_000
KEPT = {
    "actions": 90 * DAY,
    "rewards.earned": -1,
    "actions.accepted": 90 * DAY,
    "actions.declined": 90 * DAY,
    "actions.rejected": 14 * DAY,
    "tier.changed": 365 * DAY,
    "achievements.unlocked": 365 * DAY,
    "notifications.send": 7 * DAY,
    "leaderboard.updated": 7 * DAY,
    "periods.closed": -1,
    "scoring.journal": 90 * DAY,
}


@pytest.mark.parametrize(
    ("profile", "partitions", "replication", "in_sync"),
    [("embedded", 8, 1, "1"), ("production", 64, 3, "2")],
)
def test_profile(profile: Profile, partitions: int, replication: int, in_sync: str) -> None:
    """Every topic has the profile's replicas, and all but `rules` lie as `actions` does."""
    found = expected(load(), profile)
    assert found.keys() == NAMES
    for name, topic in found.items():
        assert topic.partitions == (1 if name == "rules" else partitions), name
        assert topic.replication == replication
        assert topic.config["min.insync.replicas"] == in_sync


def test_time_and_retention() -> None:
    """The inputs and the rules carry the broker's time; each topic is kept as the contract says."""
    found = {name: topic.config for name, topic in expected(load(), "embedded").items()}
    stamped = {
        name
        for name, config in found.items()
        if config["message.timestamp.type"] == "LogAppendTime"
    }
    assert stamped == APPEND
    compacted = {name for name, config in found.items() if config["cleanup.policy"] == "compact"}
    assert compacted == COMPACTED
    assert {name: int(found[name]["retention.ms"]) for name in KEPT} == KEPT


def test_prefix_and_principal() -> None:
    """A prefix stands before every name, and a principal sees only what it writes or reads."""
    found = expected(load(), "embedded", "shop.", principal="boards")
    assert found.keys() == {"shop.rules", "shop.rewards.earned", "shop.leaderboard.updated"}


def _with(
    topic: TopicState, config: dict[str, str], shape: dict[str, Any] | None = None
) -> TopicState:
    return replace(topic, config={**topic.config, **config}, **(shape or {}))


DIFFERENCES = [
    ("actions", {"partitions": 12}, {}, ("partitions", "refused", "hand")),
    ("actions", {"replication": 2}, {}, ("replication", "warned", "hand")),
    (
        "actions",
        {},
        {"message.timestamp.type": "CreateTime"},
        ("message.timestamp.type", "refused", "alter"),
    ),
    (
        "rewards.earned",
        {},
        {"message.timestamp.type": "LogAppendTime"},
        ("message.timestamp.type", "warned", "alter"),
    ),
    (
        "laurel-scoring-accounts-changelog",
        {},
        {"cleanup.policy": "delete"},
        ("cleanup.policy", "refused", "alter"),
    ),
    ("rewards.earned", {}, {"retention.ms": "604800000"}, ("retention.ms", "refused", "alter")),
    ("rewards.earned", {}, {"retention.bytes": "1000"}, ("retention.bytes", "refused", "alter")),
    ("actions", {}, {"retention.ms": "604800000"}, ("retention.ms", "refused", "alter")),
    ("actions", {}, {"retention.ms": "-1"}, ("retention.ms", "warned", "alter")),
    ("actions", {}, {"min.insync.replicas": "1"}, ("min.insync.replicas", "warned", "alter")),
    (
        "actions",
        {"own": frozenset({"segment.ms"})},
        {"segment.ms": "1000"},
        ("segment.ms", "warned", "hand"),
    ),
]


@pytest.mark.parametrize(
    ("name", "shape", "config", "difference"), DIFFERENCES, ids=lambda one: str(one)[:40]
)
def test_difference(
    name: str, shape: dict[str, Any], config: dict[str, str], difference: tuple[str, str, str]
) -> None:
    """One thing changed on the broker is one difference, of the right severity and remedy."""
    should = expected(load(), "production")
    has = {**should, name: _with(should[name], config, shape)}
    (found,) = diff(should, has)
    assert (found.topic, found.what, found.severity, found.mend) == (name, *difference)
    assert found.topic in str(found)
    assert found.advice in str(found)


def test_no_difference() -> None:
    """More replicas, the broker's own defaults and topics of others are no difference."""
    should = expected(load(), "embedded")
    has = {
        name: _with(topic, {"segment.ms": "604800000"}, {"replication": 3})
        for name, topic in should.items()
    }
    assert diff(should, {**has, "somebody.elses": has["actions"]}) == []


def test_missing_topics_come_first() -> None:
    """A missing topic is refused, can be created, and is told before what is only warned of."""
    should = expected(load(), "embedded")
    has = {
        name: _with(topic, {"min.insync.replicas": "0"})
        for name, topic in should.items()
        if name != "tier.changed"
    }
    found = diff(should, has)
    assert (found[0].topic, found[0].what, found[0].mend) == ("tier.changed", "missing", "create")
    assert {one.severity for one in found[1:]} == {"warned"}


def test_only_laurel_writes_internal_actions() -> None:
    """Whoever writes `actions.internal` can mint points: scoring and the jobs alone may."""
    lines = acls(load(), "shop.")
    writers = {
        re.search(r"User:(\S+)", line)[1]  # type: ignore[index]
        for line in lines
        if "--operation Write" in line and "--topic 'shop.actions.internal'" in line
    }
    assert writers == {"laurel-scoring", "laurel-jobs"}


LINES = [
    "User:laurel-producers --operation Write --operation DescribeConfigs --topic 'shop.actions'",
    "User:laurel-boards --operation Read --group 'shop.laurel-boards'",
    "User:laurel-web --operation Read --group 'shop.laurel-web-' --resource-pattern-type prefixed",
]


@pytest.mark.parametrize("line", LINES)
def test_acls(line: str) -> None:
    """Topics and groups get their lines; a name with a star stands for all that begin so."""
    assert f"--allow-principal {line}" in acls(load(), "shop.")


def test_each_writes_transactions_of_its_own() -> None:
    """Scoring commits turns and operators publish rules; nobody may use another's ids."""
    lines = [line for line in acls(load(), "shop.") if "--transactional-id" in line]
    assert [(line.split()[1], line.partition("--transactional-id ")[2]) for line in lines] == [
        ("User:laurel-scoring", "'shop.laurel-scoring' --resource-pattern-type prefixed"),
        ("User:laurel-operators", "'shop.laurel-rules'"),
    ]


MISTAKES = [
    (("topics", "actions", "keep"), "a while", "neither `forever`"),
    (("topics", "actions", "writers"), ["nobody"], "no principal 'nobody'"),
    (("topics", "actions", "partitions"), 8, "per profile"),
    (("topics", "rules", "retention"), 8, "Extra inputs"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES, ids=lambda one: str(one)[:40])
def test_mistakes_are_named(path: tuple[str, ...], value: object, message: str) -> None:
    """A mistake in the file is refused with a sentence that names it."""
    text = yaml.safe_load(TOPICS_FILE.read_text())
    at = text
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(ValidationError, match=re.escape(message)):
        Topics.model_validate(text)
