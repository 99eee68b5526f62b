-- One schema for SQLite and PostgreSQL: portable types, keys assigned by the application.
-- Result tables carry natural keys (entity, as_of, method); run_id names the run that last changed the row.

CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    next_id BIGINT NOT NULL
);

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE portfolios (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    opened_on DATE NOT NULL,
    is_demo BOOLEAN NOT NULL
);

CREATE TABLE cash_ledger (
    id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    date DATE NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('opening', 'contribution', 'withdrawal', 'interest', 'fee')),
    amount DOUBLE PRECISION NOT NULL,
    note TEXT
);
CREATE INDEX cash_ledger_by_portfolio ON cash_ledger (portfolio_id, date);

-- The security master, apart from prices. Option columns are all present or all absent.
CREATE TABLE instruments (
    id BIGINT NOT NULL PRIMARY KEY,
    symbol TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('stock', 'etf', 'mutual_fund', 'index', 'option', 'private')),
    name TEXT,
    sector TEXT,
    industry TEXT,
    exchange TEXT,
    country TEXT,
    currency TEXT NOT NULL,
    market_cap DOUBLE PRECISION,
    dividend_yield DOUBLE PRECISION,
    duration DOUBLE PRECISION,
    convexity DOUBLE PRECISION,
    multiplier DOUBLE PRECISION NOT NULL CHECK (multiplier > 0),
    underlying TEXT,
    option_kind TEXT CHECK (option_kind IN ('call', 'put')),
    strike DOUBLE PRECISION CHECK (strike > 0),
    expiry DATE,
    exercise_style TEXT CHECK (exercise_style IN ('european', 'american')),
    standard_deliverable BOOLEAN,
    CHECK ((kind = 'option') = (underlying IS NOT NULL AND option_kind IS NOT NULL AND strike IS NOT NULL
        AND expiry IS NOT NULL AND exercise_style IS NOT NULL AND standard_deliverable IS NOT NULL))
);

CREATE TABLE positions (
    id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    quantity DOUBLE PRECISION NOT NULL CHECK (quantity <> 0),
    entry_price DOUBLE PRECISION NOT NULL CHECK (entry_price >= 0),
    entry_date DATE NOT NULL,
    lot INTEGER NOT NULL,
    exit_price DOUBLE PRECISION CHECK (exit_price >= 0),
    exit_date DATE,
    UNIQUE (portfolio_id, instrument_id, entry_date, lot),
    CHECK ((exit_price IS NULL) = (exit_date IS NULL)),
    CHECK (exit_date IS NULL OR exit_date >= entry_date)
);

CREATE TABLE tags (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    UNIQUE (user_id, name)
);

CREATE TABLE position_tags (
    position_id BIGINT NOT NULL REFERENCES positions (id) ON DELETE CASCADE,
    tag_id BIGINT NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (position_id, tag_id)
);

CREATE TABLE prices (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    date DATE NOT NULL,
    open DOUBLE PRECISION,
    high DOUBLE PRECISION,
    low DOUBLE PRECISION,
    close DOUBLE PRECISION NOT NULL CHECK (close > 0),
    adj_close DOUBLE PRECISION CHECK (adj_close > 0),
    volume DOUBLE PRECISION,
    source TEXT NOT NULL,
    PRIMARY KEY (instrument_id, date)
);

CREATE TABLE option_quotes (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    date DATE NOT NULL,
    bid DOUBLE PRECISION,
    ask DOUBLE PRECISION,
    close DOUBLE PRECISION,
    implied_volatility DOUBLE PRECISION,
    open_interest DOUBLE PRECISION,
    forward DOUBLE PRECISION,
    source TEXT NOT NULL,
    PRIMARY KEY (instrument_id, date)
);

CREATE TABLE rates (
    series TEXT NOT NULL,
    date DATE NOT NULL,
    percent DOUBLE PRECISION NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (series, date)
);

CREATE TABLE splits (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    date DATE NOT NULL,
    from_shares DOUBLE PRECISION NOT NULL CHECK (from_shares > 0),
    to_shares DOUBLE PRECISION NOT NULL CHECK (to_shares > 0),
    source TEXT NOT NULL,
    PRIMARY KEY (instrument_id, date)
);

CREATE TABLE dividends (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    ex_date DATE NOT NULL,
    amount DOUBLE PRECISION NOT NULL CHECK (amount > 0),
    source TEXT NOT NULL,
    PRIMARY KEY (instrument_id, ex_date)
);

-- Bars that the screens refused, with the reason. Nothing here is used by any engine.
CREATE TABLE quarantine (
    symbol TEXT NOT NULL,
    date DATE NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    payload JSON NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'accepted', 'dropped')),
    PRIMARY KEY (symbol, date, source, reason)
);

CREATE TABLE factors (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('market', 'style', 'rates')),
    proxy TEXT NOT NULL,
    description TEXT NOT NULL,
    display_order INTEGER NOT NULL
);

CREATE TABLE scenarios (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    severity TEXT NOT NULL,
    note TEXT,
    active BOOLEAN NOT NULL,
    shocks JSON NOT NULL,
    display_order INTEGER NOT NULL
);

-- One row per execution of a writing verb.
CREATE TABLE runs (
    id BIGINT NOT NULL PRIMARY KEY,
    tool TEXT NOT NULL,
    verb TEXT NOT NULL,
    as_of DATE,
    from_date DATE,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    status TEXT NOT NULL CHECK (status IN ('running', 'ok', 'partial', 'failed')),
    expected BIGINT,
    stored BIGINT,
    changed BIGINT,
    skipped BIGINT,
    parameters JSON NOT NULL,
    version TEXT NOT NULL,
    username TEXT NOT NULL,
    message TEXT
);
CREATE INDEX runs_by_tool ON runs (tool, as_of);

-- Greeks per unit of the underlying, once per contract and date. Either numbers or a reason.
CREATE TABLE greeks (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    reason TEXT,
    spot DOUBLE PRECISION,
    market_price DOUBLE PRECISION,
    volatility DOUBLE PRECISION,
    volatility_source TEXT,
    rate DOUBLE PRECISION,
    dividend_yield DOUBLE PRECISION,
    years DOUBLE PRECISION,
    model_price DOUBLE PRECISION,
    delta DOUBLE PRECISION,
    gamma DOUBLE PRECISION,
    theta_per_day DOUBLE PRECISION,
    vega_per_point DOUBLE PRECISION,
    rho_per_point DOUBLE PRECISION,
    flags JSON NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (instrument_id, as_of, method),
    CHECK ((reason IS NULL) = (delta IS NOT NULL))
);
CREATE INDEX greeks_by_date ON greeks (as_of);

CREATE TABLE factor_fits (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    status TEXT NOT NULL,
    alpha_per_day DOUBLE PRECISION,
    alpha_std_error DOUBLE PRECISION,
    alpha_t_value DOUBLE PRECISION,
    alpha_p_value DOUBLE PRECISION,
    r_squared DOUBLE PRECISION,
    adj_r_squared DOUBLE PRECISION,
    observations BIGINT NOT NULL,
    residual_vol_per_day DOUBLE PRECISION,
    condition_number DOUBLE PRECISION,
    effective_parameters DOUBLE PRECISION,
    flags JSON NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (instrument_id, as_of, method)
);
CREATE INDEX factor_fits_by_date ON factor_fits (as_of);

CREATE TABLE factor_loadings (
    instrument_id BIGINT NOT NULL REFERENCES instruments (id),
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    factor TEXT NOT NULL,
    coefficient DOUBLE PRECISION NOT NULL,
    std_error DOUBLE PRECISION,
    t_value DOUBLE PRECISION,
    p_value DOUBLE PRECISION,
    vif DOUBLE PRECISION,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (instrument_id, as_of, method, factor)
);
CREATE INDEX factor_loadings_by_date ON factor_loadings (as_of);

-- Covariance and correlation of the factors: a lower triangle of doubles in one row.
CREATE TABLE factor_covariances (
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    factors JSON NOT NULL,
    packed BYTEA NOT NULL,
    observations BIGINT NOT NULL,
    shrinkage DOUBLE PRECISION,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (as_of, method)
);

CREATE TABLE factor_exposures (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    factor TEXT NOT NULL,
    dollar_exposure DOUBLE PRECISION NOT NULL,
    std_error_usd DOUBLE PRECISION,
    t_value DOUBLE PRECISION,
    beta DOUBLE PRECISION,
    coverage_fraction DOUBLE PRECISION NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, method, factor)
);

CREATE TABLE correlations (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    window_sessions INTEGER NOT NULL,
    average_correlation DOUBLE PRECISION,
    effective_bets DOUBLE PRECISION,
    min_eigenvalue DOUBLE PRECISION,
    repaired BOOLEAN NOT NULL,
    included BIGINT NOT NULL,
    excluded BIGINT NOT NULL,
    symbols JSON NOT NULL,
    packed BYTEA NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, method)
);

CREATE TABLE correlation_clusters (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    method TEXT NOT NULL,
    cluster INTEGER NOT NULL,
    name TEXT NOT NULL,
    average_correlation DOUBLE PRECISION NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    weight_fraction DOUBLE PRECISION,
    members JSON NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, method, cluster)
);

CREATE TABLE stress_results (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    scenario_id TEXT NOT NULL,
    method TEXT NOT NULL,
    direct_pnl DOUBLE PRECISION,
    correlated_pnl DOUBLE PRECISION,
    direct_fraction DOUBLE PRECISION,
    correlated_fraction DOUBLE PRECISION,
    direct_by_factor JSON NOT NULL,
    correlated_by_factor JSON NOT NULL,
    implied_moves JSON NOT NULL,
    distance DOUBLE PRECISION,
    extrapolated BOOLEAN NOT NULL,
    excluded_value DOUBLE PRECISION NOT NULL,
    direct_reason TEXT,
    correlated_reason TEXT,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, scenario_id, method),
    CHECK ((direct_reason IS NULL) = (direct_pnl IS NOT NULL)),
    CHECK ((correlated_reason IS NULL) = (correlated_pnl IS NOT NULL))
);

CREATE TABLE market_risk_results (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    scenario_id TEXT NOT NULL,
    method TEXT NOT NULL,
    shock_kind TEXT NOT NULL CHECK (shock_kind IN ('market', 'rates_bp')),
    shock_size DOUBLE PRECISION NOT NULL,
    pnl DOUBLE PRECISION,
    fraction DOUBLE PRECISION,
    by_factor JSON NOT NULL,
    excluded_value DOUBLE PRECISION NOT NULL,
    reason TEXT,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, scenario_id, method),
    CHECK ((reason IS NULL) = (pnl IS NOT NULL))
);

-- Totals and sums by asset type, sector, underlying and tag.
CREATE TABLE portfolio_exposures (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    dimension TEXT NOT NULL CHECK (dimension IN ('total', 'asset_type', 'sector', 'underlying', 'tag')),
    bucket TEXT NOT NULL,
    position_count BIGINT NOT NULL,
    gross DOUBLE PRECISION NOT NULL,
    net DOUBLE PRECISION NOT NULL,
    long_value DOUBLE PRECISION NOT NULL,
    short_value DOUBLE PRECISION NOT NULL,
    notional DOUBLE PRECISION,
    delta_adjusted DOUBLE PRECISION,
    beta_adjusted DOUBLE PRECISION,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, dimension, bucket)
);

CREATE TABLE snapshots (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    nav DOUBLE PRECISION NOT NULL,
    cash DOUBLE PRECISION NOT NULL,
    short_proceeds DOUBLE PRECISION NOT NULL,
    long_value DOUBLE PRECISION NOT NULL,
    short_value DOUBLE PRECISION NOT NULL,
    gross DOUBLE PRECISION NOT NULL,
    net DOUBLE PRECISION NOT NULL,
    unrealized_pnl DOUBLE PRECISION NOT NULL,
    realized_pnl DOUBLE PRECISION NOT NULL,
    day_pnl DOUBLE PRECISION NOT NULL,
    flows DOUBLE PRECISION NOT NULL,
    day_return DOUBLE PRECISION,
    cumulative_pnl DOUBLE PRECISION NOT NULL,
    cumulative_return DOUBLE PRECISION,
    realized_vol_21 DOUBLE PRECISION,
    realized_vol_63 DOUBLE PRECISION,
    drawdown DOUBLE PRECISION,
    market_beta DOUBLE PRECISION,
    delta_dollars DOUBLE PRECISION,
    gamma_dollars_per_1pct DOUBLE PRECISION,
    theta_per_day DOUBLE PRECISION,
    vega_per_point DOUBLE PRECISION,
    rho_per_point DOUBLE PRECISION,
    hhi DOUBLE PRECISION,
    effective_positions DOUBLE PRECISION,
    top_3_fraction DOUBLE PRECISION,
    top_10_fraction DOUBLE PRECISION,
    position_count BIGINT NOT NULL,
    excluded_count BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of)
);

-- What each engine had to leave out or qualify, by name, with its share of value.
CREATE TABLE exclusions (
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    as_of DATE NOT NULL,
    engine TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('warning', 'error')),
    detail TEXT NOT NULL,
    value DOUBLE PRECISION,
    weight_fraction DOUBLE PRECISION,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, as_of, engine, subject, reason)
);
