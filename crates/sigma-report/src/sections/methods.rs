//! How the numbers were made, in short.

use sigma_core::analytics::{factor_model, stress};

use crate::availability::Availability;
use crate::inputs::{CORRELATION_METHOD, Inputs};
use crate::report::Section;

pub fn section(inputs: &Inputs, _: &[Availability]) -> Section {
    let proxy = |d: &sigma_core::model::FactorDefinition| format!("{} {}", d.name, d.proxy);
    let proxies: Vec<String> = inputs.shared.definitions.iter().map(proxy).collect();
    Section::new("methods", "Method notes")
        .note("Signs: quantity is negative for shorts; value = quantity x price x multiplier; NAV = cash + sum of values.")
        .note(
            "P&L of a day: positions held times price change, entries from their entry price, exits realised, dividends on \
             the ex-date. NAV change = P&L + flows. Return = P&L / (NAV before + flows).",
        )
        .note(
            "Prices: raw closes for shares and funds; the middle of the quote, else the close, for options. A price may be \
             one session old (funds three) and is then named; an older one is no price.",
        )
        .note(
            "Statistics use simple daily returns of closes adjusted for splits and dividends; windows count exchange \
             sessions; annualised with 252; standard deviations with n - 1.",
        )
        .note(
            "Greeks: Black-Scholes-Merton, Black-76 on forwards; time to expiry ACT/365 from the close; volatility quoted, \
             else implied from the middle or the close, else interpolated or of the nearest strike, else realised over 63 sessions.",
        )
        .note(format!(
            "Factors (estimator {}, 252 sessions, at least 60 observations): one joint regression per instrument; styles \
             are proxies minus the market. Proxies: {}.",
            factor_model::DEFAULT_METHOD,
            proxies.join(", ")
        ))
        .note(format!(
            "Scenarios (method {}): responses compound, so that no position loses more than its value by a factor; options \
             are repriced; covariance over 252 sessions, Ledoit-Wolf shrinkage.",
            stress::METHOD
        ))
        .note(format!("Correlations: {CORRELATION_METHOD}, pairwise complete, at least 20 common returns."))
        .note(
            "Rounding happens in this file only: money 2 decimals, betas, correlations and Greeks 4. JSON and CSV hold full \
             precision. A rounding row says where rows and total differ by cents.",
        )
        .note("A missing number is n/a (reason) here, null with KEY_reason in JSON, empty in CSV; never zero.")
}
