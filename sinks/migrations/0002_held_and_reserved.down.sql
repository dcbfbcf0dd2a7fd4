ALTER TABLE ledger DROP COLUMN scale;
ALTER TABLE balances DROP COLUMN held, DROP COLUMN reserved, DROP COLUMN forfeited;
