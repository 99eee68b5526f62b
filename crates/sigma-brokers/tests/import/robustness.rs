//! Whatever the bytes are, the reader answers.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use sigma_brokers::{BROKERS, Options, read};

use crate::variants::workbook;
use crate::{import, plain, sample, sample_text};

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

/// The parts of a workbook by name.
fn parts(book: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let read = |at| {
        let mut entry = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    (0..zip::ZipArchive::new(Cursor::new(book)).unwrap().len()).map(read).collect()
}

fn packed(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Bytes that mean something in the XML of a workbook.
const XML_TOKENS: [&[u8]; 14] = [
    b"<",
    b">",
    b"\"",
    b"/>",
    b"&",
    b"r=\"A1\"",
    b"r=\"XFD1048576\"",
    b"r=\"ZZZZZZZ9\"",
    b"-1",
    b"99999999999",
    b"t=\"s\"",
    b"s=\"9999\"",
    b"<v>",
    b"1e300",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn mutated_workbooks(
        part in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..XML_TOKENS.len(), 0_usize..6), 1..8),
    ) {
        let mut parts = parts(&workbook(&sample_text("sigmasight_template.csv")));
        let at = part.index(parts.len());
        let bytes = &mut parts[at].1;
        for (place, token, cut) in edits {
            let from = place.index(bytes.len().max(1));
            let to = (from + cut).min(bytes.len());
            bytes.splice(from..to, XML_TOKENS[token].iter().copied());
        }
        check(&packed(&parts), &plain())?;
    }
}

/// A workbook that unpacks to more than memory should hold is refused before it is read.
#[test]
fn a_workbook_that_unpacks_to_gigabytes_is_refused() {
    let zeros = vec![0; 201 * 1024 * 1024];
    let bytes = packed(&[("xl/worksheets/sheet1.xml".to_owned(), zeros)]);
    assert!(bytes.len() < sigma_brokers::MAX_BYTES);
    let reading = read(&bytes, "book.xlsx", &plain());
    assert_eq!((reading.statement, reading.problems[0].code), (None, "ERR_CSV_001"));
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
