"""What `topics.yaml` says: every topic, its two profiles, and who may write and read it.

Nothing here talks to a broker. `expected` gives what a broker should have, `diff` compares it with
what one has, `acls` says who may do what.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

TOPICS_FILE = Path(__file__).parent.parent / "topics.yaml"

Profile = Literal["embedded", "production"]
"""`embedded`: one broker, no replicas. `production`: three replicas, two of them in sync."""

Config = dict[str, str | int | bool]
"""Kafka's own topic settings by name."""


def _is_keep(text: str) -> str:
    if text not in ("forever", "compacted") and not re.fullmatch(r"[1-9]\d* days", text):
        raise ValueError(f"{text!r} is neither `forever`, nor `compacted`, nor like `90 days`")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProfileSettings(_Strict):
    """What all topics have in common in one profile."""

    replication: int = Field(ge=1)
    config: Config = {}


class Topic(_Strict):
    """One topic."""

    purpose: str
    key: str
    """What the record's key is, for people."""
    partitions: int | Mapping[Profile, int] | Literal["as actions"]
    """A count, a count per profile, or the count of `actions`: then the same key lies on the same
    partition number."""
    timestamps: Literal["append", "create"] = "create"
    """`append`: the broker stamps each record when it takes it. `create`: the producer does."""
    keep: Annotated[str, AfterValidator(_is_keep)]
    """`forever`, `N days`, or `compacted`: the last record of each key for ever."""
    config: Config = {}
    writers: list[str]
    readers: list[str]


class Principal(_Strict):
    """Who talks to Kafka."""

    user: str
    about: str
    groups: list[str] = []
    """Consumer groups it may join; a name ending in `*` stands for all that begin so."""
    transactions: list[str] = []
    """Transactional ids it may use; `*` as for groups."""
    manage: bool = False
    """Whether it may make and alter topics."""


class Topics(_Strict):
    """The whole file."""

    profiles: Mapping[Profile, ProfileSettings]
    topics: Mapping[str, Topic]
    principals: Mapping[str, Principal]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for name, topic in self.topics.items():
            for principal in [*topic.writers, *topic.readers]:
                if principal not in self.principals:
                    raise ValueError(f"{name}: there is no principal {principal!r}")
        if not isinstance(self.topics["actions"].partitions, Mapping):
            raise ValueError("actions: partitions must be given per profile")  # noqa: TRY004 - pydantic's
        return self

    def partitions(self, name: str, profile: Profile) -> int:
        """Give the partition count of a topic in a profile."""
        count = self.topics[name].partitions
        if count == "as actions":
            return self.partitions("actions", profile)
        return count[profile] if isinstance(count, Mapping) else int(count)


def load(path: Path = TOPICS_FILE) -> Topics:
    """Read the file. Raises pydantic's `ValidationError` naming the field that is wrong."""
    return Topics.model_validate(yaml.safe_load(path.read_text()))


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as a broker should have it, or has it."""

    partitions: int
    replication: int
    config: Mapping[str, str]
    """Setting -> value, as the broker spells it. What a broker has holds its defaults too."""
    own: frozenset[str] = frozenset()
    """The settings made for this very topic, not taken from the broker's defaults."""


def expected(
    topics: Topics, profile: Profile, prefix: str = "", principal: str | None = None
) -> dict[str, TopicState]:
    """Give every topic as a broker should have it, by its full name.

    With `principal`, such as `scoring`, only those that it writes or reads.
    """
    shared = topics.profiles[profile]
    return {
        prefix + name: TopicState(
            topics.partitions(name, profile),
            shared.replication,
            {
                setting: _spelled(value)
                for setting, value in {**shared.config, **_kept(topic), **topic.config}.items()
            },
        )
        for name, topic in topics.topics.items()
        if principal is None or principal in (*topic.writers, *topic.readers)
    }


def _kept(topic: Topic) -> Config:
    stamp = "LogAppendTime" if topic.timestamps == "append" else "CreateTime"
    if topic.keep == "compacted":
        return {"message.timestamp.type": stamp, "cleanup.policy": "compact"}
    kept_ms = -1
    if topic.keep != "forever":
        kept_ms = timedelta(days=int(topic.keep.split()[0])) // timedelta(milliseconds=1)
    return {
        "message.timestamp.type": stamp,
        "cleanup.policy": "delete",
        "retention.ms": kept_ms,
        "retention.bytes": -1,
    }


def _spelled(value: str | int | bool) -> str:  # noqa: FBT001 - a value of a file
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing a broker has otherwise than topics.yaml says."""

    topic: str
    what: str
    """`missing`, `partitions`, `replication`, or the name of a setting."""
    expected: str | None
    """None where topics.yaml says nothing of it."""
    actual: str | None
    severity: Literal["refused", "warned"]
    """`refused`: a promise would break, so no worker starts. `warned`: workers start."""
    mend: Literal["create", "alter", "hand"]
    """What mends it: `laurel topics apply` creates or alters; else it takes a person."""
    advice: str

    def __str__(self) -> str:
        if self.what == "missing":
            return f"{self.topic} is missing: {self.advice}"
        there = "the broker's default" if self.actual is None else self.actual
        wanted = "not in topics.yaml" if self.expected is None else f"expected {self.expected}"
        return f"{self.topic}: {self.what} is {there}, {wanted}: {self.advice}"


_APPLY = "`laurel topics apply` sets it"
_APPLY_STAMPS = (
    "`laurel topics apply` sets it for what comes from then on; a record that is there keeps its "
    "producer's stamp, and workers refuse it where they have not passed it"
)


def diff(expected: Mapping[str, TopicState], actual: Mapping[str, TopicState]) -> list[Difference]:
    """Compare; topics that only the broker has are nobody's business. Refused differences first."""
    found: list[Difference] = []
    for name, should in expected.items():
        has = actual.get(name)
        if has is None:
            advice = "`laurel topics apply` makes it"
            found.append(Difference(name, "missing", None, None, "refused", "create", advice))
            continue
        found += _shape(name, should, has)
        found += _settings(name, should, has)
    return sorted(found, key=lambda one: one.severity)


def _shape(name: str, should: TopicState, has: TopicState) -> list[Difference]:
    found = []
    if has.partitions != should.partitions:
        advice = (
            "the count decides where a subject's account lies and cannot change; use another topic "
            "prefix, or set it back in topics.yaml"
        )
        counts = str(should.partitions), str(has.partitions)
        found.append(Difference(name, "partitions", *counts, "refused", "hand", advice))
    if has.replication < should.replication:
        advice = "add replicas with kafka-reassign-partitions, or choose the other profile"
        counts = str(should.replication), str(has.replication)
        found.append(Difference(name, "replication", *counts, "warned", "hand", advice))
    return found


def _settings(name: str, should: TopicState, has: TopicState) -> list[Difference]:
    found = []
    for setting, wanted in should.config.items():
        there = has.config.get(setting)
        if there == wanted:
            continue
        is_refused = _lets_producers_stamp(setting, wanted) or _loses_records(
            setting, wanted, there
        )
        advice = _APPLY_STAMPS if _lets_producers_stamp(setting, wanted) else _APPLY
        severity: Literal["refused", "warned"] = "refused" if is_refused else "warned"
        found.append(Difference(name, setting, wanted, there, severity, "alter", advice))
    for setting in sorted(has.own - should.config.keys()):
        advice = "add it to topics.yaml or remove it from the topic"
        there = has.config[setting]
        found.append(Difference(name, setting, None, there, "warned", "hand", advice))
    return found


def _lets_producers_stamp(setting: str, wanted: str) -> bool:
    """Tell whether producers say when a record came, where topics.yaml promises that the broker does."""
    return setting == "message.timestamp.type" and wanted == "LogAppendTime"


def _loses_records(setting: str, wanted: str, there: str | None) -> bool:
    """Tell whether the broker throws away records that topics.yaml promises to keep."""
    if setting == "cleanup.policy":
        return True
    if setting not in ("retention.ms", "retention.bytes") or there is None:
        return False
    return int(there) >= 0 and (int(wanted) < 0 or int(there) < int(wanted))


def acls(topics: Topics, prefix: str = "") -> list[str]:
    """Give the arguments of `kafka-acls --add` that let each principal do its work.

    One line each. The broker must refuse what no line allows
    (`allow.everyone.if.no.acl.found=false`).
    """
    lines = []
    for who, principal in topics.principals.items():
        allow = f"--allow-principal User:{principal.user}"
        writes = [name for name, topic in topics.topics.items() if who in topic.writers]
        reads = [name for name, topic in topics.topics.items() if who in topic.readers]
        for operation, names in (("Write", writes), ("Read", reads)):
            for name in names:
                operations = f"--operation {operation} --operation DescribeConfigs"
                lines.append(f"{allow} {operations} --topic {_quoted(prefix + name)}")
        lines += [
            f"{allow} --operation Read --group {_pattern(prefix + group)}"
            for group in principal.groups
        ]
        lines += [
            f"{allow} --operation Write --operation Describe "
            f"--transactional-id {_pattern(prefix + transaction)}"
            for transaction in principal.transactions
        ]
        if principal.manage:
            manage = "--operation Create --operation Alter --operation AlterConfigs"
            lines += [
                f"{allow} {manage} --topic {_quoted(prefix + name)}" for name in topics.topics
            ]
    return lines


def _pattern(name: str) -> str:
    if name.endswith("*"):
        return f"{_quoted(name[:-1])} --resource-pattern-type prefixed"
    return _quoted(name)


def _quoted(name: str) -> str:
    return f"'{name}'"
