//! Which positions a list shows: by tag, by type and by underlying.

use std::collections::BTreeSet;

use clap::Args;
use sigma_core::model::{Book, InstrumentKind, Lot, OptionKind};

use crate::args::parse_stored_symbol;
use crate::exit::ToolError;
use crate::spelling::remedy;

/// What `--type` takes beside the kinds of instruments.
const SIDES: [&str; 8] = ["LONG", "SHORT", "LC", "LP", "SC", "SP", "call", "put"];

/// Choice among positions. Each option narrows it further; a repeated one widens itself, `--all-tags` apart.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which positions")]
pub struct TagFilterArgs {
    /// Positions with this tag; repeatable, any of them
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Positions with every one of these tags
    #[arg(long, value_name = "TAG,TAG", value_delimiter = ',')]
    pub all_tags: Vec<String>,
    /// stock, etf, mutual_fund, index, option, private; LONG, SHORT, LC, LP, SC, SP; call, put; repeatable
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_type)]
    pub types: Vec<String>,
    /// Positions in this symbol or in options on it; repeatable
    #[arg(long = "underlying", value_name = "SYMBOL", value_parser = parse_stored_symbol)]
    pub underlyings: Vec<String>,
}

impl TagFilterArgs {
    /// Whether every position is asked for.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
            && self.all_tags.is_empty()
            && self.types.is_empty()
            && self.underlyings.is_empty()
    }

    /// Whether a position is asked for. Tags and symbols are the same whatever their capitals.
    pub fn matches(&self, lot: &Lot) -> bool {
        let has = |tag: &String| lot.tags.iter().any(|own| own.eq_ignore_ascii_case(tag));
        let is = |wanted: &String| {
            let right = lot.instrument.option.as_ref().map(|terms| terms.kind.as_str());
            [lot.instrument.kind.as_str(), lot.position_type()].contains(&wanted.as_str())
                || right == Some(wanted.as_str())
        };
        let on = |symbol: &String| lot.instrument.risk_symbol().eq_ignore_ascii_case(symbol);
        (self.tags.is_empty() || self.tags.iter().any(has))
            && self.all_tags.iter().all(has)
            && (self.types.is_empty() || self.types.iter().any(is))
            && (self.underlyings.is_empty() || self.underlyings.iter().any(on))
    }

    /// Refuses a tag or an underlying that no position of the books has: it is a typing error rather than an empty list.
    pub fn check<'a>(&self, books: impl IntoIterator<Item = &'a Book>) -> Result<(), ToolError> {
        let books: Vec<&Book> = books.into_iter().collect();
        let lots = || books.iter().flat_map(|book| &book.lots);
        let tags: BTreeSet<&str> = lots().flat_map(|lot| &lot.tags).map(String::as_str).collect();
        let symbols: BTreeSet<&str> = lots().map(|lot| lot.instrument.risk_symbol()).collect();
        known("tag", self.tags.iter().chain(&self.all_tags), &tags)?;
        known("underlying", self.underlyings.iter(), &symbols)
    }
}

fn known<'a>(
    what: &str,
    asked: impl Iterator<Item = &'a String>,
    names: &BTreeSet<&str>,
) -> Result<(), ToolError> {
    for name in asked {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let names: Vec<&str> = names.iter().copied().collect();
            return Err(
                ToolError::usage(format!("no position has the {what} \"{name}\"")).hint(remedy(name, &names))
            );
        }
    }
    Ok(())
}

fn parse_type(text: &str) -> Result<String, String> {
    let kinds = InstrumentKind::ALL.iter().map(|kind| kind.as_str());
    let names: Vec<&str> = kinds.chain(SIDES).collect();
    debug_assert!(OptionKind::ALL.iter().all(|kind| names.contains(&kind.as_str())));
    let found = names.iter().find(|name| name.eq_ignore_ascii_case(text));
    found.map(|name| (*name).to_owned()).ok_or_else(|| remedy(text, &names))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use sigma_core::model::{ExerciseStyle, Instrument, OptionTerms, Position};

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        filter: TagFilterArgs,
    }

    fn filter(line: &str) -> TagFilterArgs {
        let words = std::iter::once("t").chain(line.split_whitespace());
        Cli::try_parse_from(words).unwrap().filter
    }

    fn lot(symbol: &str, quantity: f64, right: Option<OptionKind>, tags: &[&str]) -> Lot {
        let date = "2025-06-30".parse().unwrap();
        let terms = |kind| OptionTerms {
            underlying: "SPY".into(),
            kind,
            strike: 500.0,
            expiry: date,
            style: ExerciseStyle::American,
            standard_deliverable: true,
        };
        let kind = if right.is_some() { InstrumentKind::Option } else { InstrumentKind::Stock };
        Lot {
            position: Position {
                id: 1,
                portfolio_id: 1,
                instrument_id: 1,
                quantity,
                entry_price: 1.0,
                entry_date: date,
                exit_price: None,
                exit_date: None,
                adjusted_through: None,
            },
            instrument: Instrument {
                id: 1,
                symbol: symbol.into(),
                kind,
                name: None,
                sector: None,
                industry: None,
                exchange: None,
                country: None,
                currency: "USD".into(),
                market_cap: None,
                dividend_yield: None,
                duration: None,
                convexity: None,
                multiplier: 1.0,
                option: right.map(terms),
            },
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    fn lots() -> Vec<Lot> {
        vec![
            lot("AAPL", 10.0, None, &["Core", "Tech"]),
            lot("TSLA", -5.0, None, &["Tech"]),
            lot("SPY250919C00610000", 2.0, Some(OptionKind::Call), &["Hedge"]),
            lot("SPY250919P00500000", -1.0, Some(OptionKind::Put), &[]),
            lot("SPY", 3.0, None, &["Core"]),
        ]
    }

    #[test]
    fn options_narrow_and_repeats_widen() {
        for (line, expected) in [
            ("", vec![0, 1, 2, 3, 4]),
            ("--tag Core", vec![0, 4]),
            ("--tag core --tag Hedge", vec![0, 2, 4]),
            ("--all-tags Core,Tech", vec![0]),
            ("--tag Tech --type SHORT", vec![1]),
            ("--type option", vec![2, 3]),
            ("--type lc --type put", vec![2, 3]),
            ("--underlying spy", vec![2, 3, 4]),
            ("--underlying SPY --type stock", vec![4]),
        ] {
            let filter = filter(line);
            let lots = lots();
            let found: Vec<usize> = (0..lots.len()).filter(|i| filter.matches(&lots[*i])).collect();
            assert_eq!(found, expected, "{line}");
            assert_eq!(filter.is_empty(), line.is_empty());
        }
    }

    #[test]
    fn what_nothing_has_is_a_typing_error() {
        let error = Cli::try_parse_from(["t", "--type", "optoin"]).unwrap_err();
        assert!(error.to_string().contains("did you mean \"option\"?"), "{error}");
        let portfolio = sigma_core::model::Portfolio {
            id: 1,
            user_id: 1,
            slug: "a".into(),
            name: "A".into(),
            currency: "USD".into(),
            opened_on: "2025-06-30".parse().unwrap(),
            is_demo: false,
        };
        let books = [Book { portfolio, lots: lots(), cash: Vec::new() }];
        assert!(filter("--tag core --underlying spy").check(&books).is_ok());
        let error = filter("--all-tags Core,Hegde").check(&books).unwrap_err();
        assert_eq!(error.message, "no position has the tag \"Hegde\"");
        assert_eq!(error.hint.as_deref(), Some("did you mean \"Hedge\"? known: Core, Hedge, Tech"));
        assert!(filter("--underlying QQQ").check(&books).is_err());
    }
}
