ALTER TABLE ledger DROP COLUMN scale;
ALTER TABLE balances DROP COLUMN held, DROP COLUMN reserved, DROP COLUMN forfeited;

-- Whoever takes the step again reads this topic from its beginning, with these values. Its name may have a prefix.
TRUNCATE ledger, balances;
DELETE FROM projection_progress WHERE topic LIKE '%rewards.earned';
