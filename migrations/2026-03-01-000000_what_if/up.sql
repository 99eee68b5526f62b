-- What-if sessions: trades that somebody thought of, kept under a name. No engine reads them.
CREATE TABLE what_if_sessions (
    name TEXT PRIMARY KEY NOT NULL,
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    fractional BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    CHECK (name <> '')
);

CREATE INDEX what_if_sessions_portfolio ON what_if_sessions (portfolio_id);

-- The trades as they were asked for, in quantity or dollars, and as they were filled at the close of the session's date.
CREATE TABLE what_if_trades (
    session TEXT NOT NULL REFERENCES what_if_sessions (name) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('BUY', 'SELL', 'SHORT', 'COVER')),
    quantity DOUBLE PRECISION,
    dollars DOUBLE PRECISION,
    price DOUBLE PRECISION,
    tag TEXT,
    filled_quantity DOUBLE PRECISION NOT NULL,
    filled_price DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (session, line),
    CHECK ((quantity IS NULL) <> (dollars IS NULL))
);
