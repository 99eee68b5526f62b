//! Limits: every measure against the row it reads, verdicts by hand, and signs that mirror.

use chrono::NaiveDate;
use proptest::prelude::*;
use sigma_core::analytics::limits::*;
use sigma_core::model::*;

fn as_of() -> NaiveDate {
    "2025-06-30".parse().unwrap()
}

fn snapshot() -> Snapshot {
    Snapshot {
        as_of: as_of(),
        nav: 1_000.0,
        cash: 300.0,
        short_proceeds: 0.0,
        long_value: 900.0,
        short_value: -200.0,
        gross: 1_100.0,
        net: 700.0,
        unrealized_pnl: 0.0,
        realized_pnl: 0.0,
        day_pnl: -15.0,
        flows: 0.0,
        day_return: None,
        cumulative_pnl: 0.0,
        cumulative_return: None,
        realized_vol_21: None,
        realized_vol_63: Some(0.2),
        drawdown: Some(-0.05),
        market_beta: Some(0.9),
        delta_dollars: Some(650.0),
        gamma_dollars_per_1pct: Some(4.0),
        theta_per_day: Some(-3.0),
        vega_per_point: None,
        rho_per_point: Some(1.0),
        hhi: Some(2_500.0),
        effective_positions: Some(4.0),
        top_3_fraction: Some(0.8),
        top_10_fraction: Some(1.0),
        position_count: 5,
        excluded_count: 0,
    }
}

fn bucket(dimension: Dimension, bucket: &str, gross: f64, net: f64, delta: Option<f64>) -> ExposureRow {
    ExposureRow {
        dimension,
        bucket: bucket.into(),
        position_count: 1,
        gross,
        net,
        long_value: 0.0,
        short_value: 0.0,
        notional: None,
        delta_adjusted: delta,
        beta_adjusted: None,
    }
}

fn pnl(pnl: f64) -> Result<ScenarioPnl, Reason> {
    Ok(ScenarioPnl { pnl, fraction: None, by_factor: Vec::new() })
}

/// Results owned by a test.
struct Made {
    snapshot: Snapshot,
    exposures: Vec<ExposureRow>,
    factors: Vec<FactorExposure>,
    stress: Vec<StressResult>,
    market_risk: Vec<MarketRiskResult>,
    exclusions: Vec<(String, Exclusion)>,
    lots: Vec<Lot>,
}

impl Made {
    fn inputs<'a>(&'a self, lots: &'a [&'a Lot]) -> LimitInputs<'a> {
        LimitInputs {
            snapshot: &self.snapshot,
            exposures: &self.exposures,
            factors: &self.factors,
            stress: &self.stress,
            market_risk: &self.market_risk,
            exclusions: &self.exclusions,
            lots,
        }
    }
}

fn lot(symbol: &str, sector: &str) -> Lot {
    let instrument = Instrument {
        id: 1,
        symbol: symbol.into(),
        kind: InstrumentKind::Stock,
        name: None,
        sector: Some(sector.into()),
        industry: None,
        exchange: None,
        country: None,
        currency: "USD".into(),
        market_cap: None,
        dividend_yield: None,
        duration: None,
        convexity: None,
        multiplier: 1.0,
        option: None,
    };
    let position = Position {
        id: 1,
        portfolio_id: 1,
        instrument_id: 1,
        quantity: 1.0,
        entry_price: 1.0,
        entry_date: as_of(),
        exit_price: None,
        exit_date: None,
        adjusted_through: None,
    };
    Lot { position, instrument, tags: Vec::new() }
}

fn made() -> Made {
    let factor = |factor: &str, dollars| FactorExposure {
        factor: factor.into(),
        dollar_exposure: dollars,
        std_error_usd: None,
        t_value: None,
        beta: None,
        coverage_fraction: 1.0,
    };
    let stress = |id: &str, direct, correlated| StressResult {
        scenario_id: id.into(),
        direct,
        correlated,
        implied_moves: Vec::new(),
        distance: None,
        extrapolated: false,
        excluded_value: 0.0,
    };
    Made {
        snapshot: snapshot(),
        exposures: vec![
            bucket(Dimension::Total, "total", 1_100.0, 700.0, Some(650.0)),
            bucket(Dimension::Underlying, "AAPL", 500.0, 500.0, Some(500.0)),
            bucket(Dimension::Underlying, "TSLA", 200.0, -200.0, Some(-250.0)),
            bucket(Dimension::Underlying, "SPY", 400.0, 400.0, None),
            bucket(Dimension::Sector, "Technology", 500.0, 500.0, Some(-620.0)),
            bucket(Dimension::Tag, "Core", 600.0, 300.0, Some(310.0)),
            bucket(Dimension::AssetType, "stock", 700.0, 300.0, None),
        ],
        factors: vec![factor("Market", 900.0), factor("Value", -300.0)],
        stress: vec![
            stress("crash", pnl(-400.0), pnl(-450.0)),
            stress("rally", pnl(100.0), Err(Reason::InsufficientHistory)),
        ],
        market_risk: vec![MarketRiskResult {
            scenario_id: "market_down_10".into(),
            shock: MarketRiskShock::Market(-0.1),
            outcome: pnl(-90.0),
            excluded_value: 0.0,
        }],
        exclusions: Vec::new(),
        lots: vec![lot("AAPL", "Technology")],
    }
}

fn limit(measure: &str, subject: Option<&str>, unit: Unit, side: Side, bound: f64) -> Limit {
    Limit {
        name: measure.into(),
        measure: Measure::find(measure).unwrap(),
        subject: subject.map(str::to_owned),
        unit,
        side,
        bound,
        warn_at: 0.9,
        portfolios: Vec::new(),
    }
}

/// Value and status of the rows of one limit.
fn rows(made: &Made, limit: &Limit) -> Vec<(Option<String>, Known, Status)> {
    let lots: Vec<&Lot> = made.lots.iter().collect();
    let inputs = made.inputs(&lots);
    check(limit, Some(&inputs)).into_iter().map(|c| (c.subject, c.value, c.status)).collect()
}

#[test]
fn every_measure_reads_its_row() {
    let made = made();
    let expected: &[(&str, Option<&str>, Known)] = &[
        ("nav", None, Ok(1_000.0)),
        ("cash", None, Ok(300.0)),
        ("gross", None, Ok(1_100.0)),
        ("net", None, Ok(700.0)),
        ("long", None, Ok(900.0)),
        ("short", None, Ok(200.0)),
        ("leverage", None, Ok(1.1)),
        ("positions", None, Ok(5.0)),
        ("day_loss", None, Ok(15.0)),
        ("drawdown", None, Ok(0.05)),
        ("realized_vol_21", None, Err(Reason::InsufficientHistory)),
        ("realized_vol_63", None, Ok(0.2)),
        ("hhi", None, Ok(2_500.0)),
        ("effective_positions", None, Ok(4.0)),
        ("top_3", None, Ok(0.8)),
        ("top_10", None, Ok(1.0)),
        ("delta_dollars", None, Ok(650.0)),
        ("gamma_dollars_per_1pct", None, Ok(4.0)),
        ("theta_per_day", None, Ok(-3.0)),
        ("vega_per_point", None, Err(Reason::NotComputed)),
        ("rho_per_point", None, Ok(1.0)),
        ("beta", None, Ok(0.9)),
        ("single_name", Some("TSLA"), Ok(200.0)),
        ("single_name", Some("NVDA"), Ok(0.0)),
        ("single_name_delta", Some("TSLA"), Ok(250.0)),
        ("single_name_delta", Some("SPY"), Err(Reason::NotComputed)),
        ("sector", Some("Technology"), Ok(500.0)),
        ("sector_gross", Some("Technology"), Ok(500.0)),
        ("sector_delta", Some("Technology"), Ok(620.0)),
        ("asset_type", Some("stock"), Ok(700.0)),
        ("tag", Some("Core"), Ok(300.0)),
        ("tag_gross", Some("Core"), Ok(600.0)),
        ("tag_delta", Some("Core"), Ok(310.0)),
        ("factor", Some("Value"), Ok(-300.0)),
        ("factor", Some("Rates"), Err(Reason::NotComputed)),
        ("stress_loss", Some("crash"), Ok(450.0)),
        ("stress_loss", Some("rally"), Err(Reason::InsufficientHistory)),
        ("stress_loss_direct", Some("rally"), Ok(-100.0)),
        ("stress_loss_correlated", Some("crash"), Ok(450.0)),
        ("market_loss", Some("market_down_10"), Ok(90.0)),
    ];
    for (measure, subject, value) in expected {
        let limit = limit(measure, *subject, Unit::Usd, Side::Max, 1e9);
        let rows = rows(&made, &limit);
        assert_eq!(rows.len(), 1, "{measure}");
        assert_eq!(rows[0].1, *value, "{measure} {subject:?}");
    }
    let named = |measure: &Measure| expected.iter().any(|(name, ..)| *name == measure.name);
    assert!(MEASURES.iter().all(named));
}

#[test]
fn verdicts_by_hand() {
    let made = made();
    let cases = [
        ("gross", Unit::Usd, Side::Max, 1_500.0, Status::Ok),
        ("gross", Unit::Usd, Side::Max, 1_200.0, Status::Warning),
        ("gross", Unit::Usd, Side::Max, 1_100.0, Status::Warning),
        ("gross", Unit::Usd, Side::Max, 1_099.0, Status::Breach),
        ("gross", Unit::Nav, Side::Max, 1.1, Status::Warning),
        ("gross", Unit::Nav, Side::Max, 1.0, Status::Breach),
        // A minimum is used up from above.
        ("effective_positions", Unit::Number, Side::Min, 3.0, Status::Ok),
        ("effective_positions", Unit::Number, Side::Min, 3.8, Status::Warning),
        ("effective_positions", Unit::Number, Side::Min, 5.0, Status::Breach),
        // Bounds below zero.
        ("theta_per_day", Unit::Usd, Side::Min, -10.0, Status::Ok),
        ("theta_per_day", Unit::Usd, Side::Min, -3.2, Status::Warning),
        ("theta_per_day", Unit::Usd, Side::Min, -2.0, Status::Breach),
        ("theta_per_day", Unit::Usd, Side::Max, -1.0, Status::Ok),
        ("theta_per_day", Unit::Usd, Side::Max, -4.0, Status::Breach),
        // A bound of zero has no part to use.
        ("short", Unit::Usd, Side::Max, 0.0, Status::Breach),
        ("cash", Unit::Usd, Side::Min, 0.0, Status::Ok),
        ("vega_per_point", Unit::Usd, Side::Max, 1e9, Status::Unknown),
    ];
    for (measure, unit, side, bound, status) in cases {
        let rows = rows(&made, &limit(measure, None, unit, side, bound));
        assert_eq!(rows[0].2, status, "{measure} {side} {bound}");
    }
}

#[test]
fn a_limit_on_each_subject_tells_what_matters() {
    let made = made();
    let lots: Vec<&Lot> = made.lots.iter().collect();
    let inputs = made.inputs(&lots);
    let told = |bound: f64| {
        let limit = limit("single_name", None, Unit::Nav, Side::Max, bound);
        let found = notable(check(&limit, Some(&inputs)));
        found.into_iter().map(|c| (c.subject.unwrap(), c.status)).collect::<Vec<_>>()
    };
    assert_eq!(told(0.9), [("AAPL".to_owned(), Status::Ok)]);
    assert_eq!(told(0.42), [("AAPL".to_owned(), Status::Breach), ("SPY".to_owned(), Status::Warning)]);
    let limit = limit("gross", None, Unit::Usd, Side::Max, 1.0);
    let none = check(&limit, None);
    assert_eq!((none[0].value, none[0].status), (Err(Reason::NotComputed), Status::Unknown));
}

#[test]
fn what_is_held_without_a_value_is_unknown_and_named() {
    let mut made = made();
    made.lots.push(lot("GONE", "Energy"));
    let issue = Issue::error("GONE", Reason::NoPrice, "no price");
    let exclusion = Exclusion { issue, value: None, weight_fraction: None };
    made.exclusions.push(("valuation".into(), exclusion));
    let value = |made: &Made, measure: &str, subject: &str| {
        rows(made, &limit(measure, Some(subject), Unit::Usd, Side::Max, 1e9))[0].1
    };
    assert_eq!(value(&made, "sector", "Energy"), Err(Reason::NoPrice));
    assert_eq!(value(&made, "single_name", "GONE"), Err(Reason::NoPrice));
    assert_eq!(value(&made, "sector", "Utilities"), Ok(0.0));

    // A limit on each of them tells of what it cannot see.
    made.lots.last_mut().unwrap().tags = vec!["lost".into()];
    for (measure, subject) in [("single_name", "GONE"), ("sector", "Energy"), ("tag_gross", "lost")] {
        let limit = limit(measure, None, Unit::Usd, Side::Max, 1e9);
        let all = rows(&made, &limit);
        assert_eq!(all.iter().filter(|row| row.1.is_err()).count(), 1, "{measure}: {all:?}");
        let lots: Vec<&Lot> = made.lots.iter().collect();
        let told = notable(check(&limit, Some(&made.inputs(&lots))));
        let (found, status) = (told[0].subject.as_deref(), told[0].status);
        assert_eq!((found, told[0].value, status), (Some(subject), Err(Reason::NoPrice), Status::Unknown));
    }

    let lots: Vec<&Lot> = made.lots.iter().collect();
    let inputs = made.inputs(&lots);
    let gross = limit("gross", None, Unit::Usd, Side::Max, 1e9);
    assert_eq!(check(&gross, Some(&inputs))[0].left_out, ["GONE"]);
    let technology = limit("sector", Some("Technology"), Unit::Usd, Side::Max, 1e9);
    assert!(check(&technology, Some(&inputs))[0].left_out.is_empty());
}

#[test]
fn a_portfolio_of_its_own_replaces_the_limit_for_all() {
    let own = Limit { portfolios: vec!["hedge".into()], ..limit("gross", None, Unit::Nav, Side::Max, 3.0) };
    let limits = [
        limit("gross", None, Unit::Nav, Side::Max, 1.0),
        limit("gross", None, Unit::Nav, Side::Min, 0.1),
        limit("net", None, Unit::Nav, Side::Max, 1.0),
        own,
    ];
    let bounds = |slug: &str| applicable(&limits, slug).iter().map(|l| l.bound).collect::<Vec<_>>();
    assert_eq!(bounds("hnw"), [1.0, 0.1, 1.0]);
    assert_eq!(bounds("hedge"), [0.1, 1.0, 3.0]);
}

proptest! {
    /// A maximum on a value is a minimum on its negative.
    #[test]
    fn maxima_mirror_minima(value in -1e9..1e9f64, bound in -1e9..1e9f64) {
        let mut made = made();
        let mut status = |value: f64, side, bound| {
            made.snapshot.theta_per_day = Some(value);
            let lots: Vec<&Lot> = made.lots.iter().collect();
            let inputs = made.inputs(&lots);
            let limit = limit("theta_per_day", None, Unit::Usd, side, bound);
            let found = check(&limit, Some(&inputs)).remove(0);
            (found.status, found.headroom, found.used_fraction)
        };
        let found = status(value, Side::Max, bound);
        prop_assert_eq!(found, status(-value, Side::Min, -bound));
        let (verdict, headroom, used) = found;
        prop_assert_eq!(verdict == Status::Breach, headroom.unwrap() < -1e-9 * bound.abs());
        if verdict == Status::Ok || verdict == Status::Warning {
            prop_assert!(used.is_none_or(|part| part <= 1.0 + 1e-9));
        }
    }
}
