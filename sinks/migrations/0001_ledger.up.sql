-- What docs/stores.md describes: each table, its columns and the topic it is filled from.

CREATE TABLE projection_progress (
    topic       text   NOT NULL,
    partition   int    NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE ledger (
    id              text        NOT NULL,
    action_id       text        NOT NULL,
    program         text        NOT NULL,
    user_id         text        NOT NULL,
    sequence        bigint      NOT NULL,
    action          text        NOT NULL,
    kind            text        NOT NULL,
    currency        text        NOT NULL,
    points          bigint      NOT NULL,
    lifetime_points bigint      NOT NULL,
    base_points     numeric,
    multiplier      numeric,
    balance         bigint      NOT NULL,
    lifetime        bigint      NOT NULL,
    tier            text,
    category        text,
    actor           text,
    occurred_at     timestamptz NOT NULL,
    expires_at      timestamptz,
    rule            text        NOT NULL,
    reason          text,
    reference       jsonb       NOT NULL,
    lots            json        NOT NULL,
    why             json        NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE ledger_default PARTITION OF ledger DEFAULT;
CREATE INDEX ledger_of_member ON ledger (user_id, program, sequence);

CREATE TABLE balances (
    program   text        NOT NULL,
    user_id   text        NOT NULL,
    currency  text        NOT NULL,
    available bigint      NOT NULL,
    lifetime  bigint      NOT NULL,
    sequence  bigint      NOT NULL,
    last_at   timestamptz NOT NULL,
    earned    bigint      NOT NULL,
    adjusted  bigint      NOT NULL DEFAULT 0,
    received  bigint      NOT NULL DEFAULT 0,
    redeemed  bigint      NOT NULL DEFAULT 0,
    expired   bigint      NOT NULL DEFAULT 0,
    sent      bigint      NOT NULL DEFAULT 0,
    reversed  bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, program, currency)
) WITH (fillfactor = 70);  -- Room to update in place; an index on what changes would forbid it.

CREATE TABLE accounts (
    program  text   NOT NULL,
    subject  text   NOT NULL,
    view     jsonb  NOT NULL,
    due_at   timestamptz,
    sequence bigint NOT NULL,
    PRIMARY KEY (subject, program)
) WITH (fillfactor = 70);
CREATE INDEX accounts_due ON accounts (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE accepted (
    id          text        NOT NULL,
    action_id   text        NOT NULL,
    program     text        NOT NULL,
    user_id     text        NOT NULL,
    action      text        NOT NULL,
    reference   jsonb       NOT NULL,
    occurred_at timestamptz NOT NULL,
    rule        text        NOT NULL
) PARTITION BY RANGE (occurred_at);
CREATE TABLE accepted_default PARTITION OF accepted DEFAULT;
CREATE INDEX accepted_of_member ON accepted (user_id, program, occurred_at);

CREATE TABLE declined (
    id          text        NOT NULL,
    action_id   text        NOT NULL,
    program     text        NOT NULL,
    user_id     text        NOT NULL,
    action      text        NOT NULL,
    reason      text        NOT NULL,
    message     text        NOT NULL,
    retry_at    timestamptz,
    reference   jsonb       NOT NULL,
    occurred_at timestamptz NOT NULL,
    rule        text
) PARTITION BY RANGE (occurred_at);
CREATE TABLE declined_default PARTITION OF declined DEFAULT;
CREATE INDEX declined_of_member ON declined (user_id, program, occurred_at);

CREATE TABLE tier_changes (
    id          text        NOT NULL,
    program     text        NOT NULL,
    user_id     text        NOT NULL,
    ladder      text        NOT NULL,
    old         text        NOT NULL,
    new         text        NOT NULL,
    direction   text        NOT NULL,
    value       bigint      NOT NULL,
    threshold   bigint      NOT NULL,
    actor       text,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX tier_changes_of_member ON tier_changes (user_id, program, occurred_at);

CREATE TABLE achievements (
    id          text        NOT NULL,
    program     text        NOT NULL,
    user_id     text        NOT NULL,
    achievement text        NOT NULL,
    kind        text        NOT NULL,
    level       bigint      NOT NULL,
    state       text        NOT NULL,
    payload     jsonb       NOT NULL,
    expires_at  timestamptz,
    actor       text,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX achievements_of_member ON achievements (user_id, program, occurred_at);
