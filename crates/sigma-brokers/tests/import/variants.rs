//! Other exports of the same formats: other orders of columns, more accounts, longer preambles, other encodings.

use std::fmt::Write;

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use sigma_brokers::statement::{AssetClass, Flag, Statement};
use sigma_brokers::{Mapping, MappingError, Options, read};

use crate::{briefs, codes, day, import, plain, sample, sample_text, statement};

/// Every position without its row, account by account.
fn holdings(statement: &Statement) -> Vec<Vec<String>> {
    let without_row = |line: String| line.split_once(' ').unwrap().1.to_owned();
    statement.accounts.iter().map(|account| briefs(account).into_iter().map(without_row).collect()).collect()
}

/// The text in another encoding and with other line ends reads the same.
#[test]
fn encodings_and_line_ends() {
    for name in [
        "schwab_positions_single_2024plus.csv",
        "etrade_portfolio_download.csv",
        "vanguard_ofxdownload.csv",
        "sigmasight_template.csv",
        "tos_position_statement.csv",
    ] {
        let text = sample_text(name);
        let wanted = holdings(&statement(&sample(name)));
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        let little = |text: &str| units(text).into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let big = |text: &str| units(text).into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let marked = format!("\u{feff}{text}");
        for bytes in [
            marked.clone().into_bytes(),
            text.replace('\n', "\r\n").into_bytes(),
            little(&marked),
            big(&marked),
            little(&text),
            big(&text),
        ] {
            assert_eq!(holdings(&statement(&bytes)), wanted, "{name}");
        }
    }
}

#[test]
fn windows_1252_is_read_with_a_warning() {
    let text = sample_text("portfolio_performance_portfolio_transactions_de.csv");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let reading = import(&bytes);
    assert_eq!(codes(&reading), ["file ERR_CSV_008", "file ERR_ACT_002"]);
    assert_eq!(reading.statement.unwrap().format, "portfolio-performance");
}

/// The columns of a table turned around, and a column that nobody knows.
fn turned(text: &str, header_at: usize) -> String {
    let records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records();
    let rows: Vec<Vec<String>> =
        records.map(|record| record.unwrap().iter().map(|cell| format!("\"{cell}\"")).collect()).collect();
    let width = rows.iter().map(Vec::len).max().unwrap();
    let mut out = String::new();
    for (at, mut cells) in rows.into_iter().enumerate() {
        if at >= header_at && cells.len() > 2 {
            cells.resize(width, "\"\"".to_owned());
            cells.push("\"other\"".to_owned());
            cells.reverse();
        }
        writeln!(out, "{}", cells.join(",")).unwrap();
    }
    out
}

#[test]
fn columns_in_another_order() {
    for (name, header_at) in [
        ("fidelity_positions_sentencecase_2026.csv", 0),
        ("schwab_positions_single_2024plus.csv", 1),
        ("sigmasight_template.csv", 1),
        ("robinhood_activity.csv", 0),
        ("ghostfolio_import.csv", 0),
    ] {
        let text = sample_text(name).replace("STOCK,,,,2024-01-16", "STOCK,,,,,2024-01-16");
        let wanted = import(text.as_bytes()).statement.unwrap();
        let reading = import(turned(&text, header_at).as_bytes());
        assert_eq!(
            holdings(&reading.statement.unwrap()),
            holdings(&wanted),
            "{name}: {:?}",
            reading.problems
        );
    }
}

#[test]
fn longer_preambles() {
    let text = sample_text("etrade_portfolio_download.csv");
    let longer = format!("{}{text}", "For information only\n".repeat(20));
    assert_eq!(holdings(&statement(longer.as_bytes())), holdings(&statement(text.as_bytes())));
}

#[test]
fn schwab_with_all_accounts_and_old_headers() {
    let header = "\"Symbol\",\"Description\",\"Quantity\",\"Price\",\"Price Change %\",\"Price Change $\",\
        \"Market Value\",\"Day Change %\",\"Day Change $\",\"Cost Basis\",\"Gain/Loss %\",\"Gain/Loss $\",\
        \"Security Type\",\n";
    let text = format!(
        "\"Positions for All-Accounts as of 09:58 AM ET, 11/04/2025\"\n\n\
         \"Individual ...123\"\n{header}\
         \"ACME\",\"ACME INDUSTRIES INC\",\"10\",\"$101.65\",\"0%\",\"$0\",\"$1,016.50\",\"0%\",\"$0\",\"$800.00\",\"1%\",\"$1\",\"Equity\",\n\
         \"Cash & Cash Investments\",\"--\",\"--\",\"--\",\"--\",\"--\",\"$10.00\",\"0%\",\"$0\",\"--\",\"--\",\"--\",\"Cash and Money Market\",\n\
         \"Account Total\",\"--\",\"--\",\"--\",\"--\",\"--\",\"$1,026.50\",\"0%\",\"$0\",\"$800.00\",\"1%\",\"$1\",\"--\",\n\n\
         \"Roth IRA ...456\"\n{header}\
         \"VTI\",\"VANGUARD TOTAL STOCK MARKET ETF\",\"3\",\"$300.00\",\"0%\",\"$0\",\"$900.00\",\"0%\",\"$0\",\"$600.00\",\"1%\",\"$1\",\"ETFs & Closed End Funds\",\n\
         \"Account Total\",\"--\",\"--\",\"--\",\"--\",\"--\",\"$900.00\",\"0%\",\"$0\",\"$600.00\",\"1%\",\"$1\",\"--\",\n"
    );
    let statement = statement(text.as_bytes());
    assert_eq!((statement.format, statement.as_of), ("schwab", Some(day(2025, 11, 4))));
    assert_eq!(
        holdings(&statement),
        [["ACME LONG 10 @ 80 on - now 101.65 = 1016.5"], ["VTI LONG 3 @ 200 on - now 300 = 900"]]
    );
    let tails: Vec<_> =
        statement.accounts.iter().map(|account| account.number_tail.as_deref().unwrap()).collect();
    assert_eq!(tails, ["123", "456"]);
    assert_eq!(statement.accounts[0].stated_value(), Some(1026.5));
    assert_eq!(statement.accounts[1].totals[0].value, 900.0);
}

#[test]
fn fidelity_in_title_case() {
    let text = "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,Current Value,\
        Today's Gain/Loss Dollar,Cost Basis Total,Average Cost Basis,Type\n\
        X1,Joint,ACME,ACME INDUSTRIES,10,$101.65,-$3.10,$1016.50,-$31.00,$800.00,$80.00,Cash,\n\
        X1,Joint,FDRXX**,HELD IN MONEY MARKET,,,,$5.00,,,,Cash,\n\n\
        \"Date downloaded 11/04/2025 10:44 AM ET\"\n";
    let statement = statement(text.as_bytes());
    assert_eq!((statement.format, statement.as_of), ("fidelity", Some(day(2025, 11, 4))));
    assert_eq!(briefs(&statement.accounts[0]), ["2 ACME LONG 10 @ 80 on - now 101.65 = 1016.5"]);
    assert_eq!(statement.accounts[0].cash[0].amount, 5.0);
}

#[test]
fn vanguard_plans_without_ticker_and_doubled_sweep_fund() {
    let text = "Fund Account Number,Fund Name,Price,Shares,Total Value\n\
        123456789-01,Vanguard Target Enrollment 2040,$12.50,100.000,\"$1,250.00\"\n\n\
        Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,\n\
        98765432,Vanguard Federal Money Market Fund,VMFXX,4.5,1.0,4.50,\n\
        98765432,Vanguard Federal Money Market Fund,VMFXX,10.0,1.0,10.00,\n";
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["2 ERR_POS_028"]);
    let statement = reading.statement.unwrap();
    assert_eq!(
        holdings(&statement),
        [
            ["VANGUARD_TARGET_ENROLLMENT_2040 LONG 100 @ - on - now 12.5 = 1250"],
            ["VMFXX LONG 14.5 @ - on - now 1 = 14.5"]
        ]
    );
    let plan = &statement.accounts[0].positions[0];
    assert_eq!(plan.class, AssetClass::Private);
    assert!(plan.flags.contains(&Flag::NoTicker));
}

#[test]
fn flex_query_as_csv() {
    let text = "\"ClientAccountID\",\"AccountAlias\",\"CurrencyPrimary\",\"AssetClass\",\"Symbol\",\"Description\",\
        \"UnderlyingSymbol\",\"Multiplier\",\"Strike\",\"Expiry\",\"Put/Call\",\"ReportDate\",\"Quantity\",\
        \"MarkPrice\",\"PositionValue\",\"CostBasisPrice\",\"CostBasisMoney\",\"LevelOfDetail\"\n\
        \"U1234567\",\"\",\"USD\",\"STK\",\"BRK B\",\"BERKSHIRE\",\"\",\"1\",\"\",\"\",\"\",\"20251104\",\"40\",\"482.5\",\"19300\",\"470\",\"18800\",\"SUMMARY\"\n\
        \"U1234567\",\"\",\"USD\",\"STK\",\"BRK B\",\"BERKSHIRE\",\"\",\"1\",\"\",\"\",\"\",\"20251104\",\"15\",\"482.5\",\"7237.5\",\"470\",\"7050\",\"LOT\"\n\
        \"U7654321\",\"\",\"USD\",\"OPT\",\"ACME  260116C00105000\",\"ACME 16JAN26 105 C\",\"ACME\",\"100\",\"105\",\"20260116\",\"C\",\"20251104\",\"-5\",\"6.15\",\"-3075\",\"6.8\",\"-3400\",\"SUMMARY\"\n\
        \"ClientAccountID\",\"CurrencyPrimary\",\"EndingCash\"\n\
        \"U1234567\",\"BASE_SUMMARY\",\"1200\"\n\
        \"U1234567\",\"USD\",\"1200\"\n";
    let statement = statement(text.as_bytes());
    assert_eq!((statement.format, statement.as_of), ("ibkr-flex", Some(day(2025, 11, 4))));
    assert_eq!(
        holdings(&statement),
        [
            ["BRK.B LONG 40 @ 470 on - now 482.5 = 19300"],
            ["ACME260116C00105000 SC -5 @ 6.8 on - now 6.15 = -3075"]
        ]
    );
    assert_eq!(statement.accounts[0].cash.len(), 1);
}

#[test]
fn merrill() {
    let text = "\"COB Date\",\"Security #\",\"Symbol\",\"CUSIP #\",\"Security Description\",\"Account Nickname\",\
        \"Account #\",\"Quantity\",\"Price ($)\",\"Value ($)\"\n\
        \"11/04/2025\",\"ABC12\",\"ACME\",\"000000000\",\"ACME INDUSTRIES\",\"CMA\",\"12X-34567\",\"120\",\"$101.65\",\"$12,198.00\"\n\
        \"11/04/2025\",\"\",\"\",\"\",\"ML DIRECT DEPOSIT PROGRM\",\"CMA\",\"12X-34567\",\"500\",\"$1.00\",\"$500.00\"\n\
        \"11/04/2025\",\"T1234\",\"\",\"912810XX1\",\"US TREASURY 4%\",\"CMA\",\"12X-34567\",\"10,000\",\"$98.484\",\"$9,848.40\"\n";
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["4 ERR_POS_024"]);
    let statement = reading.statement.unwrap();
    assert_eq!((statement.format, statement.as_of), ("merrill", Some(day(2025, 11, 4))));
    assert_eq!(
        holdings(&statement),
        [["ACME LONG 120 @ - on - now 101.65 = 12198", "912810XX1 LONG 10000 @ - on - now 0.98484 = 9848.4"]]
    );
    assert_eq!(statement.accounts[0].cash[0].amount, 500.0);
    assert_eq!(statement.accounts[0].number_tail.as_deref(), Some("4567"));
}

#[test]
fn portfolio_performance_in_english_with_a_sale() {
    let text = "Date,Type,Value,Transaction Currency,Gross Amount,Currency Gross Amount,Exchange Rate,Fees,Taxes,\
        Shares,ISIN,WKN,Ticker Symbol,Security Name,Note\n\
        2025-06-02T00:00,Buy,\"1,005.00\",EUR,,,,5.00,0.00,10,DE0000000001,,ACM.DE,Acme AG,\n\
        2025-06-03T00:00,Sell,475.00,EUR,,,,5.00,20.00,4,DE0000000001,,ACM.DE,Acme AG,\n";
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["file ERR_ACT_002"]);
    let statement = reading.statement.unwrap();
    assert_eq!(
        holdings(&statement),
        [[
            "ACM.DE LONG 4 @ 100 on 2025-06-02 now - = - exit 125 on 2025-06-03",
            "ACM.DE LONG 6 @ 100 on 2025-06-02 now - = -"
        ]]
    );
    assert_eq!(
        (statement.accounts[0].cash[0].amount, statement.accounts[0].cash[0].currency.as_str()),
        (-530.0, "EUR")
    );
}

#[test]
fn generic_with_aliases_tags_and_day_first_dates() {
    let text = "Qty,Ticker,Trade Date,Price,Strategy,market_value\n\
        \"1,000\",acme,13/01/2025,$80.00,\"core, income\",ignored\n\
        -5,O:ACME260116C00105000,02/12/2025,6.80,hedge,\n\
        2,=\"BRK/B\",02/12/2025,470,,\n";
    let statement = statement(text.as_bytes());
    assert_eq!(statement.format, "generic");
    let account = &statement.accounts[0];
    assert_eq!(
        briefs(account),
        [
            "2 ACME LONG 1000 @ 80 on 2025-01-13 now - = -",
            "3 ACME260116C00105000 SC -5 @ 6.8 on 2025-12-02 now - = -",
            "4 BRK.B LONG 2 @ 470 on 2025-12-02 now - = -",
        ]
    );
    assert_eq!(account.positions[0].tags, ["core", "income"]);
}

const MAPPED: &str = "Depot\nStand;04.11.2025\n\nName;K\u{fc}rzel;Anzahl;Einstand;Kurs;Wert\n\
    Acme;ACME;1.200;80,00;101,65;121.980,00\nFonds ohne Ticker;;10;5,00;6,00;60,00\n";

#[test]
fn any_other_file_by_a_mapping() {
    let mapping = Mapping::parse(
        "skip_rows = 2\ncurrency = \"eur\"\n[columns]\nsymbol = \"k\u{fc}rzel\"\ndescription = \"Name\"\n\
         quantity = \"Anzahl\"\nentry_price = \"Einstand\"\nprice = \"Kurs\"\nmarket_value = \"Wert\"\n",
    )
    .unwrap();
    let options = Options { mapping: Some(&mapping), as_of: Some(day(2025, 11, 4)), ..plain() };
    let reading = read(MAPPED.as_bytes(), "depot.csv", &options);
    assert_eq!(codes(&reading), ["6 ERR_POS_028"]);
    let statement = reading.statement.unwrap();
    assert_eq!((statement.format, statement.as_of), ("mapping", Some(day(2025, 11, 4))));
    assert_eq!(
        briefs(&statement.accounts[0]),
        ["5 ACME LONG 1200 @ 80 on - now 101.65 = 121980", "6 FONDS_OHNE_TICKER LONG 10 @ 5 on - now 6 = 60",]
    );
    assert_eq!(statement.accounts[0].positions[0].currency, "EUR");
}

/// Private assets go by their name where they have no symbol, with a column of classes too.
#[test]
fn private_assets_of_a_mapping_go_by_their_name() {
    let mapping = Mapping::parse(
        "[columns]\ndescription = \"Name\"\nquantity = \"Q\"\nclass = \"Class\"\nsymbol = \"S\"\n\
         market_value = \"Value\"\n",
    )
    .unwrap();
    let text = "Name,S,Q,Value,Class\nFund III,,3,45000,PRIVATE\n,,1,10,PRIVATE\nAcme,ACME,1,10,PUBLIC\n";
    let reading = read(text.as_bytes(), "a.csv", &Options { mapping: Some(&mapping), ..plain() });
    assert_eq!(codes(&reading), ["2 ERR_POS_028", "3 ERR_POS_001"]);
    let statement = reading.statement.unwrap();
    let private = &statement.accounts[0].positions[0];
    assert_eq!((private.symbol.as_str(), private.market_value), ("FUND_III", Some(45_000.0)));
    assert_eq!(statement.accounts[0].positions[1].symbol, "ACME");
}

/// The same lot in two accounts is two lots, twice in one account an error.
#[test]
fn lots_of_a_mapping_belong_to_their_account() {
    let mapping = Mapping::parse(
        "date_order = \"day_first\"\n[columns]\naccount = \"Konto\"\nsymbol = \"S\"\nquantity = \"Q\"\nentry_date = \"D\"\n",
    )
    .unwrap();
    let text = "Konto,S,Q,D\nA1,ACME,1,03/04/2025\nB2,ACME,1,03/04/2025\nB2,ACME,1,03/04/2025\n";
    let reading = read(text.as_bytes(), "a.csv", &Options { mapping: Some(&mapping), ..plain() });
    assert_eq!(codes(&reading), ["4 ERR_POS_023"]);
    let statement = reading.statement.unwrap();
    assert_eq!(
        holdings(&statement),
        [["ACME LONG 1 @ - on 2025-04-03 now - = -"], ["ACME LONG 1 @ - on 2025-04-03 now - = -"]]
    );
}

#[test]
fn mapping_files_are_checked() {
    assert!(matches!(Mapping::parse("columns = 1"), Err(MappingError::Toml(_))));
    assert!(matches!(Mapping::parse("other = 1\n[columns]\n"), Err(MappingError::Toml(_))));
    assert_eq!(Mapping::parse("[columns]\nsymbol = \"S\"\n"), Err(MappingError::MissingRole("quantity")));
    assert_eq!(Mapping::parse("[columns]\nquantity = \"Q\"\n"), Err(MappingError::MissingRole("symbol")));
    let slash = "delimiter = \"/\"\n[columns]\nsymbol = \"S\"\nquantity = \"Q\"\n";
    assert!(matches!(Mapping::parse(slash), Err(MappingError::Delimiter(_))));
    let mapping = Mapping::parse("[columns]\nsymbol = \"Nope\"\nquantity = \"Anzahl\"\n").unwrap();
    let reading = read(MAPPED.as_bytes(), "a.csv", &Options { mapping: Some(&mapping), ..plain() });
    let [problem] = &reading.problems[..] else { panic!("one problem") };
    assert_eq!((problem.code, problem.column.as_deref()), ("ERR_CSV_004", Some("Nope")));
}

/// The table of a CSV text as a workbook: numbers as numbers, everything else as text.
pub fn workbook(text: &str) -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "Exported for you").unwrap();
    let sheet = book.add_worksheet();
    let date_format = Format::new().set_num_format("yyyy-mm-dd");
    let records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records();
    for (row, record) in records.enumerate() {
        for (column, cell) in record.unwrap().iter().enumerate() {
            let (row, column) = (row as u32, column as u16);
            if let Ok(number) = cell.parse::<f64>() {
                sheet.write_number(row, column, number).unwrap();
            } else if let Ok(date) = ExcelDateTime::parse_from_str(cell)
                .map_err(|_| ())
                .and_then(|date| if cell.len() == 10 { Ok(date) } else { Err(()) })
            {
                sheet.write_datetime_with_format(row, column, &date, &date_format).unwrap();
            } else {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn workbooks_read_like_their_text() {
    for name in [
        "sigmasight_template.csv",
        "schwab_positions_single_2024plus.csv",
        "fidelity_positions_sentencecase_2026.csv",
        "etrade_portfolio_download.csv",
    ] {
        let bytes = workbook(&sample_text(name));
        let reading = read(&bytes, "book.xlsx", &plain());
        assert!(!reading.has_errors(), "{name}: {:#?}", reading.problems);
        let wanted = holdings(&import(&sample(name)).statement.unwrap());
        assert_eq!(holdings(&reading.statement.unwrap()), wanted, "{name}");
    }
}

#[test]
fn futures_are_told_and_passed_over() {
    let text = sample_text("tos_position_statement.csv")
        .replace("BRK/B,,,", "/MESZ25,,,")
        .replace("BERKSHIRE HATHAWAY INC", "MICRO E-MINI S&P");
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["11 ERR_CSV_012"]);
    assert_eq!(reading.statement.unwrap().accounts[0].positions.len(), 3);
}

#[test]
fn the_as_of_of_the_caller_wins() {
    let options = Options { as_of: Some(day(2025, 11, 7)), ..plain() };
    let reading = read(&sample("etrade_portfolio_download.csv"), "a.csv", &options);
    assert_eq!(reading.statement.unwrap().as_of, Some(day(2025, 11, 7)));
}
