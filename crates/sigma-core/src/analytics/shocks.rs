//! What a set of factor shocks does to one instrument.
//!
//! # Formula
//! With loadings `b` and shocks `s` (market, style spreads) and the yield change `dy`:
//! `G = sum of b s over terms with b s > 0`, `K = product of (1 - |s|)^|b| over terms with b s < 0`,
//! `R = (1 + G) K exp(x) - 1`, where `x = beta_rate dy`, or for a known duration `D` and convexity `C`
//! `x = -D dy + (C - D^2) dy^2 / 2`, so that the exponential's own second order is not counted twice. Without a stated
//! convexity the exponential's `D^2` is the convexity.
//!
//! The response is linear for small moves, exact for a loading of one, and never below -100 %.
//!
//! # Contributions
//! In logarithms the terms add up: `l_f = |b| ln(1 - |s|)` for losses, `ln(1 + G) b s / G` for gains, `x` for rates.
//! `c_f = l_f R / ln(1 + R)` (limit `l_f` at `R = 0`) sums exactly to `R`. The scaling of logarithmic contributions is
//! that of the reference.
//!
//! # References
//! D. R. Cariño, *Combining Attribution Effects Over Time*, Journal of Performance Measurement 3 (1999).
//!
//! # Verified by
//! `tests/stress`: exactness at loading one, the small-shock limit, the floor, and the sum of contributions as
//! properties.

use crate::model::{FactorFit, Instrument, MARKET, RATES, Reason, Scenario, Shock, ShockBasis, VOLATILITY};

/// Shocks in the terms of the factor model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FactorShocks {
    /// Market and style spreads with their moves, |move| < 1.
    pub moves: Vec<(String, f64)>,
    /// Parallel change of yields, decimal.
    pub rate_change: Option<f64>,
    /// Relative move of option volatilities, > -1.
    pub volatility: Option<f64>,
    /// Relative price moves of single symbols, > -1; they replace the factor response of that symbol.
    pub symbols: Vec<(String, f64)>,
}

/// A scenario that cannot be applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShockError {
    #[error(
        "scenario `{scenario}`: shock of {size} to {subject} is out of range (factors: -1 to 1, others: above -1)"
    )]
    TooLarge { scenario: String, subject: String, size: f64 },
    #[error("scenario `{scenario}` names the factor {factor}, which is not defined (known: {known})")]
    UnknownFactor { scenario: String, factor: String, known: String },
    #[error("scenario `{scenario}` shocks {subject} twice")]
    Repeated { scenario: String, subject: String },
}

impl FactorShocks {
    /// The move of a factor; `None` when it is not named.
    pub fn factor(&self, name: &str) -> Option<f64> {
        self.moves.iter().find(|(factor, _)| factor == name).map(|(_, size)| *size)
    }

    /// Reads a scenario; style moves given as the proxy's own return become spreads against the market's move:
    /// `(1 + s) / (1 + m) - 1`.
    pub fn from_scenario(scenario: &Scenario, factors: &[String]) -> Result<FactorShocks, ShockError> {
        let market = scenario.shocks.iter().find_map(|shock| match shock {
            Shock::Factor { factor, size, .. } if factor == MARKET => Some(*size),
            _ => None,
        });
        let mut shocks = FactorShocks::default();
        for shock in &scenario.shocks {
            match shock {
                // By name the rates factor moves in its own unit, decimal yield.
                Shock::Factor { factor, size, .. } if factor == RATES => shocks.set_rates(scenario, *size)?,
                Shock::Factor { factor, size, basis } => {
                    if !factors.contains(factor) {
                        return Err(ShockError::UnknownFactor {
                            scenario: scenario.id.clone(),
                            factor: factor.clone(),
                            known: factors.join(", "),
                        });
                    }
                    let base = market.filter(|_| *basis == ShockBasis::Return && factor != MARKET);
                    shocks.set_factor(scenario, factor, *size, base)?;
                }
                Shock::RatesBp { bp } => shocks.set_rates(scenario, bp / 10_000.0)?,
                Shock::Volatility { size } => shocks.set_volatility(scenario, *size)?,
                Shock::Symbol { symbol, size } => shocks.set_symbol(scenario, symbol, *size)?,
            }
        }
        Ok(shocks)
    }

    /// `base` is the market's move when `size` is the proxy's own return.
    fn set_factor(
        &mut self,
        scenario: &Scenario,
        factor: &str,
        size: f64,
        base: Option<f64>,
    ) -> Result<(), ShockError> {
        allowed(scenario, factor, size, is_fraction(size))?;
        let spread = base.map_or(size, |market| (1.0 + size) / (1.0 + market) - 1.0);
        allowed(scenario, factor, spread, is_fraction(spread))?;
        unrepeated(scenario, factor, self.factor(factor).is_some())?;
        self.moves.push((factor.to_owned(), spread));
        Ok(())
    }

    fn set_rates(&mut self, scenario: &Scenario, change: f64) -> Result<(), ShockError> {
        allowed(scenario, RATES, change, is_fraction(change))?;
        unrepeated(scenario, RATES, self.rate_change.is_some())?;
        self.rate_change = Some(change);
        Ok(())
    }

    fn set_volatility(&mut self, scenario: &Scenario, size: f64) -> Result<(), ShockError> {
        allowed(scenario, VOLATILITY, size, size > -1.0 && size.is_finite())?;
        unrepeated(scenario, VOLATILITY, self.volatility.is_some())?;
        self.volatility = Some(size);
        Ok(())
    }

    fn set_symbol(&mut self, scenario: &Scenario, symbol: &str, size: f64) -> Result<(), ShockError> {
        allowed(scenario, symbol, size, size > -1.0 && size.is_finite())?;
        unrepeated(scenario, symbol, self.symbols.iter().any(|(named, _)| named == symbol))?;
        self.symbols.push((symbol.to_owned(), size));
        Ok(())
    }
}

fn allowed(scenario: &Scenario, subject: &str, size: f64, holds: bool) -> Result<(), ShockError> {
    let refused =
        || ShockError::TooLarge { scenario: scenario.id.clone(), subject: subject.to_owned(), size };
    if holds { Ok(()) } else { Err(refused()) }
}

fn unrepeated(scenario: &Scenario, subject: &str, repeated: bool) -> Result<(), ShockError> {
    let refused = || ShockError::Repeated { scenario: scenario.id.clone(), subject: subject.to_owned() };
    if repeated { Err(refused()) } else { Ok(()) }
}

/// Whether a move lies in (-1, 1); NaN does not.
fn is_fraction(size: f64) -> bool {
    size.abs() < 1.0
}

/// Return of one instrument and its parts by factor.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub total: f64,
    /// Sum to `total`.
    pub parts: Vec<(String, f64)>,
}

/// Response of an instrument with factor loadings.
pub fn respond(
    instrument: &Instrument,
    fit: Result<&FactorFit, Reason>,
    shocks: &FactorShocks,
) -> Result<Response, Reason> {
    if let Some((symbol, size)) = shocks.symbols.iter().find(|(symbol, _)| *symbol == instrument.symbol) {
        return Ok(Response { total: *size, parts: vec![(symbol.clone(), *size)] });
    }
    let fit = fit?;
    let terms = terms(fit, shocks)?;
    let rate = shocks.rate_change.map(|dy| rate_exponent(instrument, fit, dy)).transpose()?;
    Ok(combine(&terms, rate))
}

/// Loading times move by factor. A factor whose loading is not known makes the response unknown.
fn terms<'a>(fit: &FactorFit, shocks: &'a FactorShocks) -> Result<Vec<(&'a str, f64, f64)>, Reason> {
    let loading = |factor: &str| fit.known_loading(factor).ok_or(Reason::NotComputed);
    shocks.moves.iter().map(|(factor, s)| Ok((factor.as_str(), loading(factor)?, *s))).collect()
}

fn rate_exponent(instrument: &Instrument, fit: &FactorFit, dy: f64) -> Result<f64, Reason> {
    if let Some(duration) = instrument.duration {
        let own_second_order = duration * duration;
        let convexity = instrument.convexity.unwrap_or(own_second_order);
        return Ok(-duration * dy + (convexity - own_second_order) * dy * dy / 2.0);
    }
    fit.known_loading(RATES).map(|beta| beta * dy).ok_or(Reason::NoRate)
}

/// The kernel: `(factor, loading, shock)` terms and the rate exponent to a return with parts.
fn combine(terms: &[(&str, f64, f64)], rate: Option<f64>) -> Response {
    let gains: f64 = terms.iter().map(|(_, b, s)| b * s).filter(|bs| *bs > 0.0).sum();
    let log_gain = gains.ln_1p();
    let mut logs: Vec<(String, f64)> = terms
        .iter()
        .map(|(factor, b, s)| {
            let log = match b * s {
                bs if bs > 0.0 => log_gain * (bs / gains),
                bs if bs < 0.0 => b.abs() * (-s.abs()).ln_1p(),
                _ => 0.0,
            };
            ((*factor).to_owned(), log)
        })
        .collect();
    logs.extend(rate.map(|exponent| (RATES.to_owned(), exponent)));
    let log_total: f64 = logs.iter().map(|(_, log)| log).sum();
    let total = log_total.exp_m1();
    let scale = if log_total.abs() < 1e-12 { 1.0 } else { total / log_total };
    let parts = logs.into_iter().map(|(factor, log)| (factor, log * scale)).collect();
    Response { total, parts }
}
