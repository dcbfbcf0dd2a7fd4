"""An account and a program's figures as people read them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console, RenderableType

from cli.in_force import amount, done_by_members, ladders
from cli.portrait import Portrait, as_document, statement, summary
from cli.program_files import PROGRAMS
from cli.system_figures import Figures, screen
from cli.system_figures import as_document as figures_document
from schemas.program_files import read_program_file
from schemas.programs import Currency, Program, parse_program
from sinks import ledger_figures, ledger_reads

AT = datetime(2025, 12, 7, 12, tzinfo=UTC)


def program(name: str) -> Program:
    return parse_program(read_program_file(PROGRAMS / name / "2025-01-01.yaml").content)


def drawn(shown: RenderableType) -> list[str]:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(shown)
    return [line.rstrip() for line in captured.get().splitlines()]


SEEN = Portrait(
    view={
        "sequence": 3,
        "currencies": {"points": {"balance": 118_000}},
        "counts": {"CONTRIBUTION": 2},
        "country": None,
        "streaks": {"uptime": 7},
        "suspended_until": "for ever",
        "due": "EXPIRATION",
    },
    wallet=[ledger_reads.Purse("points", 1_118_500, 2_000, 0, 1_118_500, 1_118_500, 0, 0)],
    streaks=[ledger_reads.StreakHeld("uptime", 7, date(2025, 12, 7))],
    badges=[
        ledger_reads.BadgeHeld("CONSISTENT", 7, AT),
        ledger_reads.BadgeHeld("OLD", 1, None),
    ],
    paths=[
        ledger_reads.PathWalked("creator", 1_200, joined=True, primary=True),
        ledger_reads.PathWalked("social", 5, joined=True, primary=False),
        ledger_reads.PathWalked("trader", 40, joined=False, primary=False),
    ],
    totals=[
        ledger_reads.Total("CONTRIBUTION", "uptime_minutes", 1_827_146),
        ledger_reads.Total("CONTRIBUTION", "scrapes_ok", 1_082),
        ledger_reads.Total("GONE", "fact", 3),
    ],
    expiries=[ledger_reads.Expiry("points", date(2026, 3, 1), 120_000)],
    actions=[
        ledger_reads.DayCount(date(2025, 12, 6), "CONTRIBUTION", 2),
        ledger_reads.DayCount(date(2025, 12, 7), "CONTRIBUTION", 1),
        ledger_reads.DayCount(date(2025, 12, 7), "TOPIC_DISCOVERED", 1),
    ],
    points=[ledger_reads.DayPoints(date(2025, 12, 7), "points", 118_000, 0)],
    hours=[ledger_reads.HourCount(hour, {9: 8, 10: 1, 23: 4}.get(hour, 0)) for hour in range(24)],
    ranks=[ledger_reads.RankThen("global", "weekly:2025-W49", AT, 3, 118_000, 1_200)],
    recent=[ledger_reads.Done(AT, "CONTRIBUTION", "earn", "points", 118_000, '{"a": 1}', "c1#c")],
)
SHOWN = """
points           balance 1,118.5  held 2  lifetime 1,118.5  earned 1,118.5
expires          120 points on 1 March 2026
streaks          uptime 7, last on 7 December 2025
badges           CONSISTENT 7 since 7 December 2025
                 OLD 1
paths            creator 1,200 xp (primary)
                 social 5 xp
                 trader 40 xp (left)
counts           CONTRIBUTION 2
suspended_until  for ever
totals           uptime_minutes 1,827.146 min
                 scrapes_ok 1,082
                 fact 3
2025-12-06       CONTRIBUTION 2
2025-12-07       CONTRIBUTION 1  TOPIC_DISCOVERED 1
hours            0h          █▁            ▄ 24h
ranks            #3 of 1,200 in global weekly:2025-W49
"""


def test_an_account_is_told_in_words() -> None:
    """Amounts are whole points, totals have their units, and what there is nothing of is left out."""
    assert drawn(summary(SEEN, program("contribution"))) == SHOWN.strip().splitlines()


def test_a_member_who_did_nothing_is_told_so_little() -> None:
    """Without rows there are no lines: a new account shows what it is, and no bars."""
    hours = [ledger_reads.HourCount(hour, 0) for hour in range(24)]
    new = Portrait({"country": "US", "counts": {}}, *([] for _ in range(8)), hours, [], [])
    assert drawn(summary(new, program("loyalty"))) == ["country  US"]


def test_a_score_without_a_place_is_on_no_board() -> None:
    """Without a country a member's score of a region board is kept, but nothing to show."""
    hours = [ledger_reads.HourCount(hour, 0) for hour in range(24)]
    standings = {"region: all_time": 5, "tier:BRONZE all_time": 5}

    def told(standings: dict[str, int]) -> list[str]:
        view = {"standings": standings}
        seen = Portrait(view, *([] for _ in range(8)), hours, [], [])
        return drawn(summary(seen, program("loyalty")))

    assert told(standings) == ["standings  tier:BRONZE all_time 5"]
    assert told({"region: all_time": 5}) == []


def test_an_account_as_json_is_its_view_and_what_was_asked() -> None:
    """The view stays as it is; under `asked` every question's rows have their fields' names."""
    document = as_document(SEEN)
    asked = document.pop("asked")
    assert document == SEEN.view
    assert asked["expiries"] == [{"currency": "points", "day": date(2026, 3, 1), "points": 120_000}]
    assert asked["recent"][0]["reference"] == {"a": 1}
    assert asked.keys() == {*Portrait.__slots__} - {"view"}


def test_a_statement_is_in_whole_points() -> None:
    """A posting of a currency with decimals is shown with them, and with every step of its sum."""
    why = json.dumps([["uptime", "60"], ["times 1.1", "66"]])
    line = ledger_reads.LedgerLine(
        AT, -66_500, "points", "ADJUST", "adjust", 0, None, "typo", "c@1/adjust", why, "a#adjust", 3
    )
    shown = drawn(statement([line]))
    assert shown[1].split("  ")[0] == "2025-12-07 12:00:00"
    for part in ("-66.5", "ADJUST adjust (typo)", "uptime = 60  →  times 1.1 = 66"):
        assert part in shown[1]


FIGURES = Figures(
    members=[ledger_figures.Members(1_234)],
    circulation=[
        ledger_figures.Circulation("xp", 1_200, 90_000, 0, 0, 91_000, 92_000, 0, 0),
        ledger_figures.Circulation("dgt", 300, 5_000, 0, 50, 300, 6_000, 900, 0),
    ],
    active=[ledger_figures.ActiveDay(date(2025, 12, 7), 80, 1_300)],
    economy=[ledger_figures.DayEconomy(date(2025, 12, 7), "dgt", 100, 350)],
    triggered=[ledger_figures.Triggered("POST_CREATE", 4_000, 700)],
    levels=[
        ledger_figures.StepHeld("level", "1", 700),
        ledger_figures.StepHeld("level", "10", 4),
        ledger_figures.StepHeld("level", "2", 30),
    ],
    paths=[ledger_figures.PathTaken("creator", 20, 7, 9_000)],
    top=[ledger_figures.TopMember("u-7", "Ann", 9_100, 4_000)],
)


def test_figures_are_tables() -> None:
    """Each figure has its table; what shrank is below 0, and levels stand in their own order."""
    currencies = {"xp": Currency(), "dgt": Currency(scale=1)}
    shown = drawn(screen(FIGURES, program("forum").model_copy(update={"currencies": currencies})))
    rows = [line.split() for line in shown]
    assert rows[0] == ["1,234", "members"]
    for row in (
        ["xp", "1,200", "76", "90,000", "0", "0", "92,000", "0", "0"],
        ["dgt", "300", "0.1", "500", "0", "5", "600", "90", "0"],
        ["2025-12-07", "80", "1,300"],
        ["2025-12-07", "dgt", "10", "35", "-25"],
        ["POST_CREATE", "4,000", "700"],
        ["creator", "20", "7", "9,000"],
        ["u-7", "Ann", "9,100", "4,000"],
    ):
        assert row in rows
    assert [row[1] for row in rows if row[:1] == ["level"]] == ["1", "2", "10"]


def test_figures_of_nothing_are_left_out() -> None:
    """Without rows there is no table; tiers stand in the file's order, after one it no longer has."""
    tiers = [
        ledger_figures.StepHeld("tier", name, 1) for name in ("BRONZE", "GOLD", "OLD", "SILVER")
    ]
    nothing = [[] for _ in range(4)]
    few = Figures([ledger_figures.Members(3)], *nothing, levels=tiers, paths=[], top=[])
    shown = drawn(screen(few, program("loyalty")))
    rows = [line.split() for line in shown if line]
    assert rows == [
        ["3", "members"],
        ["levels"],
        ["ladder", "step", "members"],
        *(["tier", name, "1"] for name in ("OLD", "BRONZE", "SILVER", "GOLD")),
    ]


def test_figures_as_json_have_names() -> None:
    """Rows have their fields' names, and members are one number."""
    document = figures_document(FIGURES)
    assert document["members"] == 1_234
    assert document["paths"] == [{"path": "creator", "members": 20, "primary": 7, "xp": 9_000}]
    assert document["levels"][0] == {"ladder": "level", "step": "1", "members": 700}


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [(1234500, 3, "1,234.5"), (-500, 3, "-0.5"), (0, 2, "0"), (-1234, 0, "-1,234"), (5, 1, "0.5")],
)
def test_amounts(units: int, scale: int, text: str) -> None:
    """Amounts have thousands, no needless zeros, and their sign also below one."""
    assert amount(units, scale) == text
    assert Decimal(text.replace(",", "")) == Decimal(units).scaleb(-scale)


def test_what_members_do() -> None:
    """Names of rules count with their type; what engine, jobs and admins say makes nobody active."""
    own = done_by_members(program("forum"))
    assert {"TIP", "TIP_GIVEN", "STREAK_DAY", "LIKE_RECEIVED"} <= {*own}
    assert {"TIP_IN", "TIP_RECEIVED", "ADJUST_XP", "SUSPENSION_END"} & {*own} == set()


def test_every_ladder_begins_somewhere() -> None:
    """Steps begin with the first one named, levels with 1."""
    assert ladders(program("loyalty")) == (["tier"], ["BRONZE"])
    assert ladders(program("forum")) == (["level"], ["1"])
