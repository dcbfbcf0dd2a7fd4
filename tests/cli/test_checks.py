"""What `laurel doctor` makes of what it found."""

from collections.abc import Iterator
from typing import Any

import pytest

from cli import checks
from cli.checks import Finding
from cli.versions import Logged, stopping
from schemas.programs import PublishedVersion
from schemas.topics import TopicState, diff, expected, load

NOW = 1_800_000_000_000
GOOD_BROKER = {
    "group.min.session.timeout.ms": "6000",
    "transaction.max.timeout.ms": "900000",
    "transaction.state.log.replication.factor": "3",
    "offsets.topic.replication.factor": "3",
    "auto.create.topics.enable": "false",
}


def levels(found: Iterator[Finding]) -> list[tuple[str, str]]:
    """Give each finding's level and first words, after seeing that all but good ones advise."""
    findings = list(found)
    assert all(bool(finding.advice) == (finding.level != "ok") for finding in findings)
    return [(finding.level, finding.what) for finding in findings]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("ok", "the broker's settings suit transactions and sessions")),
        (
            {"group.min.session.timeout.ms": "10000"},
            ("fail", "the broker's group.min.session.timeout.ms is 10,000"),
        ),
        (
            {"transaction.max.timeout.ms": "5000"},
            ("fail", "the broker's transaction.max.timeout.ms is 5,000"),
        ),
        (
            {"transaction.state.log.replication.factor": "1"},
            ("warn", "the broker's transaction.state.log.replication.factor is 1"),
        ),
        (
            {"auto.create.topics.enable": "true"},
            ("warn", "the broker makes topics that somebody mistypes"),
        ),
    ],
)
def test_broker_settings(change: dict[str, str], expected: tuple[str, str]) -> None:
    """Settings that break transactions or sessions fail; those that make loss likelier warn."""
    assert levels(checks.broker(GOOD_BROKER | change, 3)) == [expected]


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"redis_version": "7.2.5"}, [("ok", "Redis 7.2.5")]),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, [("ok", "Valkey 9.1.2")]),
        ({"redis_version": "6.2.0"}, [("fail", "Redis is 6.2.0")]),
        (
            {"redis_version": "8.0", "maxmemory": 1, "maxmemory_policy": "allkeys-lru"},
            [("ok", "Redis 8.0"), ("fail", "Redis evicts keys by allkeys-lru")],
        ),
        (
            {"redis_version": "8.0", "maxmemory": 0, "maxmemory_policy": "allkeys-lru"},
            [("ok", "Redis 8.0")],
        ),
    ],
)
def test_redis(info: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Functions need version 7; a Redis that forgets keys would forget members."""
    assert levels(checks.redis(info)) == expected


@pytest.mark.parametrize(
    ("version", "migrated", "expected"),
    [
        ("15.18 (Debian)", 2, ["ok", "ok"]),
        ("18devel", 2, ["ok", "ok"]),
        ("14.9", 2, ["fail", "ok"]),
        ("16.1", 0, ["ok", "warn"]),
        ("16.1", 3, ["ok", "fail"]),
    ],
)
def test_postgres(version: str, migrated: int, expected: list[str]) -> None:
    """PostgreSQL is 15 or newer, and its tables are neither older nor newer than ours."""
    assert [level for level, _ in levels(checks.postgres(version, migrated, 2))] == expected


def test_topics() -> None:
    """What no worker may start with fails, the rest warns; each says what mends it."""
    should = expected(load(), "embedded")
    assert levels(checks.topics(diff(should, should), 15)) == [
        ("ok", "all 15 topics are as topics.yaml says")
    ]
    has = dict(should)
    del has["rules"]
    actions = should["actions"]
    has["actions"] = TopicState(4, 1, {**actions.config, "retention.ms": "1000"})
    found = levels(checks.topics(diff(should, has), 15))
    assert ("fail", "rules is missing") in found
    assert ("fail", "actions: partitions is 4, expected 8") in found
    assert ("fail", "actions: retention.ms is 1000, expected 7776000000") in found


def version(program: str, effective_from: int, append_time: int) -> tuple[str, Logged]:
    """Give a version that is seen a minute after it was published."""
    name = f"{program}@{effective_from}"
    published = PublishedVersion(program, name, effective_from, 60_000, {}, "", "")
    return name, Logged(published, append_time)


def test_rules() -> None:
    """Every program says which version decides now; none at all fails."""
    stopped = stopping("old", NOW - 10_000, 2_000)
    versions = dict(
        [
            version("loyalty", 0, NOW - 90_000),
            version("loyalty", NOW - 5, NOW - 70_000),
            version("loyalty", NOW - 1, NOW - 50_000),
            version("loyalty", NOW + 1, NOW - 70_000),
            version("late", NOW + 1, NOW - 90_000),
            (stopped.version, Logged(stopped, NOW - 10_000)),
        ]
    )
    assert levels(checks.rules(versions, NOW, ["loyalty@0", "loyalty@2"])) == [
        ("warn", "no version of late is in force yet"),
        ("ok", f"loyalty@{NOW - 5} is in force"),
        ("warn", f"old is stopped by {stopped.version}"),
        ("warn", "loyalty@2 is in programs/, but not published"),
    ]
    assert levels(checks.rules({}, NOW, [])) == [("fail", "no rules are published")]


@pytest.mark.parametrize(
    ("kind", "members", "behind", "expected"),
    [
        ("scoring", 0, None, ("fail", "no scoring worker runs")),
        ("ledger", 0, None, ("warn", "no ledger worker runs")),
        ("scoring", 1, 0, ("ok", "1 scoring worker, nothing waits")),
        ("boards", 1, 1, ("ok", "1 boards worker, 1 record waits")),
        ("scoring", 1, 1_000, ("ok", "1 scoring worker, 1,000 records wait")),
        ("scoring", 2, 5_000, ("warn", "2 scoring workers, about 5,000 records behind")),
        ("boards", 1, None, ("ok", "1 boards worker")),
    ],
)
def test_groups(kind: str, members: int, behind: int | None, expected: tuple[str, str]) -> None:
    """Without scoring nothing is decided; a worker far behind is told."""
    assert levels(iter([checks.group(kind, members, behind)])) == [expected]


def test_jobs() -> None:
    """The jobs have no group: their sessions in PostgreSQL tell whether they run."""
    assert levels(iter([checks.jobs(0), checks.jobs(2)])) == [
        ("warn", "no jobs worker runs"),
        ("ok", "the jobs go their rounds"),
    ]
