//! Whatever the bytes are, the reader answers.

use proptest::prelude::*;
use sigma_brokers::{BROKERS, Options, read};

use crate::{import, plain, sample};

const SAMPLES: [&str; 13] = [
    "etrade_portfolio_download.csv",
    "fidelity_positions_sentencecase_2026.csv",
    "ghostfolio_import.csv",
    "ibkr_activity_statement.csv",
    "ibkr_flex_open_positions.xml",
    "portfolio_performance_portfolio_transactions_de.csv",
    "robinhood_activity.csv",
    "schwab_positions_single_2024plus.csv",
    "schwab_transactions.csv",
    "sigmasight_invalid_cases.csv",
    "sigmasight_template.csv",
    "tos_position_statement.csv",
    "vanguard_ofxdownload.csv",
];

/// Bytes that mean something to a parser.
const TOKENS: [&[u8]; 16] = [
    b"\"",
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"-",
    b"(",
    b"=\"",
    b"1e308",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\0",
    b"#",
    b"\xe2\x88\x92",
    b"99999999999999999999",
    b"S",
];

/// No number that came out is anything but finite.
fn check(bytes: &[u8], options: &Options<'_>) -> Result<(), TestCaseError> {
    let reading = read(bytes, "file", options);
    for account in reading.statement.iter().flat_map(|statement| &statement.accounts) {
        for position in &account.positions {
            prop_assert!(position.quantity.is_finite() && position.quantity != 0.0);
            prop_assert!(position.entry_price.is_none_or(f64::is_finite));
            prop_assert!(position.cost_basis.is_none_or(f64::is_finite));
            prop_assert_eq!(position.exit_date.is_some(), position.exit_price.is_some());
        }
        prop_assert!(account.cash.iter().all(|cash| cash.amount.is_finite()));
    }
    if reading.statement.is_none() {
        prop_assert!(reading.has_errors());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes, &plain())?;
    }

    #[test]
    fn mutated_samples(
        at in 0..SAMPLES.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..TOKENS.len(), 0_usize..6), 1..12),
    ) {
        let mut bytes = sample(SAMPLES[at]);
        for (place, token, cut) in edits {
            let from = place.index(bytes.len());
            let to = (from + cut).min(bytes.len());
            bytes.splice(from..to, TOKENS[token].iter().copied());
        }
        check(&bytes, &plain())?;
    }

    #[test]
    fn random_tables_under_every_header(
        at in 0..BROKERS.len(),
        rows in proptest::collection::vec(
            proptest::collection::vec("[-$(]?[0-9]{0,4}[.,/]?[0-9]{0,3}[)%]?|[A-Za-z ]{0,8}|20[0-9]{6}", 0..14), 0..8),
    ) {
        for signature in BROKERS[at].signatures() {
            let quoted = |cells: &[String]| {
                let cells: Vec<String> = cells.iter().map(|cell| format!("\"{cell}\"")).collect();
                format!("{}\n", cells.join(","))
            };
            let header: Vec<String> = signature.iter().map(|&cell| cell.to_owned()).collect();
            let text = quoted(&header) + &rows.iter().map(|row| quoted(row)).collect::<String>();
            check(text.as_bytes(), &plain())?;
            check(text.as_bytes(), &Options { broker: Some(BROKERS[at].id), ..plain() })?;
        }
    }
}

/// Each signature is known as its own format and as no other.
#[test]
fn no_two_formats_share_a_signature() {
    for broker in BROKERS {
        for signature in broker.signatures() {
            let text = format!("{}\n", signature.join(","));
            let found = import(text.as_bytes()).statement.map(|statement| statement.format);
            assert_eq!(found, Some(broker.id.as_str()), "{signature:?}");
        }
    }
}
