//! From a symbol to what can be known of the instrument by its symbol alone.

use sigma_core::model::{
    Deliverable, Instrument, InstrumentKind, OptionTerms, is_malformed_option, option_root, parse_occ,
};
use sigma_core::notation;
use sigma_store::NewInstrument;

/// A symbol that stands for nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SymbolError {
    #[error(transparent)]
    Written(#[from] notation::SymbolError),
    #[error(
        "\"{0}\" looks like an option of agreed terms (FLEX), which its symbol does not tell; import it from a file"
    )]
    Flex(String),
    #[error("{symbol} is not an option, so it has no underlying {underlying}")]
    NotAnOption { symbol: String, underlying: String },
}

/// The canonical symbol, which tells all of an instrument that has to be known.
pub fn canonical(text: &str) -> Result<String, SymbolError> {
    let symbol = notation::symbol(text)?;
    if is_malformed_option(&symbol) { Err(SymbolError::Flex(symbol)) } else { Ok(symbol) }
}

/// The instrument of a symbol in canonical form, and of its underlying before it. `underlying` is for option roots
/// that do not tell it.
pub fn instruments_of(symbol: &str, underlying: Option<&str>) -> Result<Vec<NewInstrument>, SymbolError> {
    let Some(occ) = parse_occ(symbol) else {
        return match underlying {
            Some(underlying) => {
                Err(SymbolError::NotAnOption { symbol: symbol.to_owned(), underlying: underlying.to_owned() })
            }
            None => Ok(vec![outright(symbol)]),
        };
    };
    let root = option_root(&occ.root);
    let underlying = match underlying {
        Some(underlying) => canonical(underlying)?,
        None => root.underlying,
    };
    let option = OptionTerms {
        underlying: underlying.clone(),
        kind: occ.kind,
        strike: occ.strike,
        expiry: occ.expiry,
        style: root.style,
        standard_deliverable: root.deliverable != Deliverable::Adjusted,
    };
    let kind = Some(InstrumentKind::Option);
    let multiplier = Some(root.deliverable.multiplier());
    let contract =
        NewInstrument { kind, option: Some(option), multiplier, ..NewInstrument::of_symbol(symbol) };
    Ok(vec![outright(&underlying), contract])
}

/// An instrument that is not an option. Whether it is a share or a fund only its profile tells.
pub fn outright(symbol: &str) -> NewInstrument {
    let is_index = Instrument::is_index(symbol);
    let kind = is_index.then_some(InstrumentKind::Index);
    NewInstrument { kind, ..NewInstrument::of_symbol(symbol) }
}

#[cfg(test)]
mod tests {
    use sigma_core::model::ExerciseStyle;

    use super::*;

    #[test]
    fn symbols_take_their_canonical_form() {
        for (text, symbol) in [
            (" aapl ", "AAPL"),
            ("brk.b", "BRK.B"),
            ("BRK/B", "BRK.B"),
            ("BRK-B", "BRK.B"),
            ("BTC-USD", "BTC-USD"),
            ("KIM-PL", "KIM.PL"),
            ("^VIX", "VIX"),
            ("F     250815P00012500", "F250815P00012500"),
            ("spy250919c00460000", "SPY250919C00460000"),
            ("-AAPL250815P210", "AAPL250815P00210000"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(symbol));
        }
        for text in ["", "=EVIL", "-A", "@A", "A B", "A;B", "ABC\u{e9}", "SPY250931C00460000"] {
            assert!(matches!(canonical(text), Err(SymbolError::Written(_))), "{text}");
        }
        assert!(matches!(canonical("1AAPL250815P00210000"), Err(SymbolError::Flex(_))));
    }

    #[test]
    fn contracts_bring_their_underlying() {
        let pair = |symbol: &str| {
            let [underlying, contract] = instruments_of(symbol, None).unwrap().try_into().unwrap();
            let terms = contract.option.unwrap();
            assert_eq!(terms.underlying, underlying.symbol);
            (underlying.symbol, underlying.kind, terms.style, terms.standard_deliverable)
        };
        let index = Some(InstrumentKind::Index);
        let (american, european) = (ExerciseStyle::American, ExerciseStyle::European);
        assert_eq!(pair("SPY250919C00460000"), ("SPY".into(), None, american, true));
        assert_eq!(pair("VIX250716C00025000"), ("VIX".into(), index, european, true));
        assert_eq!(pair("SPXW250716C05000000"), ("SPX".into(), index, european, true));
        assert_eq!(pair("BRKB250815P00400000"), ("BRK.B".into(), None, american, true));
        assert_eq!(pair("GE1250815P00100000"), ("GE".into(), None, american, false));
        assert_eq!(instruments_of("XYZ250815P00100000", Some("xyz.a")).unwrap()[0].symbol, "XYZ.A");
        assert!(instruments_of("AAPL", Some("MSFT")).is_err());
    }
}
