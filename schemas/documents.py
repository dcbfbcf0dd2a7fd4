"""The wire contract as documents: a JSON Schema of every record, and one AsyncAPI 3 document.

`python -m schemas.documents write` makes them anew in docs/; `check` fails when one is stale.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import members, results, topics
from schemas.envelopes import ID_BYTES_MAX, NUMBER_MAX
from schemas.wire import SCHEMAS, TRACEPARENT

FOLDER: Final = Path(__file__).parent.parent / "docs" / "wire"

Document = dict[str, Any]

_ID: Final = {"type": "string", "minLength": 1, "maxLength": ID_BYTES_MAX}

ACTION: Final[Document] = {
    "title": "Action",
    "description": "What happened; the only input. CloudEvents 1.0, binary or structured, is read too.",
    "type": "object",
    "required": ["id", "program", "user_id", "type", "occurred_at"],
    "properties": {
        "id": {
            **_ID,
            "pattern": "^[^#]*$",
            "description": "The idempotency key within program and user: the same id again is the same "
            "action, whatever its body. At most 128 bytes of UTF-8, no `#`, no control characters.",
        },
        "program": {**_ID, "description": "A published program."},
        "user_id": {
            **_ID,
            "description": "Whom the action is about; decides the partition, whatever the record's key.",
        },
        "type": {
            "type": "string",
            "pattern": "^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$",
            "description": "A type that the program's version in force knows.",
        },
        "occurred_at": {
            "description": "When it happened: RFC 3339 with a zone, or epoch milliseconds.",
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "minimum": -NUMBER_MAX, "maximum": NUMBER_MAX},
            ],
        },
        "data": {
            "type": "object",
            "default": {},
            "description": "Facts, by the names the program gives them; unknown ones are ignored.",
        },
    },
    "additionalProperties": True,
}

PAYLOADS: Final[Mapping[str, type[msgspec.Struct]]] = {
    "rewards.earned": results.Posting,
    "actions.accepted": results.AcceptedAction,
    "actions.declined": results.DeclinedAction,
    "actions.rejected": results.RejectedRecord,
    "tier.changed": results.TierChanged,
    "achievements.unlocked": results.AchievementUnlocked,
    "periods.closed": results.PeriodRecord,
    "notifications.send": results.Notification,
    "leaderboard.updated": results.LeaderboardUpdated,
    "scoring.journal": results.JournalEntry,
}
"""What the records of a result topic are."""

UNTRACED: Final = frozenset({"leaderboard.updated", "scoring.journal"})
"""Result topics whose records come of several actions at once, so of no one trace."""

FORMS: Final[Mapping[str, type[msgspec.Struct]]] = {"members": members.Member, **PAYLOADS}
"""What the records of a topic are that have a type here; actions have more forms than one."""


def schemas() -> dict[str, Document]:
    """Give the JSON Schema of every topic's records, by topic."""
    made = {"actions": {"$schema": "https://json-schema.org/draft/2020-12/schema", **ACTION}}
    for topic, payload in FORMS.items():
        (_, *_), components = msgspec.json.schema_components([payload])
        own = components.pop(payload.__name__)
        made[topic] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": payload.__name__,
            **own,
            **({"$defs": components} if components else {}),
        }
    return made


def asyncapi() -> Document:
    """Give the AsyncAPI 3 document: every topic with its key, its promises and its records."""
    file = topics.load()
    payloads = schemas()
    channels, operations, messages = {}, {}, {}
    for name, topic in file.topics.items():
        shown = name.replace(".", "_").replace("-", "_")
        channels[shown] = _channel(name, topic, file, shown if name in payloads else None)
        if name not in payloads:
            continue
        messages[shown] = _message(name, payloads[name])
        takes = "producers" in topic.writers
        operations[f"{'receive' if takes else 'send'}_{shown}"] = {
            "action": "receive" if takes else "send",
            "channel": {"$ref": f"#/channels/{shown}"},
            "summary": topic.purpose,
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Laurel",
            "version": "1.0.0",
            "description": "Turns a Kafka topic of user actions into points, ranks and rewards, exactly "
            "once. Read results with isolation.level=read_committed.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _channel(name: str, topic: topics.Topic, file: topics.Topics, message: str | None) -> Document:
    channel: Document = {
        "address": name,
        "description": f"{topic.purpose} Key: {topic.key}. Kept: {topic.keep}.",
        "bindings": {"kafka": {"topic": name, "partitions": file.partitions(name, "production")}},
    }
    if message:
        channel["messages"] = {message: {"$ref": f"#/components/messages/{message}"}}
    return channel


def _message(topic: str, payload: Document) -> Document:
    trace = {TRACEPARENT: {"type": "string", "description": "W3C trace context."}}
    headers: Document = {} if topic in UNTRACED else trace
    if topic in PAYLOADS:
        form = SCHEMAS[PAYLOADS[topic]]
        headers |= {
            "schema": {"type": "string", "const": form, "description": "Name and version."},
            "program": {"type": "string"},
        }
    body = {key: value for key, value in payload.items() if key != "$schema"}
    return {
        "name": topic,
        "title": payload["title"],
        "summary": payload.get("description", "").split("\n")[0],
        "headers": {"type": "object", "properties": headers},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": body,
        },
        "bindings": {"kafka": {"key": {"type": "string"}}},
    }


def documents() -> Iterator[tuple[Path, str]]:
    """Give every document as (path, text)."""
    for topic, schema in schemas().items():
        yield FOLDER / f"{topic}.schema.json", _text(schema)
    yield FOLDER / "asyncapi.json", _text(asyncapi())


def _text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every document."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in documents():
        path.write_text(text)


def stale() -> list[str]:
    """Name the documents in docs/ that do not say what the code says."""
    return [
        path.name for path, text in documents() if not path.exists() or path.read_text() != text
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write()
    elif names := stale():
        sys.exit(f"stale: {', '.join(names)}; `make schemas` writes them anew")
