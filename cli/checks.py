"""What `laurel doctor` makes of what it found. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from cli.versions import Logged, in_force
from processors.app import SESSION_SECONDS
from processors.stream.transaction import TRANSACTION_SECONDS
from schemas.topics import Difference

REDIS_OLDEST = 7
POSTGRES_OLDEST = 15
KINDS = ("scoring", "boards", "ledger")
BEHIND = 1_000
"""A group that has more records before it than this has fallen behind."""


class Finding(NamedTuple):
    """One line of the report; `advice` says what to do, and is empty where all is well."""

    level: Literal["ok", "warn", "fail"]
    what: str
    advice: str = ""


def broker(config: Mapping[str, str], replication: int) -> Iterator[Finding]:
    """Judge the settings of a broker that topics do not show."""
    limits: list[tuple[str, str, int, Literal["warn", "fail"]]] = [
        ("group.min.session.timeout.ms", "<=", int(SESSION_SECONDS * 1_000), "fail"),
        ("transaction.max.timeout.ms", ">=", TRANSACTION_SECONDS * 1_000, "fail"),
        ("transaction.state.log.replication.factor", ">=", replication, "warn"),
        ("offsets.topic.replication.factor", ">=", replication, "warn"),
    ]
    found: list[Finding] = []
    for name, relation, limit, level in limits:
        has = int(config[name]) if name in config else limit
        if (has > limit) if relation == "<=" else (has < limit):
            advice = f"set it to {limit} or {'less' if relation == '<=' else 'more'} on the brokers"
            found.append(Finding(level, f"the broker's {name} is {has:,}", advice))
    if config.get("auto.create.topics.enable") == "true":
        advice = "set auto.create.topics.enable=false: a topic made by accident keeps no promise"
        found.append(Finding("warn", "the broker makes topics that somebody mistypes", advice))
    yield from found or [Finding("ok", "the broker's settings suit transactions and sessions")]


def redis(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge a Redis or Valkey by what it says of itself."""
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version", "0"))
    if _major(version) < REDIS_OLDEST:
        yield Finding(
            "fail", f"{name} is {version}", f"use {REDIS_OLDEST} or newer: it has Functions"
        )
    else:
        yield Finding("ok", f"{name} {version}")
    policy = info.get("maxmemory_policy", "noeviction")
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        advice = "set maxmemory-policy noeviction, or boards will lose members when memory is short"
        yield Finding("fail", f"{name} evicts keys by {policy}", advice)


def postgres(version: str, migrated: int, known: int) -> Iterator[Finding]:
    """Judge a PostgreSQL by its version, and by the version of our tables in it."""
    if _major(version) < POSTGRES_OLDEST:
        yield Finding("fail", f"PostgreSQL is {version}", f"use {POSTGRES_OLDEST} or newer")
    else:
        yield Finding("ok", f"PostgreSQL {version}")
    if migrated > known:
        advice = "use the newer release that made them"
        yield Finding(
            "fail", f"the ledger's tables have version {migrated}, we know {known}", advice
        )
    elif migrated < known:
        yield Finding(
            "warn",
            f"the ledger's tables have version {migrated} of {known}",
            "the ledger projector brings them up when it starts: `laurel worker ledger`",
        )
    else:
        yield Finding("ok", f"the ledger's tables have version {migrated}")


def topics(differences: Iterable[Difference], count: int) -> Iterator[Finding]:
    """Tell what the broker has otherwise than topics.yaml says."""
    found = list(differences)
    for one in found:
        what, _, _ = str(one).partition(f": {one.advice}")
        yield Finding("fail" if one.severity == "refused" else "warn", what, one.advice)
    if not found:
        yield Finding("ok", f"all {count} topics are as topics.yaml says")


def rules(versions: Mapping[str, Logged], now: int, files: Iterable[str]) -> Iterator[Finding]:
    """Tell which version of each program decides now; `files` are the versions in programs/."""
    programs = sorted({logged.version.program for logged in versions.values()})
    if not programs:
        yield Finding(
            "fail", "no rules are published", "`laurel rules publish FILE` publishes some"
        )
    for program in programs:
        decides = in_force(versions, program, now, now)
        if decides is None:
            yield Finding(
                "warn",
                f"no version of {program} is in force yet",
                "`laurel rules show` tells from when on",
            )
        elif decides.version.document is None:
            yield Finding(
                "warn",
                f"{program} is stopped by {decides.version.version}",
                "publish a later version",
            )
        else:
            yield Finding("ok", f"{decides.version.version} is in force")
    for name in files:
        if name not in versions:
            yield Finding(
                "warn",
                f"{name} is in programs/, but not published",
                "`laurel rules publish` its file",
            )


def group(kind: str, members: int, behind: int | None) -> Finding:
    """Judge a kind of worker by its consumer group; `behind` is how many records wait.

    Beyond `BEHIND` it is a rough number, in which ends of transactions count as records.
    """
    if not members:
        return Finding(
            "fail" if kind == "scoring" else "warn",
            f"no {kind} worker runs",
            f"`laurel worker {kind}` runs one, `laurel run` all",
        )
    workers = f"{members} {kind} worker{'s' if members > 1 else ''}"
    if behind is not None and behind > BEHIND:
        advice = f"its status page says why; more {kind} workers share the partitions"
        return Finding("warn", f"{workers}, about {behind:,} records behind", advice)
    if behind is None:
        return Finding("ok", workers)
    waits = f"{behind:,} record{'s wait' if behind > 1 else ' waits'}"
    return Finding("ok", f"{workers}, {waits if behind else 'nothing waits'}")


def jobs(sessions: int) -> Finding:
    """Judge the jobs by their sessions in PostgreSQL; they have no consumer group."""
    if not sessions:
        advice = "`laurel worker jobs` runs one, `laurel run` all: until then no period is closed"
        return Finding("warn", "no jobs worker runs", advice)
    return Finding("ok", "the jobs go their rounds")


def _major(version: str) -> int:
    """Give the first number of a version."""
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0
