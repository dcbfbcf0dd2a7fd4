"""What jobs say of periods and ranks: mostly sound, at times too early, twice, or without any sense."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.moments import DAY, PeriodKind, calendar_of
from tests.simulation.lives.life import Body, Deed, Life

_WORDS: Final = ("PERIOD_OPEN", "PERIOD_CLOSE", "PERIOD_CLOSE", "PERIOD_CLOSE", "PERIOD_RESTATE")
_NONSENSE: Final = (
    {"participants": 0},
    {"winners": [["u-0001", 0]]},
    {"winners": [["u-0001", 1], ["u-0002", 2]]},
    {"top": [["u-0001", 2], ["u-0001", 1]]},
    {"positions": {"rewards.earned:0": -1}},
    {"average": 0.12345},
    {"winners": [["code:A", 1]]},
)


def periods(boards: Mapping[str, Sequence[PeriodKind]], most: int) -> Deed:
    """Make the deed by which a job speaks of a period of one of these boards; so many may win."""

    def deed(life: Life, _user: str) -> Body:
        board = life.random.choice(list(boards))
        kind = life.random.choice(boards[board])
        then = life.now - life.random.choice((0, 1, 8, 32)) * DAY
        period = calendar_of("UTC").day(then).names[kind]
        word = life.random.choice(_WORDS)
        if word == "PERIOD_CLOSE":
            life.kept["closed"].append((board, period))
        elif word == "PERIOD_RESTATE":
            board, period = life.recall("closed") or (board, period)
        data = {"board": board, "period": period, **_said(life, word, most)}
        subject = f"period:{board}:{period}" if life.chance(0.97) else f"period:{board}"
        return life.say(subject, word, data)

    return deed


def _said(life: Life, word: str, most: int) -> dict[str, Any]:
    if word == "PERIOD_OPEN":
        return {}
    rng = life.random
    members = list(dict.fromkeys(life.member() for _ in range(rng.randrange(6))))
    if word == "PERIOD_RESTATE":
        changes = [
            [member, None if life.chance(0.3) else place, 9] for place, member in enumerate(members)
        ]
        return {"changed": len(changes) + rng.randrange(3), "changes": changes}
    scores = sorted((rng.randrange(1, 5_000) for _ in members), reverse=True)
    top = [list(pair) for pair in zip(members, scores, strict=True)]
    count = len(top) + rng.randrange(40) * bool(top)
    said = {
        "participants": count,
        "points": sum(scores),
        "average": f"{sum(scores) / count if count else 0:.3f}",
        "median": float(scores[0]) if scores else 0,
        "winners": top[:most],
        "top": top,
        "positions": {"rewards.earned:0": rng.randrange(10**6)},
        "keep_until": life.now + DAY,
    }
    return said | (rng.choice(_NONSENSE) if life.chance(0.1) else {})


def rank(life: Life, user: str) -> Body:
    """Let the job say that a badge begins or ends to hold, at times one that is no rank's."""
    badge = life.random.choice(("TOP_10", "TOP_10", "TOP_100", "TOP_1_PERCENT", "POINTS_1K"))
    data: dict[str, Any] = {"badge": badge, "holds": life.chance(0.6)}
    if life.chance(0.8):
        data["rank"] = life.random.randint(1, 120)
    return life.say(user, "BADGE_CHECK", data)


def expiry(life: Life, user: str) -> Body:
    """Let the job say that points expire soon."""
    data = {"points": life.random.randint(1, 300), "currency": "points"}
    return life.say(user, "EXPIRY_NOTICE", {**data, "expires_at": life.now + 7 * DAY})
