DROP INDEX accepted_days, ledger_days;
DROP TABLE members, rank_history, leaderboard_snapshots, leaderboard_periods;
