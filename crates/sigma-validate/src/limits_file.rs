//! Files of limits: TOML, every mistake told at once with its line. The form is described in `docs/limits.md`.

use sigma_cli::spelling::remedy;
use sigma_core::analytics::limits::{Limit, MEASURES, Measure, Quantity, Side, SubjectKind, Unit};
use sigma_core::model::{option_root, parse_occ};
use sigma_core::notation;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Part of a bound from which a value is a warning, where the file does not say.
const WARN_AT: f64 = 0.9;

const TOP_KEYS: [&str; 2] = ["warn_at", "limit"];
const KEYS: [&str; 8] = ["name", "measure", "portfolio", "subject", "unit", "max", "min", "warn_at"];

/// One mistake of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Counted from one.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Names that subjects and portfolios are held against.
#[derive(Debug, Clone, Default)]
pub struct KnownNames {
    pub portfolios: Vec<String>,
    pub symbols: Vec<String>,
    pub sectors: Vec<String>,
    pub tags: Vec<String>,
    pub asset_types: Vec<String>,
    pub factors: Vec<String>,
    pub scenarios: Vec<String>,
    /// Those with results; none when none are stored, and then any is taken.
    pub market_moves: Vec<String>,
}

impl KnownNames {
    fn of(&self, kind: SubjectKind) -> Vec<&str> {
        let names = match kind {
            SubjectKind::Symbol => &self.symbols,
            SubjectKind::Sector => &self.sectors,
            SubjectKind::Tag => &self.tags,
            SubjectKind::AssetType => &self.asset_types,
            SubjectKind::Factor => &self.factors,
            SubjectKind::Scenario => &self.scenarios,
            SubjectKind::MarketMove => &self.market_moves,
        };
        names.iter().map(String::as_str).collect()
    }
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LimitsFile {
    pub limits: Vec<Limit>,
    /// Symbols that nothing is stored of: a limit on them holds, and may be a typing error.
    pub unknown_symbols: Vec<Problem>,
}

/// Reads the text of a file.
pub fn parse(text: &str, known: &KnownNames) -> Result<LimitsFile, Vec<Problem>> {
    let mut reader = Reader { text, known, problems: Vec::new(), file: LimitsFile::default() };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.problem(at, error.message().replace('\n', ", "));
    }
    // One broken line often breaks more than one rule of the syntax; the first says enough.
    reader.problems.dedup_by_key(|problem| problem.line);
    if errors.is_empty() {
        reader.table(table.get_ref());
    }
    reader.problems.sort();
    match reader.problems.is_empty() {
        true => Ok(reader.file),
        false => Err(reader.problems),
    }
}

struct Reader<'a> {
    text: &'a str,
    known: &'a KnownNames,
    problems: Vec<Problem>,
    file: LimitsFile,
}

impl Reader<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn problem(&mut self, at: usize, message: impl Into<String>) {
        let problem = Problem { line: self.line(at), message: message.into() };
        self.problems.push(problem);
    }

    fn table(&mut self, table: &DeTable<'_>) {
        self.keys(table, &TOP_KEYS);
        let warn_at = self.warn_at(table, WARN_AT);
        match table.get("limit").map(|found| (found.span().start, found.get_ref())) {
            Some((_, DeValue::Array(entries))) if !entries.is_empty() => {
                for entry in entries.iter() {
                    match entry.get_ref().as_table() {
                        Some(table) => self.entry(entry.span().start, table, warn_at),
                        None => self.problem(entry.span().start, "a limit is written as [[limit]]"),
                    }
                }
            }
            Some((at, _)) => self.problem(at, "limits are written as [[limit]]"),
            None => self.problem(0, "the file holds no [[limit]]"),
        }
    }

    fn keys(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                self.problem(key.span().start, format!("unknown key \"{name}\"; {}", remedy(name, known)));
            }
        }
    }

    fn entry(&mut self, at: usize, table: &DeTable<'_>, warn_at: f64) {
        self.keys(table, &KEYS);
        let warn_at = self.warn_at(table, warn_at);
        let portfolios = self.portfolios(table);
        let sides = [(Side::Max, self.number(table, "max")), (Side::Min, self.number(table, "min"))];
        if table.get("max").is_none() && table.get("min").is_none() {
            self.problem(at, "a limit has a max, a min or both");
        }
        if let [(_, Some(max)), (_, Some(min))] = sides
            && min > max
        {
            self.problem(at, format!("min {min} lies above max {max}"));
        }
        let Some(measure) = self.measure(at, table) else { return };
        let unit = self.unit(table, measure);
        let subjects = self.subjects(table, measure);
        let name = self.texts(table, "name").into_iter().next().map(|(_, name)| name);
        for subject in subjects {
            for (side, bound) in sides {
                let Some(bound) = bound else { continue };
                let limit = Limit {
                    name: name.clone().unwrap_or_else(|| measure.name.to_owned()),
                    measure,
                    subject: subject.clone(),
                    unit,
                    side,
                    bound,
                    warn_at,
                    portfolios: portfolios.clone(),
                };
                self.add(at, limit);
            }
        }
    }

    /// Two limits on one thing cannot both hold.
    fn add(&mut self, at: usize, limit: Limit) {
        let same = |other: &Limit| {
            (other.measure, &other.subject, other.side) == (limit.measure, &limit.subject, limit.side)
                && (other.portfolios.is_empty() == limit.portfolios.is_empty())
                && (limit.portfolios.is_empty()
                    || other.portfolios.iter().any(|p| limit.portfolios.contains(p)))
        };
        if self.file.limits.iter().any(same) {
            let subject = limit.subject.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
            let message =
                format!("a second {} for {}{subject}; keep one of the two", limit.side, limit.measure.name);
            return self.problem(at, message);
        }
        self.file.limits.push(limit);
    }

    fn measure(&mut self, at: usize, table: &DeTable<'_>) -> Option<&'static Measure> {
        let Some((at, name)) = self.texts(table, "measure").into_iter().next() else {
            if table.get("measure").is_none() {
                self.problem(at, "a limit has a measure");
            }
            return None;
        };
        let found = Measure::find(&name);
        if found.is_none() {
            let names: Vec<&str> = MEASURES.iter().map(|measure| measure.name).collect();
            let meant = sigma_cli::spelling::closest(&name, names.iter().copied());
            let meant = meant.map(|name| format!("did you mean \"{name}\"? ")).unwrap_or_default();
            self.problem(at, format!("unknown measure \"{name}\"; {meant}known: {}", names.join(", ")));
        }
        found
    }

    fn unit(&mut self, table: &DeTable<'_>, measure: &Measure) -> Unit {
        let (default, allowed): (Unit, &[Unit]) = match measure.quantity {
            Quantity::Dollars => (Unit::Usd, &[Unit::Usd, Unit::Nav]),
            Quantity::Number => (Unit::Number, &[Unit::Number]),
        };
        let Some((at, text)) = self.texts(table, "unit").into_iter().next() else { return default };
        let found = allowed.iter().find(|unit| unit.as_str() == text);
        if found.is_none() {
            let names: Vec<&str> = allowed.iter().map(|unit| unit.as_str()).collect();
            self.problem(at, format!("unit \"{text}\" for {}; {}", measure.name, remedy(&text, &names)));
        }
        found.copied().unwrap_or(default)
    }

    fn subjects(&mut self, table: &DeTable<'_>, measure: &Measure) -> Vec<Option<String>> {
        let texts = self.texts(table, "subject");
        if texts.is_empty() {
            return vec![None];
        }
        let Some(kind) = measure.subject_kind() else {
            self.problem(
                texts[0].0,
                format!("{} is of the whole portfolio: it has no subject", measure.name),
            );
            return Vec::new();
        };
        let names = self.known.of(kind);
        let mut subjects = Vec::with_capacity(texts.len());
        for (at, text) in texts {
            let text = match self.subject(kind, &names, text) {
                Ok(text) => text,
                Err(message) => {
                    self.problem(at, message);
                    continue;
                }
            };
            let is_known = names.contains(&text.as_str());
            let message = format!("no {} \"{text}\" is stored; {}", kind.noun(), remedy(&text, &names));
            match kind {
                _ if is_known => {}
                SubjectKind::Symbol => {
                    let line = self.line(at);
                    self.file.unknown_symbols.push(Problem { line, message });
                }
                SubjectKind::MarketMove if names.is_empty() => {}
                _ => self.problem(at, message),
            }
            subjects.push(Some(text));
        }
        subjects
    }

    /// A subject under its stored name. Symbols are read as everywhere; options count in the symbol that they are on.
    fn subject(&self, kind: SubjectKind, names: &[&str], text: String) -> Result<String, String> {
        if kind != SubjectKind::Symbol || names.contains(&text.as_str()) {
            return Ok(text);
        }
        let symbol =
            notation::symbol(&text).map_err(|error| format!("subject: {error}; {}", error.remedy()))?;
        let Some(occ) = parse_occ(&symbol) else { return Ok(symbol) };
        let underlying = option_root(&occ.root).underlying;
        Err(format!("subject \"{text}\" is an option, which counts in what it is on; write {underlying}"))
    }

    fn portfolios(&mut self, table: &DeTable<'_>) -> Vec<String> {
        let known: Vec<&str> = self.known.portfolios.iter().map(String::as_str).collect();
        let texts = self.texts(table, "portfolio");
        for (at, slug) in &texts {
            if !known.contains(&slug.as_str()) {
                self.problem(*at, format!("no portfolio \"{slug}\" is stored; {}", remedy(slug, &known)));
            }
        }
        texts.into_iter().map(|(_, slug)| slug).collect()
    }

    fn warn_at(&mut self, table: &DeTable<'_>, default: f64) -> f64 {
        let Some(part) = self.number(table, "warn_at") else { return default };
        if !(0.0..=1.0).contains(&part) {
            let at = table.get("warn_at").map_or(0, |value| value.span().start);
            self.problem(at, format!("warn_at is a part of the bound, 0 to 1, not {part}"));
        }
        part
    }

    /// A finite number; absent, or a problem.
    fn number(&mut self, table: &DeTable<'_>, key: &str) -> Option<f64> {
        let value = table.get(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse::<f64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.problem(value.span().start, format!("{key} is a number, such as 250000 or 0.25"));
        }
        number
    }

    /// A text or a list of them, with places; anything else is a problem.
    fn texts(&mut self, table: &DeTable<'_>, key: &str) -> Vec<(usize, String)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let is_list = key == "portfolio" || key == "subject";
        let values: Vec<&Spanned<DeValue<'_>>> = match value.get_ref().as_array() {
            Some(array) if is_list && !array.is_empty() => array.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            let at = value.span().start;
            match value.get_ref().as_str().map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => texts.push((at, text.to_owned())),
                None if is_list => self.problem(at, format!("{key} is a text or a list of texts")),
                None => self.problem(at, format!("{key} is a text")),
            }
        }
        texts
    }
}

#[cfg(test)]
mod tests;
