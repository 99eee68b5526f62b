-- Files that were imported into portfolios. A file that changed nothing the second time has one row. `account`: which account of the file,
-- by the end of its number or else its name, so that the next file finds its portfolio.
CREATE TABLE imports (
    id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL CHECK (LENGTH(sha256) = 64),
    format TEXT NOT NULL,
    account TEXT,
    as_of DATE NOT NULL,
    file_rows BIGINT NOT NULL,
    positions BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    imported_at TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('complete', 'partial'))
);
CREATE INDEX imports_by_portfolio ON imports (portfolio_id, as_of);
