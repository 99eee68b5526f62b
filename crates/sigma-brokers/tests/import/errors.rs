//! Every problem of a file in one run, with its code, row, column and value.

use sigma_brokers::problem::CODES;
use sigma_brokers::statement::Flag;
use sigma_brokers::{BrokerId, MAX_BYTES, MAX_ROWS, MAX_ROWS_AND_NOTES, Options, Severity, read};

use crate::{briefs, codes, day, import, plain, sample};

#[test]
fn a_file_of_errors_lists_all_of_them() {
    let reading = import(&sample("sigmasight_invalid_cases.csv"));
    assert_eq!(
        codes(&reading),
        [
            "2 ERR_POS_003",
            "3 ERR_POS_005",
            "4 ERR_POS_006",
            "5 ERR_POS_010",
            "6 ERR_POS_011",
            "7 ERR_POS_013",
            "8 ERR_POS_014",
            "9 ERR_POS_016",
            "10 ERR_POS_007",
            "12 ERR_POS_023",
            "13 ERR_OPT_003",
        ]
    );
    let lots = &reading.problems[1];
    assert_eq!((lots.column.as_deref(), lots.value.as_deref()), (Some("Quantity"), Some("LOTS")));
    let severity = |code: &str| reading.problems.iter().find(|p| p.code == code).unwrap().severity;
    assert_eq!(severity("ERR_POS_011"), Severity::Warning);
    assert_eq!(severity("ERR_OPT_003"), Severity::Warning);
    // The good rows stand.
    let statement = reading.statement.unwrap();
    let account = &statement.accounts[0];
    assert_eq!(
        briefs(account),
        [
            "6 ACME LONG 420 @ 63.12345 on 2025-06-30 now - = -",
            "11 PG LONG 365 @ 168.75 on 2025-06-30 now - = -",
            "13 IWM250920C00220000 LC 150 @ 12.5 on 2025-06-30 now - = -",
        ]
    );
    assert_eq!(account.positions[2].flags, [Flag::SaturdayExpiry { proposed: day(2025, 9, 19) }]);
}

const HEADER: &str = "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,\
    Underlying Symbol,Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n";

/// Codes of one template row.
fn row_codes(row: &str) -> Vec<&'static str> {
    let reading = import(format!("{HEADER}{row}\nGOOD,1,1,2025-06-30,,,,,,,,\n").as_bytes());
    let good = &reading.statement.as_ref().unwrap().accounts[0].positions;
    assert!(good.iter().any(|position| position.symbol == "GOOD"), "the good row stands");
    reading.problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn the_codes_of_the_template() {
    let long = "A".repeat(101);
    for (row, codes) in [
        (",1,1,2025-06-30,,,,,,,,", &["ERR_POS_001"][..]),
        (&format!("{long},1,1,2025-06-30,,,,,,,,"), &["ERR_POS_002"]),
        ("A;B,1,1,2025-06-30,,,,,,,,", &["ERR_POS_003"]),
        ("A,,1,2025-06-30,,,,,,,,", &["ERR_POS_004"]),
        ("A,1,--,2025-06-30,,,,,,,,", &["ERR_POS_008"]),
        ("A,1,ten,2025-06-30,,,,,,,,", &["ERR_POS_009"]),
        ("A,1,0,2025-06-30,,,,,,,,", &["ERR_POS_010"]),
        ("A,1,1,,,,,,,,,", &["ERR_POS_012"]),
        ("A,1,1,1900-06-30,,,,,,,,", &["ERR_POS_015"]),
        ("A,1,1,2025-06-30,PUBLIC,ART,,,,,,", &["ERR_POS_017"]),
        ("A,1,1,2025-06-30,,,,,,,2025-06-29,2", &["ERR_POS_018"]),
        ("A,1,1,2025-06-30,,,,,,,06/29/2025,2", &["ERR_POS_013"]),
        ("A,1,1,2025-06-30,,,,,,,2025-07-01,two", &["ERR_POS_009"]),
        ("A,1,1,2025-06-30,,,,,,,2025-07-01,", &["ERR_POS_029"]),
        (",1,1,2025-06-30,OPTIONS,,,100,2026-01-16,CALL,,", &["ERR_POS_019"]),
        (",1,1,2025-06-30,OPTIONS,,ACME,,2026-01-16,CALL,,", &["ERR_POS_020"]),
        (",1,1,2025-06-30,OPTIONS,,ACME,-1,2026-01-16,CALL,,", &["ERR_POS_020"]),
        (",1,1,2025-06-30,OPTIONS,,ACME,100,2026-02-30,CALL,,", &["ERR_POS_021"]),
        (",1,1,2025-06-30,OPTIONS,,ACME,100,2026-01-16,SPREAD,,", &["ERR_POS_022"]),
        ("ACME260116C105000000,1,1,2025-06-30,,,,,,,,", &["ERR_OPT_002"]),
        ("ACME_C105_20260116,1,1,2025-06-30,OPTIONS,,ACME,95,2026-01-16,PUT,,", &["ERR_OPT_008"]),
        ("A,1.2345678901234567,1,2025-06-30,,,,,,,,", &["ERR_POS_027", "ERR_POS_007"]),
        // All errors of a row together.
        (
            "A B C,none,-1,soon,SHARES,,,,,,,",
            &["ERR_POS_016", "ERR_POS_003", "ERR_POS_005", "ERR_POS_010", "ERR_POS_013"],
        ),
        (",1,1,2025-06-30,OPTIONS,,,,,,,", &["ERR_POS_019", "ERR_POS_020", "ERR_POS_021", "ERR_POS_022"]),
    ] {
        let mut found = row_codes(row);
        let mut wanted = codes.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{row}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let only = |bytes: &[u8], name: &str| {
        let reading = read(bytes, name, &plain());
        assert_eq!(reading.statement, None);
        reading.problems[0].code
    };
    assert_eq!(only(&vec![b'a'; MAX_BYTES + 1], "a.csv"), "ERR_CSV_001");
    let rows = |count| {
        let rows = (0..count).map(|row| format!("A{row},1,1,2025-01-02\n"));
        format!("ticker,quantity,entry_price,entry_date\n{}", rows.collect::<String>())
    };
    assert_eq!(only(rows(MAX_ROWS_AND_NOTES).as_bytes(), "a.csv"), "ERR_CSV_001");
    let full = read(rows(MAX_ROWS).as_bytes(), "a.csv", &plain());
    assert_eq!(full.statement.unwrap().accounts[0].positions.len(), MAX_ROWS);
    assert_eq!(only(b"%PDF-1.7", "a.pdf"), "ERR_CSV_002");
    assert_eq!(only(b"<html><body></body></html>", "a.xls"), "ERR_CSV_002");
    assert_eq!(only(b"\0\x01\x02\0\0\0", "a.csv"), "ERR_CSV_002");
    assert_eq!(only(b"no workbook", "a.xlsx"), "ERR_CSV_002");
    assert_eq!(only(b"", "a.csv"), "ERR_CSV_003");
    assert_eq!(only(b"\xef\xbb\xbf \r\n", "a.csv"), "ERR_CSV_003");
    assert_eq!(only(b"ticker,quantity,entry_price\nA,1,1\n", "a.csv"), "ERR_CSV_004");
    assert_eq!(only(b"a,b,c\n1,2,3\n", "a.csv"), "ERR_CSV_005");
    assert_eq!(only(b"PK\x03\x04 broken", "a.xlsx"), "ERR_CSV_006");
    let open_quote =
        "ticker,quantity,entry_price,entry_date\nA,1,1,2025-01-02\n\"B,1,1,2025-01-02\nC,1,1,2025-01-02\n";
    assert_eq!(only(open_quote.as_bytes(), "a.csv"), "ERR_CSV_006");
    let two = "ticker,quantity,entry_price,entry_date,symbol,entry price per share,entry date\n";
    assert_eq!(only(two.as_bytes(), "a.csv"), "ERR_CSV_007");
    let either = "ticker,quantity,entry_price,entry_date\nA,1,1,03/04/2025\n";
    assert_eq!(codes(&import(either.as_bytes())), ["file ERR_CSV_010", "2 ERR_POS_013"]);
    // What else is wrong is told too.
    let neither = "ticker,quantity,entry_price,entry_date\nA,1,1,13/04/2025\nB,x,1,04/13/2025\n";
    let wanted = ["file ERR_CSV_010", "2 ERR_POS_013", "3 ERR_POS_005", "3 ERR_POS_013"];
    assert_eq!(codes(&import(neither.as_bytes())), wanted);
}

#[test]
fn an_unknown_header_names_the_known_formats() {
    let reading = import(b"a,b,c\n1,2,3\n");
    let [problem] = &reading.problems[..] else { panic!("one problem") };
    for id in ["generic", "template", "schwab", "fidelity", "ibkr-flex", "portfolio-performance"] {
        assert!(problem.message.contains(id), "{}", problem.message);
    }
    assert!(problem.remedy.contains("mapping file"));
}

#[test]
fn a_wrong_format_is_told_with_the_right_one() {
    let options = Options { broker: Some(BrokerId::Fidelity), ..plain() };
    let reading = read(&sample("etrade_portfolio_download.csv"), "a.csv", &options);
    assert_eq!(reading.problems[0].code, "ERR_CSV_005");
    assert!(reading.problems[0].message.contains("looks like etrade"), "{}", reading.problems[0].message);
    let options = Options { broker: Some(BrokerId::Template), ..plain() };
    let reading = read(b"Symbol,Quantity\nA,1\n", "a.csv", &options);
    let missing: Vec<_> = reading.problems.iter().map(|p| (p.code, p.column.as_deref().unwrap())).collect();
    assert_eq!(missing, [("ERR_CSV_004", "entry price per share"), ("ERR_CSV_004", "entry date")]);
}

#[test]
fn nothing_in_a_file_is_told() {
    assert_eq!(codes(&import(b"ticker,quantity,entry_price,entry_date\n")), ["file ERR_CSV_011"]);
}

/// Every code in the sources is in the table, once, and every code of the table is used.
#[test]
fn the_table_of_codes_is_whole() {
    let mut sources = String::new();
    for folder in ["src", "src/formats"] {
        for entry in std::fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && !path.ends_with("problem.rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    for (at, code) in CODES.iter().enumerate() {
        assert!(sources.contains(code.code), "{} is never told", code.code);
        assert!(CODES[at + 1..].iter().all(|other| other.code != code.code), "{} twice", code.code);
    }
    for (at, _) in sources.match_indices("\"ERR_") {
        let code = &sources[at + 1..at + 12];
        assert!(CODES.iter().any(|entry| entry.code == code), "{code} is not in the table");
    }
}
