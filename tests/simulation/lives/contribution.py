"""What members' machines report, honestly or not."""

from typing import Any

from schemas.moments import MINUTE
from tests.simulation.lives import common, periods
from tests.simulation.lives.life import Body, Deed, Life


def report(life: Life, user: str) -> Body:
    """Report what a machine did since its last report, mostly the truth."""
    rng = life.random
    span = rng.choice((4, 5, 5, 9, 30, 60, 60, 60, 240, 600, 1_000)) * MINUTE
    started = max(life.now - span, life.reported.get(user, 0))
    data = _figures(life, max(life.now - started, 0) / MINUTE)
    if life.chance(0.02):
        started -= rng.choice((1, 30 * MINUTE))  # overlaps the last one
    if life.chance(0.02):
        data["uptime_minutes"] = (life.now - started + 1) / MINUTE // 0.001 / 1_000 + 0.001
    life.reported[user] = life.now
    moments = {"started_at": started, "ended_at": life.now}
    return life.award(life.say(user, "CONTRIBUTION", data | moments))


def _figures(life: Life, minutes: float) -> dict[str, Any]:
    rng = life.random
    bad = life.chance(0.05)
    data: dict[str, Any] = {
        "uptime_minutes": int(minutes * rng.uniform(0.7, 1) * 1_000) / 1_000,
        "scrapes_ok": rng.randrange(15) if bad else rng.randrange(1 + int(minutes)),
        "scrapes_failed": rng.randrange(8, 40) if bad else rng.randrange(4),
        "bandwidth_mb": f"{rng.uniform(0, 90):.3f}",
        "cpu_percent": rng.choice((0, 7.25, 20, 99.99)),
    }
    if life.chance(0.3):
        data["quality"] = rng.choice((0.5, 0.9499, 0.95, 1))
    if life.chance(0.1):
        data["topics_found"] = rng.randint(1, 3)
    return data


def cheat(life: Life, user: str) -> Body:
    """Claim more than there was, four times in a row."""
    bodies = []
    for number in range(4):
        at = life.now + number * 1_000
        data = _figures(life, 9) | {"uptime_minutes": 2_000 + number}
        data |= {"started_at": at - MINUTE, "ended_at": at}
        bodies.append(life.say(user, "CONTRIBUTION", data, at))
    life.waiting.extend(bodies[1:])
    return bodies[0]


def early(life: Life, user: str) -> Body:
    """Report a few minutes of a new day, so that they are held, and perhaps no more."""
    start = life.now
    data = _figures(life, 3) | {"started_at": start - 3 * MINUTE, "ended_at": start}
    life.reported[user] = start
    return life.award(life.say(user, "CONTRIBUTION", data, start))


DEEDS: dict[Deed, float] = common.usual({"points": 3}, {"streaks": {"uptime": 5}}) | {
    periods.periods({"global": ("daily", "weekly")}, 0): 0.3,
    report: 80,
    cheat: 1,
    early: 8,
    common.reversal: 2,
    common.adjustment("ADJUST", -40.125, -3, 0.001, 12.5): 2,
}


def second_version(document: dict[str, Any], _day: str, _until: str) -> None:
    """Give less a day, and be sooner suspicious."""
    document["suspicion"] = {"times": 2, "suspend": "6 hours"}
    contribution = document["actions"]["CONTRIBUTION"]
    contribution["limits"]["points"] = {"day": 600, "week": 2_500}
    contribution["rules"]["contribution"]["expires"] = "90 days"
    contribution["limits"]["rate"] = {"times": 2, "per": "300 seconds"}
    document["reversible_for"] = "30 days"
