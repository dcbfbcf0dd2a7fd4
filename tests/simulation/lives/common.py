"""What happens in every program: profiles, moving in, corrections, reservations, suspensions, erasure."""

from collections.abc import Mapping
from typing import Any

from schemas.moments import DAY, HOUR
from tests.simulation.lives.life import SETTLING, Body, Deed, Life

COUNTRIES = ("US", "DE", "FR", "GB", "JP", "BR", "IN", "NG", "MX", "PL")
BY_ADMIN = {"reason": "goodwill", "created_by": "admin-7"}


def profile(life: Life, user: str) -> Body:
    """Say something of a member that rules look at."""
    rng, data = life.random, dict[str, Any]()
    home = COUNTRIES[int(user[-3:]) % len(COUNTRIES)]
    if life.chance(0.8):
        data["country"] = rng.choice(COUNTRIES) if life.chance(0.1) else home
    if life.chance(0.3):
        data["segments"] = rng.sample(("vip", "press", "staff"), rng.randrange(3))
    if life.chance(0.2):
        data["joined_at"] = life.now - life.days(600)
    if life.chance(0.1):
        data |= {"timezone": "Europe/Berlin", "listed": life.chance(0.7)}
    return life.say(user, "PROFILE", data)


def opening(currencies: Mapping[str, int], more: Mapping[str, Any]) -> Deed:
    """Make the deed that moves a member in from elsewhere; decimals by currency."""

    def deed(life: Life, user: str) -> Body:
        rng, data = life.random, dict[str, Any](more)
        if life.chance(0.7):
            life.signed_up += 1
            user = life.newcomer(life.signed_up)
        for currency, decimals in currencies.items():
            balance = rng.randrange(0, 3_000)
            exact = balance + (rng.randrange(1_000) / 1_000 if decimals else 0)
            data.setdefault("balances", {})[currency] = exact
            data.setdefault("lifetimes", {})[currency] = balance + rng.randrange(0, 5_000)
            if life.chance(0.6):
                lots = [[rng.randint(1, 400), life.now + life.days(90)] for _ in range(3)]
                data.setdefault("lots", {})[currency] = lots
        return life.say(user, "OPENING", data)

    return deed


def reversal(life: Life, user: str) -> Body:
    """Take an award back, wholly or in part; at times a second time, or one nobody knows."""
    award = life.recall("awards")
    member, action_id = award or (user, "never-said")
    data: dict[str, Any] = {"action_id": action_id, "reason": "returned"}
    if life.chance(0.4):
        data["points"] = life.random.choice((1, 2, 5, 20, 400))
    return life.say(member if life.chance(0.97) else user, "REVERSAL", data)


def adjustment(kind: str, *amounts: float) -> Deed:
    """Make the deed by which an admin corrects a balance."""

    def deed(life: Life, user: str) -> Body:
        return life.say(user, kind, {"points": life.random.choice(amounts), **BY_ADMIN})

    return deed


def reserve(life: Life, user: str) -> Body:
    """Set points aside; mostly the other half follows."""
    points = life.random.choice((1, 10, 25, 120))
    body = life.say(user, "RESERVE", {"points": points, "reward": "trip"})
    life.kept["reserved"].append((user, body["id"]))
    return body


def settle_reservation(life: Life, user: str) -> Body:
    """Confirm or cancel a reservation, at times one that is settled."""
    member, name = life.recall("reserved") or (user, "never-reserved")
    kind = life.random.choice(("CONFIRM", "CONFIRM", "CANCEL"))
    return life.say(member, kind, {"reservation": name})


def suspend(life: Life, user: str) -> Body:
    """Suspend a member for a while, or until further notice; at times as of an earlier moment."""
    data, since = dict[str, Any](reason="fraud", created_by="admin-7"), life.now
    if life.chance(0.3):
        since -= life.days(4)
    if life.chance(0.8):
        data["until"] = since + life.random.choice((HOUR, 6 * HOUR, 3 * DAY))
    life.kept["suspended"].append((user,))
    return life.say(user, "SUSPEND", data, at=since)


def unsuspend(life: Life, user: str) -> Body:
    """End a suspension, if there is one."""
    (member,) = life.recall("suspended") or (user,)
    at = life.now - (life.days(2) if life.chance(0.3) else 0)
    return life.say(member, "UNSUSPEND", {"reason": "cleared", "created_by": "admin-7"}, at=at)


def erase(life: Life, _user: str) -> Body:
    """Erase a member, any of them alike."""
    user = f"u-{life.random.randrange(len(life.weights)):04d}"
    return life.say(user, "ERASE", {"reason": "asked for", "created_by": "admin-7"})


def settle(life: Life, user: str) -> Body:
    """Let a job look for what is due, mostly where nothing is."""
    return life.say(user, life.random.choice(SETTLING), at=life.now - life.days(1))


def usual(currencies: Mapping[str, int], more: Mapping[str, Any]) -> dict[Deed, float]:
    """Return what happens everywhere, with its share."""
    return {
        profile: 3,
        opening(currencies, more): 0.6,
        reserve: 0.5,
        settle_reservation: 0.4,
        suspend: 0.25,
        unsuspend: 0.25,
        erase: 0.06,
        settle: 0.5,
    }
