//! Rows that are easily taken for something else.

use sigma_brokers::statement::{AssetClass, CashBasis};

use crate::{briefs, codes, import, rounded, sample, sample_text, statement};

const TOS: &str = "Position Statement for 12345678SCHW (Individual) on 11/4/25 16:14:27\n\n";

/// A group may show nothing but its symbol, in a table of any columns.
#[test]
fn thinkorswim_groups_without_figures() {
    let text = format!(
        "{TOS}Mark,Instrument,Qty,Trade Price\n,ACME,,\n101.65,ACME INDUSTRIES INC,\"+1,200\",80.00\n,SPX,,\n\
         .22,100 (Weeklys) 7 NOV 25 5700 PUT,+5,.40\n1.00,100 21 NOV 25 5700 [AM] PUT,-2,3.00\n\
         1.00,10 (Mini) 16 JAN 26 105 CALL,-2,3.00\n,SHRT,,\n60.00,SHORT CO,-100,60.00\n\n\
         ,Cash & Sweep Vehicle,\"$60,337.62\"\n"
    );
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["9 ERR_OPT_006"]);
    let account = &reading.statement.unwrap().accounts[0];
    assert_eq!(
        briefs(account),
        [
            "5 ACME LONG 1200 @ 80 on - now 101.65 = -",
            "7 SPXW251107P05700000 LP 5 @ 0.4 on - now 0.22 = -",
            "8 SPX251121P05700000 SP -2 @ 3 on - now 1 = -",
            "9 SPX7260116C00105000 SC -2 @ 3 on - now 1 = -",
            "11 SHRT SHORT -100 @ 60 on - now 60 = -",
        ]
    );
    assert_eq!(account.cash[0].amount, 60_337.62);
}

#[test]
fn an_option_row_that_cannot_be_read_is_no_share() {
    let text = format!(
        "{TOS}Instrument,Qty,Trade Price\nACME,,\n100 31 NOV 25 95 PUT,+5,.40\n50 7 NOV 25 95 PUT,1,1\n"
    );
    assert_eq!(codes(&import(text.as_bytes())), ["5 ERR_OPT_001", "6 ERR_OPT_001"]);
}

#[test]
fn xml_that_ends_early_is_refused() {
    let text = sample_text("ibkr_flex_open_positions.xml");
    let second = text.rmatch_indices("<OpenPosition ").next().unwrap().0;
    let reading = import(&text.as_bytes()[..second]);
    assert_eq!((codes(&reading), reading.statement), (vec!["file ERR_CSV_006".to_owned()], None));
}

#[test]
fn a_quote_that_swallows_rows_is_refused() {
    let text = "ticker,quantity,entry_price,entry_date,name\nA,1,1,2024-01-01,\"note\nB,1,1,2024-01-01,y\n\
        C,1,1,2024-01-01,\"z\"\nE,1,1,2024-01-01,x\n";
    assert_eq!(codes(&import(text.as_bytes())), ["2 ERR_CSV_006"]);
    // Some brokers write descriptions of several lines.
    assert!(!import(&sample("robinhood_activity.csv")).has_errors());
}

const MERRILL: &str =
    "COB Date,Security #,Symbol,CUSIP #,Security Description,Account Nickname,Quantity,Price ($),Value ($)\n";

#[test]
fn balances_below_the_table_of_merrill() {
    let text = format!(
        "{MERRILL}11/04/2025,A,ACME,0,ACME,CMA,10,$100.00,\"$1,000.00\"\n\
         11/04/2025,,,,Total,CMA,,,\"$1,000.00\"\n\n,,,Balances,\n,,,Money accounts,$123.00\n\
         ,,,Cash balance,$1.00\n,,,Pending activity,$0.00\n,,,Total,\"$1,124.00\"\n"
    );
    let account = &statement(text.as_bytes()).accounts[0];
    let cash: Vec<_> = account.cash.iter().map(|cash| (cash.amount, cash.basis)).collect();
    let (balance, pending) = (CashBasis::Balance, CashBasis::Pending);
    assert_eq!(cash, [(123.0, balance), (1.0, balance), (0.0, pending)]);
    assert_eq!(account.totals.iter().map(|total| total.value).collect::<Vec<_>>(), [1000.0, 1124.0]);
    assert_eq!(account.stated_value(), Some(1124.0));
}

const SCHWAB: &str = "\"Positions for account Individual ...123 as of 04:05 PM ET, 2025/11/04\"\n\n\
    Symbol,Description,Quantity,Price,Market Value,Cost Basis,Security Type\n";

#[test]
fn lines_of_text_in_schwab_files_are_neither_accounts_nor_dates() {
    let text = format!(
        "{SCHWAB}ACME,d,10,$10,$100.00,$90,Equity\nCASH & Cash Investments,--,--,--,$5.00,--,Cash and Money Market\n\
         Futures Cash,--,--,--,$7.00,--,Cash and Money Market\nBBB,,,,,,\nCCC,d,0,$0,$0.00,$0,Equity\n\
         Disclaimer: totals are not guaranteed as of 01/01/2020\n"
    );
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["7 ERR_POS_004", "8 ERR_POS_030", "9 ERR_CSV_012"]);
    let statement = reading.statement.unwrap();
    assert_eq!(statement.as_of.unwrap().to_string(), "2025-11-04");
    let [account] = &statement.accounts[..] else { panic!("one account") };
    assert_eq!(account.cash.iter().map(|cash| cash.amount).sum::<f64>(), 12.0);
}

#[test]
fn bonds_of_activity_files_are_priced_per_hundred() {
    let text = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount\n\
        10/30/2025,BUY,912810XX1,US TREAS,\"10,000\",$98.5,,\"-$9,850.00\"\n\
        10/30/2025,Buy,ACME,Acme,10,$98.5,,\"-$9,850.00\"\n";
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["file ERR_ACT_002", "2 ERR_POS_024", "3 ERR_POS_025"]);
    let bond = &reading.statement.unwrap().accounts[0].positions[0];
    assert_eq!((bond.class, rounded(bond.entry_price.unwrap())), (AssetClass::Private, 0.985));
}

const FIDELITY: &str =
    "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Current Value,Cost Basis Total\n";

#[test]
fn cash_funds_without_ticker_and_preferred_shares_of_fidelity() {
    let text = format!(
        "{FIDELITY}X1,Ind,FCASH**,HELD IN FCASH,300,$1.00,$300.00,\nX1,Ind,,PLAN FUND,10,$10.00,$100.00,$90.00\n\
         X1,Ind,KIMPRL,KIMCO PREF,5,$20.00,$100.00,$90.00\nX1,Ind,SPRX,FUND,5,$20.00,$100.00,$90.00\n"
    );
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["3 ERR_POS_028"]);
    let account = &reading.statement.unwrap().accounts[0];
    assert_eq!(account.cash[0].amount, 300.0);
    let symbols: Vec<_> = account.positions.iter().map(|p| (p.symbol.as_str(), p.class)).collect();
    let (public, private) = (AssetClass::Public, AssetClass::Private);
    assert_eq!(symbols, [("PLAN_FUND", private), ("KIM.PL", public), ("SPRX", public)]);
}

/// Placeholders are no symbols, and a bond under its CUSIP is no share.
#[test]
fn symbols_of_the_template() {
    let header =
        sample_text("sigmasight_template.csv").lines().find(|l| l.starts_with("Symbol,")).unwrap().to_owned();
    let row = |symbol: &str, class: &str| format!("{symbol},10,98.50,2025-06-02,{class},,,,,\n");
    let text = [
        format!("{header}\n"),
        row("N/A", "PUBLIC,"),
        row("--", "PUBLIC,"),
        row("-EVIL", "PRIVATE,"),
        row("912810XX1", "PUBLIC,BOND"),
        row("PRIV_C105_20260116", "PRIVATE,OTHER"),
    ]
    .concat();
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["2 ERR_POS_001", "3 ERR_POS_001", "4 ERR_POS_003"]);
    let positions = &reading.statement.unwrap().accounts[0].positions;
    let found: Vec<_> = positions.iter().map(|p| (p.symbol.as_str(), p.class)).collect();
    let private = AssetClass::Private;
    assert_eq!(found, [("912810XX1", private), ("PRIV_C105_20260116", private)]);
}

const FLEX: &str = "ClientAccountID,CurrencyPrimary,AssetClass,Symbol,CUSIP,Multiplier,ReportDate,Quantity,MarkPrice,\
    PositionValue,CostBasisMoney,LevelOfDetail\n";

/// Sections of a Flex query come in any order, and some are of no interest.
#[test]
fn sections_of_a_flex_query() {
    let cash = "ClientAccountID,CurrencyPrimary,EndingCash\nU1234567,BASE_SUMMARY,1300\nU1234567,USD,1200\n";
    let trades = "ClientAccountID,CurrencyPrimary,AssetClass,Symbol,TradeDate,Quantity,TradePrice\n\
        U1234567,USD,STK,ZZZ,20251103,7,10\n";
    let positions = format!("{FLEX}U1234567,USD,STK,ACME,,1,20251104,40,482.5,19300,18800,SUMMARY\n");
    let orders = [[cash, trades, &positions], [&positions, trades, cash], [&positions, cash, trades]];
    for text in orders.map(|sections| sections.concat()) {
        let [account] = &statement(text.as_bytes()).accounts[..] else { panic!("one account") };
        assert_eq!(briefs(account).len(), 1, "{text}");
        assert_eq!(account.cash.iter().map(|cash| cash.amount).collect::<Vec<_>>(), [1200.0], "{text}");
    }
    let framed = format!(
        "BOF,U1234567,x,1\nBOA,U1234567\nBOS,POST,Positions\nHEADER,POST,{FLEX}\
         DATA,POST,U1234567,USD,STK,ACME,,1,20251104,40,482.5,19300,18800,SUMMARY\nEOS,POST,1\nBOS,CRTT,Cash\n\
         HEADER,CRTT,ClientAccountID,CurrencyPrimary,EndingCash\nDATA,CRTT,U1234567,BASE_SUMMARY,1200\nEOS,CRTT,1\nEOF\n"
    );
    let [account] = &statement(framed.as_bytes()).accounts[..] else { panic!("one account") };
    let [cash] = &account.cash[..] else { panic!("cash in the currency of the positions") };
    assert_eq!((cash.currency.as_str(), cash.amount, account.positions.len()), ("USD", 1200.0, 1));
}

#[test]
fn bonds_of_interactive_brokers() {
    let rows = "U1234567,USD,BOND,T 4 11/15/52,912810TL2,1,20251104,10000,98.5,9850,9800,SUMMARY\n\
        U1234567,USD,BILL,B 0 01/15/26,,1,20251104,1000,99,990,980,SUMMARY\n";
    let reading = import(format!("{FLEX}{rows}").as_bytes());
    assert_eq!(codes(&reading), ["2 ERR_POS_024", "3 ERR_POS_024"]);
    let found = |account: &sigma_brokers::statement::Account| {
        let positions = account.positions.iter();
        positions
            .map(|p| format!("{} {:?} {}", p.symbol, p.class, rounded(p.price.unwrap())))
            .collect::<Vec<_>>()
    };
    let account = &reading.statement.unwrap().accounts[0];
    assert_eq!(found(account), ["912810TL2 Private 0.985", "B_0_01_15_26 Private 0.99"]);

    let text = sample_text("ibkr_activity_statement.csv").replace(
        "Data,Summary,Stocks,USD,BRK B,40,1,470,18800,482.5,19300",
        "Data,Summary,Bonds,USD,T 4 11/15/52,10000,1,98,9800,98.5,9850",
    ) + "Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Security ID\n\
           Financial Instrument Information,Data,Bonds,T 4 11/15/52,T 4 11/15/52,1,US912810TL27\n";
    let account = &statement(text.as_bytes()).accounts[0];
    assert!(found(account).contains(&"912810TL2 Private 0.985".to_owned()), "{:?}", found(account));
}

#[test]
fn a_consolidated_statement_of_interactive_brokers() {
    let header = "Open Positions,Header,DataDiscriminator,Asset Category,Currency,Account,Symbol,Quantity,Mult,\
        Cost Price,Cost Basis,Close Price,Value,Unrealized P/L,Code\n";
    let text = format!(
        "Statement,Header,Field Name,Field Value\nStatement,Data,Period,\"October 31, 2025\"\n\
         Account Information,Header,Field Name,Field Value\nAccount Information,Data,Account,\"U1111111, U2222222\"\n\
         {header}Open Positions,Data,Summary,Stocks,USD,U1111111,ACME,\"1,200\",1,80,96000,101.65,121980,25980,\n\
         Open Positions,Data,Summary,Stocks,USD,U2222222,ACME,10,1,80,800,101.65,1016.5,25980,\n\
         Cash Report,Header,Currency Summary,Account,Currency,Total\nCash Report,Data,Ending Cash,U2222222,USD,50\n"
    );
    let accounts = statement(text.as_bytes()).accounts;
    let found: Vec<_> =
        accounts.iter().map(|a| (a.number_tail.as_deref(), a.positions.len(), a.cash.len())).collect();
    assert_eq!(found, [(Some("1111"), 1, 0), (Some("2222"), 1, 1)]);
}

const ETRADE: &str = "Symbol,Last Price $,Change $,Change %,Quantity,Price Paid $,Day's Gain $,Total Gain $,Total Gain %,Value $\n";

/// Two blocks in one file, lots below their position, and disclaimers.
#[test]
fn accounts_lots_and_disclaimers_of_etrade() {
    let block = |account: &str, rows: &str| {
        format!(
            "Account Summary\nAccount,Net Account Value\n\"{account}\",13180.20\n\n{ETRADE}{rows}\n\
             Generated at Nov 04 2025 04:33 PM ET\n"
        )
    };
    let first = "ACME,101.65,-3.10,-2.96,120.0000000,80.00,-372.00,2598.00,27.06,12198\n\
        06/12/2023,101.65,,,50,80.00,,,,5082.50\n07/12/2023,101.65,,,70,80.00,,,,7115.50\n\
        Cash,,,,,,,,,14.20,\nTotal,,,,,,,,,12212.20,\n";
    let text = block("Individual Brokerage -1234", first)
        + &block(
            "Roth Brokerage -5678",
            "VTI,300,0,0,2,200,0,0,0,600\nCASH,,,,,,,,,1.00,\nTOTAL,,,,,,,,,601,\n",
        )
        + "\"A disclaimer of one line\"\n";
    let reading = import(text.as_bytes());
    assert!(codes(&reading).iter().all(|code| code.ends_with("ERR_CSV_012")), "{:?}", codes(&reading));
    let accounts = reading.statement.unwrap().accounts;
    let found: Vec<_> = accounts
        .iter()
        .map(|a| {
            (
                a.number_tail.as_deref().unwrap(),
                a.positions.len(),
                a.stated_value().unwrap(),
                a.totals[0].value,
            )
        })
        .collect();
    assert_eq!(found, [("1234", 1, 12_212.2, 12_212.2), ("5678", 1, 601.0, 601.0)]);
}

/// Words where a ticker should stand are a name.
#[test]
fn one_row_without_a_ticker_does_not_refuse_the_file() {
    let text = format!(
        "{SCHWAB}ACME,d,10,$10,$100.00,$90,Equity\nNO NUMBER,ESCROW OF XYZ,5,$1.00,$5.00,$2.00,Equity\n\
         ABC RTS,ABC RIGHTS,3,$2.00,$6.00,--,Equity\nFutures Positions Market Value,--,--,--,$0.00,--,--\n\
         Futures Positions Market Value,--,--,--,-$7.00,--,--\n"
    );
    let reading = import(text.as_bytes());
    assert_eq!(codes(&reading), ["5 ERR_POS_028", "6 ERR_POS_028", "7 ERR_CSV_012", "8 ERR_POS_028"]);
    let account = &reading.statement.unwrap().accounts[0];
    let held: Vec<_> = account.positions.iter().map(|p| (p.symbol.as_str(), p.quantity)).collect();
    assert_eq!(
        held,
        [
            ("ACME", 10.0),
            ("ESCROW_OF_XYZ", 5.0),
            ("ABC_RIGHTS", 3.0),
            ("FUTURES_POSITIONS_MARKET_VALUE", -1.0)
        ]
    );
    assert_eq!(account.stated_value(), Some(104.0));
    // One word is a slip of the ticker, and no name.
    let slip = import(format!("{SCHWAB}--ACME,d,10,$10,$100.00,$90,Equity\n").as_bytes());
    assert_eq!(codes(&slip), ["4 ERR_POS_003"]);

    let text = format!(
        "Account Summary\nAccount,Net Account Value\n\"Individual -1234\",1.00\n\n{ETRADE}\
         ACME,100,0,0,1,90,0,0,0,100.00\nUS TREASURY 4.5% 05/15/2030,98.5,0,0,1000,97,0,0,0,985.00\n\
         Money Market,,,,,,,,,12.00\nCASH,,,,,,,,,3.00\nTOTAL,,,,,,0,0,,1100.00\n"
    );
    let reading = import(text.as_bytes());
    assert!(reading.problems.iter().all(|problem| !problem.is_error()), "{:?}", reading.problems);
    let account = &reading.statement.unwrap().accounts[0];
    let bond = &account.positions[1];
    assert_eq!((bond.symbol.as_str(), bond.class), ("US_TREASURY_4_5_05_15_2030", AssetClass::Private));
    assert_eq!(bond.entry_price, Some(0.97));
    assert_eq!(account.stated_value(), Some(1100.0));
}

/// A row of sums is no position.
#[test]
fn totals_of_a_mapped_file() {
    let mapping = "[columns]\nsymbol = \"T\"\nquantity = \"Q\"\nprice = \"P\"\nmarket_value = \"V\"\n";
    let mapping = sigma_brokers::Mapping::parse(mapping).unwrap();
    let options = sigma_brokers::Options { mapping: Some(&mapping), ..crate::plain() };
    let text = "T,Q,P,V\nACME,10,1.00,10.00\nSUM,5,4.00,20.00\nGesamt:,15,,30.00\ntotal,,--,30.00\n";
    let reading = sigma_brokers::read(text.as_bytes(), "a.csv", &options);
    assert_eq!(codes(&reading), ["4 ERR_CSV_012", "5 ERR_CSV_012"]);
    let symbols: Vec<_> =
        reading.statement.unwrap().accounts[0].positions.iter().map(|p| p.symbol.clone()).collect();
    assert_eq!(symbols, ["ACME", "SUM"]);
}

/// A row of an option that cannot be read is not the share above it.
#[test]
fn unreadable_options_of_thinkorswim() {
    let table = "Instrument,Qty,Trade Price,Mark,Net Liq\nACME,,,,\n";
    for row in ["VERTICAL 100 16 JAN 26 105/110 CALL", "100 16 JAN 26 PUT 1O5", "1000 16 JAN 26 105 CALL"] {
        let reading = import(format!("{table}{row},1,2.00,2.00,200\nACME INC,1,2.00,2.00,2\n").as_bytes());
        assert_eq!(codes(&reading), ["3 ERR_OPT_001"], "{row}");
        assert_eq!(reading.statement.unwrap().accounts[0].positions.len(), 1);
    }
}
