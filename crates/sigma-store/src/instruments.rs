//! The security master.

use async_recursion::async_recursion as boxed;
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{AsChangeset, ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use sigma_core::model::{ExerciseStyle, Instrument, InstrumentKind, OptionKind, OptionTerms};

use crate::{
    Store,
    connection::Conn,
    error::{Result, StoreError},
    ids,
    save::describe,
    schema::instruments::dsl as t,
    value::{check_finite, code, present},
};

/// What a source knows about an instrument. An absent field never overwrites a stored one; blank text counts as absent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInstrument {
    pub symbol: String,
    /// Absent: as stored, or a stock (an option, when `option` is given) for a new symbol.
    pub kind: Option<InstrumentKind>,
    pub name: Option<String>,
    pub sector: Option<String>,
    pub industry: Option<String>,
    pub exchange: Option<String>,
    pub country: Option<String>,
    /// Absent: as stored, or `USD` for a new symbol.
    pub currency: Option<String>,
    pub market_cap: Option<f64>,
    pub dividend_yield: Option<f64>,
    pub duration: Option<f64>,
    pub convexity: Option<f64>,
    /// Absent: as stored, or 100 for new options and 1 for other new symbols.
    pub multiplier: Option<f64>,
    pub option: Option<OptionTerms>,
}

impl NewInstrument {
    /// An instrument of which only the symbol is known.
    pub fn of_symbol(symbol: impl Into<String>) -> NewInstrument {
        NewInstrument {
            symbol: symbol.into(),
            kind: None,
            name: None,
            sector: None,
            industry: None,
            exchange: None,
            country: None,
            currency: None,
            market_cap: None,
            dividend_yield: None,
            duration: None,
            convexity: None,
            multiplier: None,
            option: None,
        }
    }
}

/// What [`Store::upsert_instruments`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstrumentsSaved {
    pub inserted: u64,
    pub updated: u64,
    /// Id of every symbol given.
    pub ids: HashMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::instruments, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row {
    id: i64,
    symbol: String,
    kind: String,
    name: Option<String>,
    sector: Option<String>,
    industry: Option<String>,
    exchange: Option<String>,
    country: Option<String>,
    currency: String,
    market_cap: Option<f64>,
    dividend_yield: Option<f64>,
    duration: Option<f64>,
    convexity: Option<f64>,
    multiplier: f64,
    underlying: Option<String>,
    option_kind: Option<String>,
    strike: Option<f64>,
    expiry: Option<NaiveDate>,
    exercise_style: Option<String>,
    standard_deliverable: Option<bool>,
}

const COLUMNS: usize = 20;

impl Store {
    /// Every instrument by symbol. Options are in the sector of their underlying.
    #[boxed]
    pub async fn instruments(&mut self) -> Result<Vec<Instrument>> {
        let rows: Vec<Row> =
            self.db.read(async |c: &mut Conn<'_>| load!(c, t::instruments.select(Row::as_select()))).await?;
        let mut instruments = sorted(rows)?;
        let shares: HashMap<String, Instrument> =
            instruments.iter().filter(|i| !i.is_option()).map(|i| (i.symbol.clone(), i.clone())).collect();
        for option in instruments.iter_mut().filter(|i| i.is_option()) {
            if let Some(underlying) = shares.get(option.risk_symbol()) {
                option.lend_sector(underlying);
            }
        }
        Ok(instruments)
    }

    /// The instruments with these symbols, by symbol; symbols that are not stored are simply absent.
    #[boxed]
    pub async fn instruments_by_symbol(&mut self, symbols: &[String]) -> Result<Vec<Instrument>> {
        let symbols = symbols.to_vec();
        let rows = self.db.read(async move |c: &mut Conn<'_>| rows_of(c, &symbols).await).await?;
        sorted(rows)
    }

    /// The instruments with these ids, by symbol.
    #[boxed]
    pub async fn instruments_by_id(&mut self, ids: &[i64]) -> Result<Vec<Instrument>> {
        let ids = ids.to_vec();
        let rows: Vec<Row> = self
            .db
            .read(async move |c: &mut Conn<'_>| {
                let mut rows = Vec::new();
                for chunk in ids.chunks(10_000) {
                    let query = load!(c, t::instruments.filter(t::id.eq_any(chunk)).select(Row::as_select()));
                    rows.extend(query?);
                }
                Ok(rows)
            })
            .await?;
        sorted(rows)
    }

    /// Adds instruments and fills in what is known of stored ones. Absent fields keep what is stored.
    #[boxed]
    pub async fn upsert_instruments(&mut self, new: Vec<NewInstrument>) -> Result<InstrumentsSaved> {
        self.db.write(async move |c: &mut Conn<'_>| upsert(c, new).await).await
    }
}

fn sorted(rows: Vec<Row>) -> Result<Vec<Instrument>> {
    let mut instruments = rows.into_iter().map(Row::into_instrument).collect::<Result<Vec<_>>>()?;
    instruments.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    Ok(instruments)
}

async fn rows_of(c: &mut Conn<'_>, symbols: &[String]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for chunk in symbols.chunks(10_000) {
        let query = load!(c, t::instruments.filter(t::symbol.eq_any(chunk)).select(Row::as_select()));
        rows.extend(query?);
    }
    Ok(rows)
}

pub(crate) async fn upsert(c: &mut Conn<'_>, new: Vec<NewInstrument>) -> Result<InstrumentsSaved> {
    let symbols: Vec<String> = new.iter().map(|instrument| instrument.symbol.clone()).collect();
    let stored = rows_of(c, &symbols).await?;
    let mut merged: HashMap<String, Row> =
        stored.iter().map(|row| (row.symbol.clone(), row.clone())).collect();
    let mut order = Vec::new();
    for instrument in new {
        let row = merged.entry(instrument.symbol.clone()).or_insert_with(|| {
            order.push(instrument.symbol.clone());
            Row::blank(&instrument)
        });
        row.take(instrument);
        row.check()?;
    }

    let first = ids::allocate(c, "instruments", order.len()).await?;
    let mut inserts = Vec::with_capacity(order.len());
    for (symbol, id) in order.iter().zip(first..) {
        if let Some(row) = merged.get_mut(symbol) {
            row.id = id;
            inserts.push(row.clone());
        }
    }
    insert_rows!(c, t::instruments, COLUMNS, inserts);
    let mut updated = 0;
    for old in &stored {
        if let Some(row) = merged.get(&old.symbol).filter(|row| *row != old) {
            execute!(c, diesel::update(t::instruments.filter(t::id.eq(old.id))).set(row))?;
            updated += 1;
        }
    }
    let ids = merged.into_iter().map(|(symbol, row)| (symbol, row.id)).collect();
    Ok(InstrumentsSaved { inserted: inserts.len() as u64, updated, ids })
}

/// Puts what is known over what is stored.
fn fill<T>(stored: &mut Option<T>, known: Option<T>) {
    if known.is_some() {
        *stored = known;
    }
}

/// Text that says something: providers send empty text for what they do not know.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

impl Row {
    /// A new symbol with nothing known beyond defaults.
    fn blank(new: &NewInstrument) -> Row {
        let is_option = new.option.is_some() || new.kind == Some(InstrumentKind::Option);
        let kind = if is_option { InstrumentKind::Option } else { InstrumentKind::Stock };
        Row {
            id: 0,
            symbol: new.symbol.clone(),
            kind: kind.as_str().to_owned(),
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
            multiplier: if is_option { 100.0 } else { 1.0 },
            underlying: None,
            option_kind: None,
            strike: None,
            expiry: None,
            exercise_style: None,
            standard_deliverable: None,
        }
    }

    fn take(&mut self, new: NewInstrument) {
        if let Some(kind) = new.kind {
            self.kind = kind.as_str().to_owned();
        }
        if let Some(currency) = said(new.currency) {
            self.currency = currency;
        }
        if let Some(multiplier) = new.multiplier {
            self.multiplier = multiplier;
        }
        fill(&mut self.name, said(new.name));
        fill(&mut self.sector, said(new.sector));
        fill(&mut self.industry, said(new.industry));
        fill(&mut self.exchange, said(new.exchange));
        fill(&mut self.country, said(new.country));
        fill(&mut self.market_cap, new.market_cap);
        fill(&mut self.dividend_yield, new.dividend_yield);
        fill(&mut self.duration, new.duration);
        fill(&mut self.convexity, new.convexity);
        if let Some(terms) = new.option {
            self.underlying = Some(terms.underlying);
            self.option_kind = Some(terms.kind.as_str().to_owned());
            self.strike = Some(terms.strike);
            self.expiry = Some(terms.expiry);
            self.exercise_style = Some(terms.style.as_str().to_owned());
            self.standard_deliverable = Some(terms.standard_deliverable);
        }
    }

    fn describe(&self) -> String {
        describe("instruments", &self.symbol)
    }

    fn check(&self) -> Result<()> {
        check_finite(
            || self.describe(),
            &[
                ("market_cap", self.market_cap),
                ("dividend_yield", self.dividend_yield),
                ("duration", self.duration),
                ("convexity", self.convexity),
                ("multiplier", Some(self.multiplier)),
                ("strike", self.strike),
            ],
        )?;
        let is_option = self.kind == InstrumentKind::Option.as_str();
        match (is_option, self.underlying.is_some()) {
            (true, false) => Err(StoreError::invalid(self.describe(), "an option without terms")),
            (false, true) => {
                Err(StoreError::invalid(self.describe(), format!("option terms on a {}", self.kind)))
            }
            _ => Ok(()),
        }
    }

    fn into_instrument(self) -> Result<Instrument> {
        let kind = code(|| self.describe(), &self.kind, InstrumentKind::parse(&self.kind))?;
        let option = match kind {
            InstrumentKind::Option => Some(self.terms()?),
            _ => None,
        };
        Ok(Instrument {
            id: self.id,
            symbol: self.symbol,
            kind,
            name: self.name,
            sector: self.sector,
            industry: self.industry,
            exchange: self.exchange,
            country: self.country,
            currency: self.currency,
            market_cap: self.market_cap,
            dividend_yield: self.dividend_yield,
            duration: self.duration,
            convexity: self.convexity,
            multiplier: self.multiplier,
            option,
        })
    }

    fn terms(&self) -> Result<OptionTerms> {
        let row = || self.describe();
        let kind = present(row, "option_kind", self.option_kind.as_deref())?;
        let style = present(row, "exercise_style", self.exercise_style.as_deref())?;
        Ok(OptionTerms {
            underlying: present(row, "underlying", self.underlying.clone())?,
            kind: code(row, kind, OptionKind::parse(kind))?,
            strike: present(row, "strike", self.strike)?,
            expiry: present(row, "expiry", self.expiry)?,
            style: code(row, style, ExerciseStyle::parse(style))?,
            standard_deliverable: present(row, "standard_deliverable", self.standard_deliverable)?,
        })
    }
}
