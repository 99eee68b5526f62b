//! The files of the demo market: fixed decimals, one symbol after the other, dates ascending.

use std::fmt::{Display, Write};

use super::actions::{DIVIDENDS, SPLITS};
use super::bars::Series;
use super::environment::Yields;
use super::options::Quote;
use super::profile::Profile;
use super::{DemoMarket, OPTION_SESSIONS};

/// A file from its header and rows.
fn file(header: &str, rows: impl Iterator<Item = String>) -> String {
    let mut text = format!("{header}\n");
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

fn blank_or<T: Display>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn money(value: Option<f64>) -> String {
    value.map(|v| format!("{v:.2}")).unwrap_or_default()
}

pub fn prices(series: &[Series]) -> String {
    let rows = series.iter().flat_map(|s| s.bars.iter().map(move |bar| (&s.symbol, bar)));
    file(
        "symbol,date,open,high,low,close,adj_close,volume",
        rows.map(|(symbol, bar)| {
            let (open, high, low) = (money(bar.open), money(bar.high), money(bar.low));
            let volume = blank_or(bar.volume);
            format!("{symbol},{},{open},{high},{low},{:.2},{},{volume}", bar.date, bar.close, bar.adj_close)
        }),
    )
}

pub fn options(quotes: &[Quote]) -> String {
    file(
        "symbol,date,bid,ask,close,implied_volatility,open_interest,forward",
        quotes.iter().map(|q| {
            let mut row = format!("{},{},{:.2},{:.2},{:.2},", q.symbol, q.date, q.bid, q.ask, q.close);
            let volatility = q.implied_volatility.map(|v| format!("{v:.6}")).unwrap_or_default();
            let forward = q.forward.map(|f| format!("{f:.4}")).unwrap_or_default();
            let _ = write!(row, "{volatility},{},{forward}", q.open_interest);
            row
        }),
    )
}

pub fn rates(yields: &Yields) -> String {
    let rows = yields.series.iter().flat_map(|(id, points)| points.iter().map(move |point| (id, point)));
    file("series,date,value", rows.map(|(id, (date, percent))| format!("{id},{date},{percent:.2}")))
}

pub fn securities(profiles: &[Profile]) -> String {
    file(
        "symbol,name,type,sector,industry,exchange,country,currency,market_cap,dividend_yield,duration,convexity",
        profiles.iter().map(|p| {
            let identity = [&p.symbol, &p.name, &p.r#type, &p.sector, &p.industry, &p.exchange, &p.country];
            let identity = identity.map(String::as_str).join(",");
            let (cap, dividend_yield) = (blank_or(p.market_cap), blank_or(p.dividend_yield));
            format!(
                "{identity},USD,{cap},{dividend_yield},{},{}",
                blank_or(p.duration),
                blank_or(p.convexity)
            )
        }),
    )
}

pub fn dividends() -> String {
    let rows = DIVIDENDS.iter().map(|d| format!("{},{},{}", d.symbol, d.ex_date, d.amount));
    file("symbol,ex_date,amount", rows)
}

pub fn splits() -> String {
    let rows = SPLITS.iter().map(|s| format!("{},{},{},{}", s.symbol, s.date, s.from, s.to));
    file("symbol,date,from,to", rows)
}

pub fn readme(market: &DemoMarket) -> String {
    let (first, last) = (market.sessions[0], market.sessions[market.sessions.len() - 1]);
    let (sessions, symbols) = (market.sessions.len(), market.series.len());
    format!(
        "# Demo market: synthetic data

Every number in this folder is invented. Real symbols are used so that the demo books read naturally, but
the prices, volumes, yields, splits, dividends and option quotes are **not market history** and must not be used as
such. They come from a seeded simulation and exist so that every tool can be tried without a data
provider:

    sigma-sync run --provider file --path demo-data/market --as-of {last}

| file | content |
|---|---|
| `prices.csv` | {symbols} symbols, {sessions} exchange sessions from {first} to {last}; mutual funds have a close only |
| `options.csv` | the 8 option contracts of the demo books, last {OPTION_SESSIONS} sessions; about one row in seven has no implied volatility |
| `rates.csv` | Treasury yields of 3 months, 2, 10 and 30 years, percent; none on Columbus Day and Veterans Day |
| `securities.csv` | names, classifications, dividend yields; duration and convexity of bond funds |
| `dividends.csv`, `splits.csv` | a few, all before the last {OPTION_SESSIONS} sessions |

Do not edit these files. They are written by

    cargo run -p sigma-testkit --bin demo-market -- --write demo-data

and `--check` instead of `--write` names files that differ from what the generator would write.

How it is made: the closes of {last} are given and everything before is simulated backwards from them. The market's
volatility follows the volatility index, which rises when the market falls. Stocks move with the market, with styles and
sectors they share, and on their own, with fat tails and calm and rough spells. Bond funds move with the ten-year
yield times their duration. Option quotes are model prices (Black-Scholes-Merton; Black-76 on the volatility
index's forward) on a skewed smile, at the three-month yield, compounded continuously.
"
    )
}
