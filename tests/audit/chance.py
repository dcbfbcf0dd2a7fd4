"""Actions by chance: every type of a program, with facts at and around the edges of what it declares."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from audit.effect_facts import declared_facts
from audit.periods import write_instant
from audit.standard import all_actions
from tests.support.engine import Document

START = 1_762_300_800_000  # 2025-11-05
MINUTE_MS = 60_000
DAY_MS = 1_440 * MINUTE_MS
PERIOD = "weekly:2025-W45"
PERIODS = ("open_period", "close_period", "restate_period")
USERS = ("anna", "bert", "carl", "dora")

Body = dict[str, Any]


class Message(NamedTuple):
    """An action's record, its append time, and whether it came over `actions.internal`."""

    value: bytes
    append_time: int
    internal: bool


class Chance:
    """What one seed says in one program; who erases, suspends or moves in comes seldom."""

    def __init__(self, program: Document, seed: int) -> None:
        self.program = program
        self.actions = all_actions(program)
        self.random = random.Random(seed)
        self.now = START
        self.said: list[Message] = []
        # With the types of their actions.
        self.ids: list[tuple[str, str]] = []

    def messages(self, count: int) -> Iterator[Message]:
        """So many actions, in the order of their append times."""
        kinds = list(self.actions)
        weights = [self._weight(form) for form in self.actions.values()]
        for number in range(count):
            self.now += self._pause()
            (kind,) = self.random.choices(kinds, weights)
            message = self._again() or self._message(number, kind)
            self.said.append(message)
            yield message

    def _weight(self, form: Document) -> int:
        rare = {"erase": 1, "suspend": 2, "opening": 2, "profile": 4}
        return rare.get(form.get("effect", ""), 10 if form.get("effect") else 20)

    def _pause(self) -> int:
        longest = self.random.choice((10_000, MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 2 * DAY_MS))
        return self.random.randrange(longest)

    def _message(self, number: int, kind: str) -> Message:
        form = self.actions[kind]
        origins = form["origin"] if isinstance(form["origin"], list) else [form["origin"]]
        internal = self.random.choice(origins) in ("engine", "job")
        late = self.random.random() < 0.1
        moment = self.now - (self.random.randrange(8 * DAY_MS) if late else 0)
        name = f"a-{number}"
        self.ids.append((name, kind))
        body = {
            "id": name,
            "program": self.program["program"],
            "user_id": self._subject(form),
            "type": kind,
            "occurred_at": moment,
            "data": self._facts(form, moment),
        }
        return Message(json.dumps(body).encode(), self.now, internal)

    def _again(self) -> Message | None:
        """Seldom something once more that was said before, while its id is remembered.

        What the engine itself says comes once.
        """
        remembered = self.now - 3 * DAY_MS
        said = [each for each in self.said if not each.internal]
        recent = [each for each in said if each.append_time > remembered]
        if not recent or self.random.random() > 0.03:
            return None
        return self.random.choice(recent)._replace(append_time=self.now)

    def _subject(self, form: Document) -> str:
        effect = form.get("effect")
        if effect in ("register_code", "look_up_code"):
            return f"code:{self.random.choice('AB')}"
        if effect == "payment":
            return f"payment:p{self.random.randrange(3)}"
        if effect == "claim_reward":
            return f"reward:{self._known('rewards')}"
        if effect in PERIODS:
            return f"period:{self._known('boards')}:{PERIOD}"
        return self.random.choice(USERS)

    def _facts(self, form: Document, moment: int) -> Body:
        """Every fact most of the time; the data of a moment lies around the action's."""
        data: Body = {}
        for name, fact in declared_facts(form).items():
            if fact.get("required") or self.random.random() < 0.6:
                data[name] = self._fact(form, name, fact, moment)
        return data

    def _fact(self, form: Document, name: str, fact: Document, moment: int) -> object:
        told = self._of_effect(form.get("effect"), name)
        if told is None and (name, fact["type"]) in (("status", "text"), ("package", "text")):
            told = self.random.choice(_TEXTS[name])
        if told is not None:
            return told
        kind, _, places = fact["type"].rstrip(")").partition("(")
        if kind in ("integer", "decimal"):
            return self._number(fact, int(places or 0))
        if kind == "moment":
            near = moment - self.random.randrange(0, 90 * MINUTE_MS)
            return self.random.choice((near, write_instant(near)))
        return _OF_TYPE[kind](self.random)

    def _number(self, fact: Document, places: int) -> float | int | str:
        most = self.random.choice((2, 20, 200, 20_000))
        number = self.random.randrange(int(fact.get("least", -most)), most + 1)
        number = min(number, int(fact.get("most", number)))
        if not places or self.random.random() < 0.5:
            return number
        cents = self.random.randrange(100) if number < fact.get("most", number + 1) else 0
        return f"{max(number, 0)}.{cents:02d}"[: 9 if places > 1 else -1]

    def _of_effect(self, effect: str | None, name: str) -> object:
        """Names that something of the program, or an earlier action, has."""
        if name in ("action_id", "reservation") and self.ids:
            return self._earlier(reserving=name == "reservation")
        parts = {"path": "paths", "unlock": "unlocks", "reward": "rewards", "ladder": "ladders"}
        parts |= {"board": "boards", "badge": "badges"}
        if effect is not None and name in parts:
            return self._known(parts[name])
        if effect == "opening":
            return self._moved_in(name)
        if name == "currency" and effect is not None:
            return self._known("currencies")
        return None

    def _earlier(self, *, reserving: bool) -> str:
        """The id of an action, or perhaps of what one derived; of a reservation if there was one."""
        reserved = [
            name for name, kind in self.ids if self.actions[kind].get("effect") == "reserve"
        ]
        if reserving and reserved:
            return self.random.choice(reserved[-4:])
        name, kind = self.random.choice(self.ids[-40:])
        follows = [row["action"].lower() for row in self.actions[kind].get("derives", [])]
        return "#".join([name, *self.random.choice(([], follows[:1]))])

    def _known(self, part: str) -> str:
        return self.random.choice([*self.program.get(part, {}), "NOWHERE"])

    def _moved_in(self, name: str) -> object:
        parts = {"badges": "badges", "streaks": "streaks", "counts": "actions"}
        currencies = list(self.program["currencies"])
        if name in parts:
            return dict.fromkeys([*self.program.get(parts[name], {})][:2], 3)
        if name == "lots":
            until = write_instant(self.now + 5 * DAY_MS)
            return {currencies[0]: [[10, until], [5, until]]}
        if name == "steps":
            return dict.fromkeys(self.program.get("ladders", {}), "3")
        return dict.fromkeys(currencies, 40)


_TEXTS = {
    "status": ("pending", "completed", "failed", "refunded"),
    "package": ("starter", "plus", "pro"),
}

_OF_TYPE: dict[str, Callable[[random.Random], object]] = {
    "text": lambda chance: chance.choice("abc"),
    "texts": lambda chance: chance.sample(["new", "vip", "old"], chance.randrange(3)),
    "flag": lambda chance: chance.random() < 0.5,
    "period": lambda _: PERIOD,
    "scores": lambda chance: [[user, chance.randrange(3)] for user in USERS[: chance.randrange(4)]],
    "changes": lambda chance: [
        [user, chance.randrange(2), 1] for user in USERS[: chance.randrange(3)]
    ],
    "numbers": lambda chance: {"rewards.earned:0": chance.randrange(9)},
    "member": lambda chance: chance.choice(USERS),
    "code": lambda chance: chance.choice("AB"),
    "team": lambda chance: chance.choice("AB"),
    "country": lambda chance: chance.choice(("DE", "US", "")),
    "timezone": lambda _: "Europe/Berlin",
}
