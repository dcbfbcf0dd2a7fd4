"""docs/stores.md beside the database: every column of the seeds has a place, and every place is there."""

import re
from collections.abc import Iterator

import asyncpg
import pytest

from schemas import parts
from schemas.account_view import view
from schemas.accounts import Head
from schemas.programs import Program
from sinks.migrate import migrate
from tests.support.engine import ROOT

PAGE = (ROOT / "docs" / "stores.md").read_text()
SEEDS = {
    "users": "user_id username email avatar_url tier tier_updated_at country region timezone"
    " created_at last_active_at",
    "user_rewards": "user_id total_points lifetime_points redeemed_points expired_points"
    " global_rank weekly_rank monthly_rank last_reward_at updated_at",
    "reward_transactions": "transaction_id transaction_uuid user_id action_type points_earned"
    " base_points multiplier order_id referral_id reference_id expires_at is_expired reason"
    " created_by transaction_date",
    "leaderboard_periods": "period_id period_type period_identifier start_date end_date"
    " winner_user_id winner_points total_participants status created_at completed_at",
    "user_badges": "badge_id user_id badge_type badge_level earned_at expires_at is_active",
    "leaderboard_snapshots": "snapshot_id period_type period_identifier top_100_data"
    " total_participants total_points_awarded avg_points median_points snapshot_date",
    "reward_action_configs": "action_id action_type action_name description points_formula"
    " base_points bronze_multiplier silver_multiplier gold_multiplier platinum_multiplier"
    " diamond_multiplier max_points_per_action max_daily_points cooldown_minutes is_active"
    " effective_from effective_until created_at updated_at",
    "Subscriber": "score position referredBy",
    "PointLedger": "campaignId event points referenceId metadata",
    "ReferralCampaign": "settings",
    "PointRule": "event points conditions isActive",
    "Reward": "type payload",
    "SubscriberReward": "status",
    "xp_actions": "id name description default_value is_enabled cooldown_seconds",
    "user_xp": "user_id xp last_xp_event_at",
    "xp_levels": "level xp_required rank_name description icon_url color_code",
    "xp_log": "id user_id action_id xp_awarded created_at metadata",
    "dgt_unlocks": "id name type cost_dgt description unlock_data",
    "user_wallet": "user_id dgt_balance lifetime_earned lifetime_spent",
    "dgt_unlock_log": "id user_id unlock_id dgt_spent acquired_at",
    "level_dgt_rewards": "level dgt_reward description",
    "level_dgt_rewards_log": "",
    "dgt_transactions": "id user_id amount transaction_type reference_id reference_type description"
    " created_at metadata",
    "xp_paths": "id name description icon color xp_multipliers is_active",
    "user_paths": "user_id path_id primary_path path_level path_xp",
    "stripe_dgt_sessions": "id session_id user_id package_id dgt_amount usd_amount status",
    "usdt_dgt_transactions": "id user_id package_id dgt_amount usdt_amount tx_hash status",
    "UserPoints": "userId totalPoints dailyPoints pointsHistory",
    "PointsConfig": "uptimeMultiplier scrapeMultiplier bandwidthMultiplier cpuMultiplier"
    " dailyPointsCap minimumUptimeForReward",
    "UserStats": "dailyAveragePoints totalContribution uptime scrapes bandwidth rank achievements",
    "SystemStats": "totalPointsAwarded averagePointsPerUser topContributors dailyStats"
    " pointsAwarded activeUsers",
}
"""The tables of the five seeds, and the columns that they give them."""


def rows() -> Iterator[tuple[str, str]]:
    """Yield (seed, here) of every row of the tables in the section about the seeds."""
    section = PAGE.partition("## Where the seeds' tables are")[2]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ", 1)]
        if line.startswith("| `"):
            yield cells[0], cells[1]


HERE = dict(rows())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_column_of_a_seed_has_a_place(seed: str) -> None:
    """The row of a table names each of its columns."""
    named = set(re.findall(r"`([^`]+)`", HERE[f"`{seed}`"]))
    assert set(SEEDS[seed].split()) - named == set()


async def test_every_place_is_there(database: str) -> None:
    """Each `table.column` is in the database, each part of an account's view and word of a file known."""
    connection = await asyncpg.connect(database)
    await migrate(connection)
    found = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    await connection.close()
    known = {
        r"`([a-z_]+\.[a-z_]+)(?:`|->)": {f"{table}.{column}" for table, column in found},
        r"^`([a-z_]+)`": {table for table, _ in found},
        r"`accounts\.view->(\w+)`": {*view(full_head())},
        r"the file's `(\w+)`": {*Program.model_fields},
    }
    for seed, here in HERE.items():
        for pattern, names in known.items():
            assert set(re.findall(pattern, here)) - names == set(), seed


def full_head() -> Head:
    """Give a head with something of every part that the page speaks of."""
    head = Head()
    parts.STREAKS.write(head, {"login": parts.Streak(1, 0)})
    parts.TOTALS.write(head, {"CONTRIBUTION.uptime_minutes all_time": 1})
    parts.MEMORY.write(head, {"referrer": "ann"})
    parts.PATHS.write(head, parts.Paths({"creator": 1}, ["creator"], "creator"))
    parts.UNLOCKS.write(head, {"GOLD_NAME": parts.Unlocked(1)})
    parts.REWARDS.write(head, {"EARLY_ACCESS": "EARNED"})
    parts.PAYMENT.write(head, parts.Payment("pending", ""))
    return head


async def test_every_table_is_described(database: str) -> None:
    """The page lists each table of the database with its source and key."""
    connection = await asyncpg.connect(database)
    await migrate(connection)
    found = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    await connection.close()
    assert {row[0] for row in found} == set(
        re.findall(r"^\| `([a-z_]+)` \| ", SECTION, re.MULTILINE)
    )


SECTION = PAGE.partition("## PostgreSQL")[2].partition("## What can be asked")[0]
