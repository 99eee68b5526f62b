//! Price series and the bodies that every provider would make of them.
//!
//! A [`Listing`] holds prices as traded; each provider module writes them in that provider's shape and
//! adjustment. Numbers are invented and a function of the symbol and the date only.
//!
//! | body | prices |
//! |---|---|
//! | Polygon `adjusted=false`, Tiingo `close` | as traded |
//! | Polygon `adjusted=true`, FMP `full`, Yahoo `close` | split-adjusted |
//! | Yahoo `adjclose`, Tiingo `adjClose`, FMP `dividend-adjusted` | split- and dividend-adjusted |

pub mod fmp;
pub mod fred;
mod listing;
pub mod polygon;
mod series;
pub mod stamp;
pub mod tiingo;
pub mod yahoo;

pub use listing::{Bar, Dividend, Kind, Listing, Profile, Row, Split, Window};
pub use series::{series, series_with_splits};

/// Rounds to a number of decimals.
fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale
}
