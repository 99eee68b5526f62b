//! Daily bars of one symbol.

use sigma_core::model::CloseBasis;
use sigma_providers::FaultKind;
use sigma_providers::ask::Series;
use sigma_providers::polygon::Polygon;
use sigma_testkit::fake::market::stamp::midnight_ms;
use sigma_testkit::fake::{Reply, Server};

use super::{acme, aggs, always, ask, day, index, list, raw, reply, serve};

#[tokio::test]
async fn a_week_with_a_change_of_clocks() {
    let (server, polygon) = always(raw("aggs_day.json"));
    let series = polygon.bars(&acme()).await.unwrap();
    let closes: Vec<_> = series.bars.iter().map(|bar| (bar.date, bar.close)).collect();
    let expected =
        [("2025-10-30", 102.9), ("2025-10-31", 103.55), ("2025-11-03", 104.75), ("2025-11-04", 101.65)];
    assert_eq!(closes, expected.map(|(date, close)| (day(date), close)));
    let first = &series.bars[0];
    assert_eq!((first.open, first.high, first.low), (Some(101.1), Some(103.25), Some(100.4)));
    assert_eq!((first.adj_close, &*first.source, first.basis), (None, "polygon", CloseBasis::AsTraded));
    // Fractional volumes are those of fractional shares.
    assert_eq!(series.bars[2].volume, Some(4_022_871.5));
    assert_eq!((series.splits, series.dividends, series.problems), (None, None, vec![]));

    let request = &server.log()[0].request;
    assert_eq!(
        request.target,
        "/v2/aggs/ticker/ACME/range/1/day/2025-10-30/2025-11-04?adjusted=false&sort=asc&limit=50000"
    );
    assert_eq!(request.header("authorization"), Some("Bearer canary/key+0f9a"));
}

#[tokio::test]
async fn the_spring_change_of_clocks_moves_no_day() {
    let days = ["2025-03-07", "2025-03-10", "2025-03-11"].map(day);
    let rows =
        days.map(|date| format!(r#"{{"o":1,"h":1,"l":1,"c":1,"v":7.07e7,"t":{}}}"#, midnight_ms(date)));
    let (_server, polygon) = always(aggs(&rows.join(",")));
    let series = polygon.bars(&ask("ACME", "2025-03-07", "2025-03-11")).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.date).collect::<Vec<_>>(), days);
    assert_eq!(series.bars[0].volume, Some(70_700_000.0));
}

#[tokio::test]
async fn prices_across_a_split_come_as_they_were_traded() {
    let (_server, polygon) = always(reply("aggs_day_unadjusted_split_gap.json"));
    let series = polygon.bars(&ask("SPLT", "2025-06-06", "2025-06-09")).await.unwrap();
    let found: Vec<_> = series.bars.iter().map(|bar| (bar.date, bar.close, bar.volume)).collect();
    assert_eq!(
        found,
        [(day("2025-06-06"), 402.0, Some(900_000.0)), (day("2025-06-09"), 100.9, Some(3_700_000.0)),]
    );
}

#[tokio::test]
async fn nothing_at_all_is_a_fault_and_is_asked_for_once() {
    for body in [r#"{"ticker":"ACME","status":"OK"}"#, r#"{"ticker":"ACME","results":[],"status":"DELAYED"}"#]
    {
        let (server, polygon) = always(Reply::json(200, body));
        let fault = polygon.bars(&acme()).await.unwrap_err();
        assert_eq!((fault.kind, server.count()), (FaultKind::NoData, 1));
    }
}

#[tokio::test]
async fn a_row_without_all_four_prices_is_told_and_is_no_bar() {
    let stamp = |date: &str| midnight_ms(day(date));
    let rows = [
        format!(r#"{{"o":1,"h":2,"l":1,"c":null,"v":5,"t":{}}}"#, stamp("2025-10-30")),
        format!(r#"{{"o":1,"h":2,"l":1,"c":"None","v":5,"t":{}}}"#, stamp("2025-10-31")),
        format!(r#"{{"h":2,"l":"","c":1.5,"t":{}}}"#, stamp("2025-11-03")),
        r#"{"o":1,"h":2,"l":1,"c":1.5,"v":5}"#.to_owned(),
        "null".to_owned(),
        format!(r#"{{"o":1,"h":2,"l":1,"c":1.5,"v":null,"t":{}.0}}"#, stamp("2025-11-04")),
    ];
    let (_server, polygon) = always(aggs(&rows.join(",")));
    let series = polygon.bars(&acme()).await.unwrap();
    assert_eq!(series.bars.len(), 1);
    assert_eq!((series.bars[0].date, series.bars[0].volume), (day("2025-11-04"), None));
    assert_eq!(
        series.problems,
        [
            "2025-10-30: no number for close",
            "2025-10-31: no number for close",
            "2025-11-03: no number for open, low",
            "row 4: no time stamp `t`",
            "row 5: no time stamp `t`",
        ]
    );
}

#[tokio::test]
async fn implausible_and_repeated_rows_are_left_to_the_screen() {
    let row = |date: &str, close: f64| {
        format!(r#"{{"o":1,"h":2,"l":1,"c":{close},"v":5,"t":{}}}"#, midnight_ms(day(date)))
    };
    let rows = [row("2025-11-04", 9.0), row("2025-11-03", 0.0), row("2025-11-03", -4.0)];
    let (_server, polygon) = always(aggs(&rows.join(",")));
    let series = polygon.bars(&acme()).await.unwrap();
    assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [9.0, 0.0, -4.0]);
    assert!(series.problems.is_empty());
}

#[tokio::test]
async fn rows_outside_the_dates_are_dropped_and_told() {
    let (_server, polygon) = always(raw("aggs_day.json"));
    let series = polygon.bars(&ask("ACME", "2025-11-03", "2025-11-03")).await.unwrap();
    assert_eq!(series.bars.len(), 1);
    let problem = "3 rows of 2025-10-30 to 2025-11-04 are outside 2025-11-03 to 2025-11-03";
    assert_eq!(series.problems, [problem]);
}

#[tokio::test]
async fn an_answer_to_another_question_is_refused() {
    let (_server, polygon) = always(raw("aggs_day.json"));
    let fault = polygon.bars(&ask("ACMF", "2025-10-30", "2025-11-04")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.detail.contains("ACMF") && fault.detail.contains("ACME"), "{fault}");
}

/// The answer says that it is adjusted, whatever was asked for.
#[tokio::test]
async fn adjusted_prices_are_turned_back_with_the_splits_that_are_told() {
    let with_splits = |splits: Reply| {
        serve(move |request| match request.path.contains("splits") {
            true => splits.clone(),
            false => reply("aggs_day.json"),
        })
    };
    let split = list(
        r#"{"ticker":"ACME","execution_date":"2025-11-03","split_from":1,"split_to":4},
           {"ticker":"ACME","execution_date":"2025-12-01","split_from":1,"split_to":2}"#,
    );
    let (_server, polygon) = with_splits(split);
    let series = polygon.bars(&acme()).await.unwrap();
    // The second one is not effective yet.
    assert_eq!(series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [411.6, 414.2, 104.75, 101.65]);
    assert_eq!((series.bars[0].open, series.bars[0].volume), (Some(404.4), Some(1_025_062.5)));
    assert!(series.bars.iter().all(|bar| bar.basis == CloseBasis::Rebuilt));
    let unclear = list(r#"{"ticker":"ACME","execution_date":"2025-11-03","split_from":1}"#);
    for splits in [unclear, Reply::json(403, r#"{"status":"NOT_AUTHORIZED"}"#), list(r#"{"c":1}"#)] {
        let (_server, polygon) = with_splits(splits);
        let fault = polygon.bars(&acme()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Malformed);
        assert!(fault.detail.contains("split-adjusted"), "{fault}");
    }
}

#[tokio::test]
async fn symbols_are_spelled_as_the_service_does() {
    let (server, polygon) = serve(|request| {
        let spelled = request.path.split('/').nth(4).unwrap();
        let row = format!(r#"{{"o":1,"h":1,"l":1,"c":1,"t":{}}}"#, midnight_ms(day("2025-11-04")));
        // Values of an index cannot be adjusted, whatever the answer says.
        let body =
            format!(r#"{{"ticker":"{spelled}","adjusted":{},"results":[{row}]}}"#, spelled.starts_with("I:"));
        Reply::json(200, body)
    });
    for (symbol, spelled) in [("KIM.PL", "KIMpL"), ("BRK.B", "BRK.B"), ("VIX", "I:VIX")] {
        polygon.bars(&ask(symbol, "2025-11-04", "2025-11-04")).await.unwrap();
        let path = format!("/v2/aggs/ticker/{spelled}/range/1/day/2025-11-04/2025-11-04");
        assert_eq!(server.take_log()[0].request.path, path);
    }
    polygon.bars(&index("SPX", "2025-11-04", "2025-11-04")).await.unwrap();
    assert!(server.log()[0].request.path.contains("/I:SPX/"));
}

#[tokio::test]
async fn a_plan_without_indices_says_nothing_about_shares() {
    let (_server, polygon) = always(reply("errors/403_not_entitled.json"));
    let fault = polygon.bars(&index("SPX", "2025-11-04", "2025-11-04")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::PlanSymbol);
    assert_eq!(polygon.bars(&acme()).await.unwrap_err().kind, FaultKind::PlanEndpoint);
}

#[tokio::test]
async fn a_plan_that_refuses_today_gives_the_days_before_it() {
    let refusal =
        r#"{"status":"NOT_AUTHORIZED","message":"Attempted to request today's data before end of day."}"#;
    let (server, polygon) = serve(move |request| match request.path.ends_with("/2025-11-05") {
        true => Reply::json(403, refusal),
        false => raw("aggs_day.json"),
    });
    let until_today = ask("ACME", "2025-10-30", "2025-11-05");
    let series = polygon.bars(&until_today).await.unwrap();
    assert_eq!(series.bars.len(), 4);
    assert_eq!(series.problems, ["bars after 2025-11-04 are not in the plan until the day is over"]);
    assert_eq!(server.take_log().len(), 2);
    // Once seen, it is not tried again.
    assert_eq!(polygon.bars(&until_today).await.unwrap().problems.len(), 1);
    assert_eq!(server.take_log().len(), 1);
    // Today alone cannot be had.
    let today = ask("ACME", "2025-11-05", "2025-11-05");
    assert_eq!(polygon.bars(&today).await.unwrap_err().kind, FaultKind::PlanTimeframe);
}

/// Bars with a close for each symbol that has some on a date.
fn of_the_day(days: &'static [(&'static str, &'static str, f64)]) -> (Server, Polygon) {
    serve(move |request| {
        let parts: Vec<&str> = request.path.split('/').collect();
        let (ticker, from, to) = (parts[4], day(parts[8]), day(parts[9]));
        let rows = days.iter().filter(|(name, date, _)| *name == ticker && (from..=to).contains(&day(date)));
        let rows: Vec<String> = rows
            .map(|(_, date, c)| {
                format!(r#"{{"o":{c},"h":{c},"l":{c},"c":{c},"t":{}}}"#, midnight_ms(day(date)))
            })
            .collect();
        let rows = rows.join(",");
        Reply::json(200, format!(r#"{{"ticker":"{ticker}","adjusted":false,"results":[{rows}]}}"#))
    })
}

#[tokio::test]
async fn bars_before_a_change_of_symbol_are_those_of_the_old_one() {
    let closes = |series: Series| series.bars.iter().map(|bar| bar.close).collect::<Vec<_>>();
    // The new symbol was a fund's before.
    let (server, polygon) = of_the_day(&[
        ("META", "2022-01-28", 12.0),
        ("FB", "2022-06-08", 196.0),
        ("META", "2022-06-09", 184.0),
        ("FB", "2025-07-01", 40.0),
    ]);
    let series = polygon.bars(&ask("META", "2022-01-28", "2025-11-04")).await.unwrap();
    assert_eq!(closes(series), [196.0, 184.0]);
    let paths: Vec<String> = server.take_log().iter().map(|logged| logged.request.path.clone()).collect();
    assert_eq!(
        paths,
        [
            "/v2/aggs/ticker/FB/range/1/day/2022-01-28/2022-06-08",
            "/v2/aggs/ticker/META/range/1/day/2022-06-09/2025-11-04",
        ]
    );
    // Dates after the change need one request, and dates before it as well.
    polygon.bars(&ask("META", "2022-06-09", "2022-06-10")).await.unwrap();
    polygon.bars(&ask("META", "2022-06-07", "2022-06-08")).await.unwrap();
    assert_eq!(server.count(), 2);

    // One history under the new symbol.
    let (_server, polygon) = of_the_day(&[("META", "2022-06-08", 196.0), ("META", "2022-06-09", 184.0)]);
    let series = polygon.bars(&ask("META", "2022-06-08", "2022-06-09")).await.unwrap();
    assert_eq!((closes(series.clone()), series.problems), (vec![196.0, 184.0], vec![]));

    // Only one of the two symbols has bars: what there is, and a word about the rest.
    let (_server, polygon) = of_the_day(&[("META", "2022-06-09", 184.0)]);
    let series = polygon.bars(&ask("META", "2022-06-08", "2022-06-09")).await.unwrap();
    assert_eq!((closes(series.clone()), series.problems.len()), (vec![184.0], 1));
    let (_server, polygon) = of_the_day(&[]);
    let fault = polygon.bars(&ask("META", "2022-06-08", "2022-06-09")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NoData);
}
