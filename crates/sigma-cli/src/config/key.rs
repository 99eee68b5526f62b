//! The list of settings.

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A database URL: shown without its password.
    DatabaseUrl,
    /// Never shown.
    Secret,
    Bool,
    Integer,
    Choice(&'static [&'static str]),
}

/// Everything there is to know about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    pub name: &'static str,
    pub variable: &'static str,
    pub kind: Kind,
    pub default: Option<&'static str>,
    pub help: &'static str,
}

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    DatabaseUrl,
    Color,
    Progress,
    WaitLockSeconds,
    OutputDir,
    Provider,
    ProviderPath,
    Calendar,
    PolygonApiKey,
    PolygonBaseUrl,
    PolygonLimit,
    FmpApiKey,
    FmpApi,
    FmpBaseUrl,
    FmpLimit,
    TiingoApiKey,
    TiingoBaseUrl,
    TiingoLimit,
    FredApiKey,
    FredBaseUrl,
    FredLimit,
    Yahoo,
    YahooBaseUrl,
    YahooLimit,
    ProviderWaitSeconds,
    HttpTimeoutSeconds,
    HttpRetries,
    HttpBackoffMs,
    StateDir,
}

const PROVIDER_CHOICES: &[&str] = &["auto", "file", "polygon", "fmp", "tiingo", "yahoo", "fred"];

const LIMIT_HELP: &str = "requests allowed, such as 5/min or 300/min,250/day or unlimited";

impl Key {
    pub const ALL: [Key; 29] = [
        Key::DatabaseUrl,
        Key::Color,
        Key::Progress,
        Key::WaitLockSeconds,
        Key::OutputDir,
        Key::Provider,
        Key::ProviderPath,
        Key::Calendar,
        Key::PolygonApiKey,
        Key::PolygonBaseUrl,
        Key::PolygonLimit,
        Key::FmpApiKey,
        Key::FmpApi,
        Key::FmpBaseUrl,
        Key::FmpLimit,
        Key::TiingoApiKey,
        Key::TiingoBaseUrl,
        Key::TiingoLimit,
        Key::FredApiKey,
        Key::FredBaseUrl,
        Key::FredLimit,
        Key::Yahoo,
        Key::YahooBaseUrl,
        Key::YahooLimit,
        Key::ProviderWaitSeconds,
        Key::HttpTimeoutSeconds,
        Key::HttpRetries,
        Key::HttpBackoffMs,
        Key::StateDir,
    ];

    #[rustfmt::skip]
    pub fn info(self) -> KeyInfo {
        let info = |name, variable, kind, default, help| KeyInfo { name, variable, kind, default, help };
        match self {
            Key::DatabaseUrl => info("database_url", "DATABASE_URL", Kind::DatabaseUrl, Some("sqlite:sigma.db"), "database: sqlite:FILE or postgres://USER@HOST/NAME"),
            Key::Color => info("color", "SIGMA_COLOR", Kind::Choice(&["auto", "always", "never"]), Some("auto"), "colour of messages"),
            Key::Progress => info("progress", "SIGMA_PROGRESS", Kind::Bool, Some("true"), "progress bars on a terminal"),
            Key::WaitLockSeconds => info("wait_lock_seconds", "SIGMA_WAIT_LOCK_SECONDS", Kind::Integer, Some("0"), "how long to wait for another run"),
            Key::OutputDir => info("output_dir", "SIGMA_OUTPUT_DIR", Kind::Text, Some("reports"), "folder of generated reports"),
            Key::Provider => info("provider", "SIGMA_PROVIDER", Kind::Choice(PROVIDER_CHOICES), Some("auto"), "market data provider"),
            Key::ProviderPath => info("provider_path", "SIGMA_PROVIDER_PATH", Kind::Text, None, "folder of the file provider"),
            Key::Calendar => info("calendar", "SIGMA_CALENDAR", Kind::Text, None, "file of extra holidays and early closes: CSV date,status,close_et,name"),
            Key::PolygonApiKey => info("polygon_api_key", "SIGMA_POLYGON_API_KEY", Kind::Secret, None, "key for Polygon"),
            Key::PolygonBaseUrl => info("polygon_base_url", "SIGMA_POLYGON_BASE_URL", Kind::Text, None, "another address for Polygon"),
            Key::PolygonLimit => info("polygon_limit", "SIGMA_POLYGON_LIMIT", Kind::Text, None, LIMIT_HELP),
            Key::FmpApiKey => info("fmp_api_key", "SIGMA_FMP_API_KEY", Kind::Secret, None, "key for FMP"),
            Key::FmpApi => info("fmp_api", "SIGMA_FMP_API", Kind::Choice(&["stable", "legacy"]), Some("stable"), "form of the FMP service; legacy only for old keys"),
            Key::FmpBaseUrl => info("fmp_base_url", "SIGMA_FMP_BASE_URL", Kind::Text, None, "another address for FMP"),
            Key::FmpLimit => info("fmp_limit", "SIGMA_FMP_LIMIT", Kind::Text, None, LIMIT_HELP),
            Key::TiingoApiKey => info("tiingo_api_key", "SIGMA_TIINGO_API_KEY", Kind::Secret, None, "key for Tiingo"),
            Key::TiingoBaseUrl => info("tiingo_base_url", "SIGMA_TIINGO_BASE_URL", Kind::Text, None, "another address for Tiingo"),
            Key::TiingoLimit => info("tiingo_limit", "SIGMA_TIINGO_LIMIT", Kind::Text, None, LIMIT_HELP),
            Key::FredApiKey => info("fred_api_key", "SIGMA_FRED_API_KEY", Kind::Secret, None, "key for FRED"),
            Key::FredBaseUrl => info("fred_base_url", "SIGMA_FRED_BASE_URL", Kind::Text, None, "another address for FRED"),
            Key::FredLimit => info("fred_limit", "SIGMA_FRED_LIMIT", Kind::Text, None, LIMIT_HELP),
            Key::Yahoo => info("yahoo", "SIGMA_YAHOO", Kind::Bool, Some("false"), "ask Yahoo, unofficial, when others have no answer"),
            Key::YahooBaseUrl => info("yahoo_base_url", "SIGMA_YAHOO_BASE_URL", Kind::Text, None, "another address for Yahoo"),
            Key::YahooLimit => info("yahoo_limit", "SIGMA_YAHOO_LIMIT", Kind::Text, None, LIMIT_HELP),
            Key::ProviderWaitSeconds => info("provider_wait_seconds", "SIGMA_PROVIDER_WAIT_SECONDS", Kind::Integer, Some("90"), "longest wait for a provider's limit before the run stops"),
            Key::HttpTimeoutSeconds => info("http_timeout_seconds", "SIGMA_HTTP_TIMEOUT_SECONDS", Kind::Integer, Some("30"), "longest wait for an answer of a provider"),
            Key::HttpRetries => info("http_retries", "SIGMA_HTTP_RETRIES", Kind::Integer, Some("3"), "how often a request that failed for the moment is repeated"),
            Key::HttpBackoffMs => info("http_backoff_ms", "SIGMA_HTTP_BACKOFF_MS", Kind::Integer, Some("500"), "wait before the first repetition; it doubles each time"),
            Key::StateDir => info("state_dir", "SIGMA_STATE_DIR", Kind::Text, None, "folder of request budgets"),
        }
    }

    pub fn parse(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| key.info().name == name)
    }
}
