-- Takes away every projection in PostgreSQL; the ledger projector makes them anew from Kafka.

DROP TABLE achievements, tier_changes, declined, accepted, accounts, balances, ledger,
    projection_progress;
