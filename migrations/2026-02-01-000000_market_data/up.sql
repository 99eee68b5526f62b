-- How the raw prices of a bar came about, the providers' own Greeks, and what providers were asked.

ALTER TABLE prices ADD COLUMN basis TEXT NOT NULL DEFAULT 'as_traded' CHECK (basis IN ('as_traded', 'rebuilt'));

-- To compare ours with; no engine reads them.
ALTER TABLE option_quotes ADD COLUMN quoted_delta DOUBLE PRECISION;
ALTER TABLE option_quotes ADD COLUMN quoted_gamma DOUBLE PRECISION;
ALTER TABLE option_quotes ADD COLUMN quoted_theta_per_day DOUBLE PRECISION;
ALTER TABLE option_quotes ADD COLUMN quoted_vega_per_point DOUBLE PRECISION;

-- The last question put to a provider about a subject (a symbol or a series), and how it ended: so that an answered
-- range is not asked again. Without from_date the question had no beginning.
CREATE TABLE fetches (
    subject TEXT NOT NULL,
    dataset TEXT NOT NULL CHECK (dataset IN ('prices', 'actions', 'profile', 'quotes', 'rates', 'gaps')),
    source TEXT NOT NULL,
    from_date DATE,
    to_date DATE NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    PRIMARY KEY (subject, dataset, source),
    CHECK (from_date IS NULL OR from_date <= to_date)
);
