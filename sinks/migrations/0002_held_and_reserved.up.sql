-- Points that are held, set aside, and lost before they were available.
ALTER TABLE balances
    ADD COLUMN held      bigint NOT NULL DEFAULT 0,
    ADD COLUMN reserved  bigint NOT NULL DEFAULT 0,
    ADD COLUMN forfeited bigint NOT NULL DEFAULT 0;

-- Decimals of the smallest unit that amounts are counted in.
ALTER TABLE ledger ADD COLUMN scale smallint NOT NULL DEFAULT 0;

-- Rows that are there already lack these values, and the positions stand behind what would tell them: both tables
-- are made anew from rewards.earned, which is kept for ever. Its name may have a prefix.
TRUNCATE ledger, balances;
DELETE FROM projection_progress WHERE topic LIKE '%rewards.earned';
