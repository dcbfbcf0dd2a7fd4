"""Results as the book has them: postings as lines, records of ladders and achievements."""

from audit.holdings import LotTold
from audit.members import Achievement, Climb, Line
from audit.periods import read_instant
from audit.results import Said

GIVES = ("earn", "adjust", "hold", "release", "receive", "return")
"""Kinds of postings whose expiry can be told."""


def line_of(posting: Said) -> Line:
    """What a posting says."""
    gives = posting["kind"] in GIVES and posting["points"] > 0
    return Line(
        id=posting["id"],
        action=posting["action"],
        rule=posting["rule"].rpartition("/")[2],
        kind=posting["kind"],
        currency=posting["currency"],
        points=posting["points"],
        lifetime_points=posting["lifetime_points"],
        balance=posting["balance"],
        lifetime=posting["lifetime"],
        tier=posting["tier"],
        occurred_at=read_instant(posting["occurred_at"]) or 0,
        expires_at=_moment(posting["expires_at"]) if gives else None,
        lots=tuple(map(_lot, posting["lots"])),
    )


def _lot(told: list[object]) -> LotTold:
    name, points, expires_at = told
    return str(name), int(str(points)), _moment(expires_at)


def _moment(told: object) -> int | None:
    return None if told is None else read_instant(str(told))


def climb_of(said: Said) -> Climb:
    """What a record of `tier.changed` says."""
    return Climb(said["id"].rpartition("#")[0], said["ladder"], said["old"], said["new"])


def achievement_of(said: Said) -> Achievement:
    """What a record of `achievements.unlocked` says."""
    return Achievement(said["id"], said["kind"], said["achievement"], said["level"], said["state"])
