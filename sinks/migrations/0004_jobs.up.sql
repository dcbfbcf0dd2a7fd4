-- What jobs look for: everyone's rank on one board, and who holds a badge.
CREATE INDEX rank_history_of_board ON rank_history (program, board, period);
CREATE INDEX achievements_badges ON achievements (program, achievement, user_id, occurred_at)
    WHERE kind = 'badge';
