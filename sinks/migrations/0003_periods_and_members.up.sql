-- Periods of boards: opened, closed, and what came late to their results.
CREATE TABLE leaderboard_periods (
    program      text        NOT NULL,
    board        text        NOT NULL,
    period       text        NOT NULL,
    kind         text        NOT NULL,
    starts_at    timestamptz,
    ends_at      timestamptz,
    status       text        NOT NULL,
    participants bigint,
    points       numeric,
    average      numeric,
    median       numeric,
    winners      jsonb,
    positions    jsonb,
    keep_until   timestamptz,
    changed      bigint,
    changes      jsonb,
    closed_at    timestamptz,
    history      text        NOT NULL DEFAULT 'none',
    PRIMARY KEY (program, board, period)
);
CREATE INDEX leaderboard_periods_ends ON leaderboard_periods (program, ends_at);

CREATE TABLE leaderboard_snapshots (
    program text   NOT NULL,
    board   text   NOT NULL,
    period  text   NOT NULL,
    rank    int    NOT NULL,
    user_id text   NOT NULL,
    score   bigint NOT NULL,
    PRIMARY KEY (program, board, period, rank)
);

-- Every member's rank at a period's close, copied from the board by the job that closes it.
CREATE TABLE rank_history (
    program text   NOT NULL,
    board   text   NOT NULL,
    period  text   NOT NULL,
    user_id text   NOT NULL,
    rank    bigint NOT NULL,
    score   bigint NOT NULL,
    PRIMARY KEY (user_id, program, board, period)
);

-- For display only: names and pictures, as the host's systems say them.
CREATE TABLE members (
    user_id    text PRIMARY KEY,
    username   text,
    avatar_url text,
    email      text,
    country    text,
    region     text,
    timezone   text,
    joined_at  timestamptz
);
