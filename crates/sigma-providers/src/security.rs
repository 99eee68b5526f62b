//! Facts about a security.

use sigma_core::model::InstrumentKind;

/// Facts about one security; what a source leaves blank is unknown, and never takes the place of what is known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Security {
    /// Canonical symbol.
    pub symbol: String,
    pub name: Option<String>,
    pub kind: Option<InstrumentKind>,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub exchange: Option<String>,
    pub country: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    pub market_cap: Option<f64>,
    /// Continuous, decimal fraction a year.
    pub dividend_yield: Option<f64>,
    pub duration: Option<f64>,
    pub convexity: Option<f64>,
}

impl Security {
    /// A security of which only the symbol is known.
    pub fn of_symbol(symbol: impl Into<String>) -> Security {
        Security { symbol: symbol.into(), ..Security::default() }
    }

    /// Fills what is blank here with what another source knows.
    pub fn complete(&mut self, other: Security) {
        fn fill<T>(known: &mut Option<T>, other: Option<T>) {
            if known.is_none() {
                *known = other;
            }
        }
        fill(&mut self.name, other.name);
        fill(&mut self.kind, other.kind);
        fill(&mut self.sector, other.sector);
        fill(&mut self.industry, other.industry);
        fill(&mut self.exchange, other.exchange);
        fill(&mut self.country, other.country);
        fill(&mut self.currency, other.currency);
        fill(&mut self.market_cap, other.market_cap);
        fill(&mut self.dividend_yield, other.dividend_yield);
        fill(&mut self.duration, other.duration);
        fill(&mut self.convexity, other.convexity);
    }
}

/// Text of a profile: blanks are unknown.
pub(crate) fn text(value: Option<String>) -> Option<String> {
    value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The continuous yield of a yearly cash dividend: `ln(1 + amount / price)`.
pub fn continuous_yield(amount_per_year: f64, price: f64) -> Option<f64> {
    let is_usable = price.is_finite() && price > 0.0 && amount_per_year.is_finite() && amount_per_year >= 0.0;
    is_usable.then(|| (amount_per_year / price).ln_1p())
}
