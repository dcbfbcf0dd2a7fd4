-- Points that are held, set aside, and lost before they were available.
ALTER TABLE balances
    ADD COLUMN held      bigint NOT NULL DEFAULT 0,
    ADD COLUMN reserved  bigint NOT NULL DEFAULT 0,
    ADD COLUMN forfeited bigint NOT NULL DEFAULT 0;
