//! What can be held: instruments of the security master, apart from their prices.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Defines an enum whose variants have one stored text form each.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stored and printed form.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Parses the stored form.
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// Kind of instrument.
    InstrumentKind {
        Stock = "stock",
        Etf = "etf",
        MutualFund = "mutual_fund",
        Index = "index",
        Option = "option",
        Private = "private",
    }
}

text_enum! {
    /// Right of an option.
    OptionKind { Call = "call", Put = "put" }
}

text_enum! {
    /// When an option may be exercised.
    ExerciseStyle { European = "european", American = "american" }
}

impl OptionKind {
    /// +1 for a call, -1 for a put.
    pub fn sign(self) -> f64 {
        match self {
            OptionKind::Call => 1.0,
            OptionKind::Put => -1.0,
        }
    }
}

/// Terms of a listed option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptionTerms {
    /// Canonical symbol of the underlying.
    pub underlying: String,
    pub kind: OptionKind,
    pub strike: f64,
    pub expiry: NaiveDate,
    pub style: ExerciseStyle,
    /// False for adjusted contracts that do not deliver the standard hundred shares.
    pub standard_deliverable: bool,
}

/// One instrument of the security master.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instrument {
    pub id: i64,
    /// Canonical symbol (`BRK.B`), OCC form without padding for options.
    pub symbol: String,
    pub kind: InstrumentKind,
    pub name: Option<String>,
    /// Of an option, that of its underlying.
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub exchange: Option<String>,
    pub country: Option<String>,
    pub currency: String,
    pub market_cap: Option<f64>,
    /// Continuous dividend yield, decimal fraction a year.
    pub dividend_yield: Option<f64>,
    /// Effective duration in years: -(dP/P)/dy.
    pub duration: Option<f64>,
    /// Convexity in years squared: (d2P/P)/dy2.
    pub convexity: Option<f64>,
    /// Units of the underlying a contract stands for: 100 for standard listed options, 1 otherwise.
    pub multiplier: f64,
    /// Present exactly when `kind` is [`InstrumentKind::Option`].
    pub option: Option<OptionTerms>,
}

impl Instrument {
    /// One that is not stored, of which only symbol and kind are known.
    pub fn unstored(symbol: &str, kind: InstrumentKind) -> Instrument {
        Instrument {
            id: 0,
            symbol: symbol.to_owned(),
            kind,
            name: None,
            sector: None,
            industry: None,
            exchange: None,
            country: None,
            currency: "USD".to_owned(),
            market_cap: None,
            dividend_yield: None,
            duration: None,
            convexity: None,
            multiplier: 1.0,
            option: None,
        }
    }

    /// Whether a symbol is that of an index on which options are listed: it is quoted and cannot be held.
    pub fn is_index(symbol: &str) -> bool {
        Instrument::is_volatility_index(symbol)
            || matches!(symbol, "SPX" | "XSP" | "NDX" | "RUT" | "MRUT" | "DJX" | "OEX")
    }

    /// The symbol whose price moves this instrument: the underlying of an option, itself otherwise.
    pub fn risk_symbol(&self) -> &str {
        self.option.as_ref().map_or(&self.symbol, |terms| &terms.underlying)
    }

    /// Puts an option into the sector of its underlying, unless it has one of its own.
    pub fn lend_sector(&mut self, underlying: &Instrument) {
        if self.is_option() && self.sector.is_none() {
            self.sector.clone_from(&underlying.sector);
        }
    }

    /// Whether the instrument is an option.
    pub fn is_option(&self) -> bool {
        self.option.is_some()
    }

    /// Whether its volatility index quotes follow a forward, not a tradable spot (VIX and its kin).
    pub fn is_volatility_index(symbol: &str) -> bool {
        matches!(symbol, "VIX" | "VXN" | "RVX" | "VXD" | "VVIX" | "VIX9D" | "VXST")
    }
}

/// Terms and root read from an OCC option symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct OccSymbol {
    pub root: String,
    pub expiry: NaiveDate,
    pub kind: OptionKind,
    pub strike: f64,
}

/// Parses an OCC option symbol, padded or compact, read from the right: eight digits of strike in thousandths,
/// `C` or `P`, six digits of expiry, then the root of one to six characters.
pub fn parse_occ(text: &str) -> Option<OccSymbol> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !compact.is_ascii() || compact.len() < 16 || compact.len() > 21 {
        return None;
    }
    let (head, strike_digits) = compact.split_at(compact.len() - 8);
    let (head, right) = head.split_at(head.len() - 1);
    let (root, date_digits) = head.split_at(head.len() - 6);
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(strike_digits) || !all_digits(date_digits) {
        return None;
    }
    if !root.starts_with(|c: char| c.is_ascii_uppercase())
        || !root.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    {
        return None;
    }
    let kind = match right {
        "C" => OptionKind::Call,
        "P" => OptionKind::Put,
        _ => return None,
    };
    let number = |s: &str| s.parse::<u32>().ok();
    let expiry = NaiveDate::from_ymd_opt(
        2000 + number(&date_digits[..2])? as i32,
        number(&date_digits[2..4])?,
        number(&date_digits[4..])?,
    )?;
    let strike = f64::from(number(strike_digits)?) / 1000.0;
    (strike > 0.0).then(|| OccSymbol { root: root.to_owned(), expiry, kind, strike })
}

/// Cash-settled index options that can be exercised only at expiry. Everything else listed in the United States on
/// shares and funds is American.
pub fn exercise_style_of(underlying: &str) -> ExerciseStyle {
    match underlying {
        "SPX" | "SPXW" | "XSP" | "NDX" | "NDXP" | "RUT" | "RUTW" | "MRUT" | "DJX" | "VIX" | "VIXW"
        | "XEO" => ExerciseStyle::European,
        _ => ExerciseStyle::American,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occ_symbols_read_from_the_right() {
        let spy = parse_occ("SPY250919C00460000").unwrap();
        assert_eq!((spy.root.as_str(), spy.kind, spy.strike), ("SPY", OptionKind::Call, 460.0));
        assert_eq!(spy.expiry, NaiveDate::from_ymd_opt(2025, 9, 19).unwrap());
        assert_eq!(parse_occ("F     250815P00012500").unwrap().strike, 12.5);
        assert_eq!(parse_occ("BRKB1250815P00012500").unwrap().root, "BRKB1");
    }

    #[test]
    fn what_is_not_an_occ_symbol_is_refused() {
        for text in
            ["", "AAPL", "SPY250919X00460000", "SPY251319C00460000", "250919C00460000", "SPY250919C00000000"]
        {
            assert_eq!(parse_occ(text), None, "{text}");
        }
    }
}
