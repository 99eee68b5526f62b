//! What the columns of a file mean: headers by exact name, in any order.

use serde::Deserialize;

use crate::rows::{Row, bare};

/// Defines the roles with their names in mapping files.
macro_rules! roles {
    ($($(#[$meta:meta])* $role:ident),+ $(,)?) => {
        /// What a column means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Role { $($(#[$meta])* $role),+ }

        impl Role {
            pub(crate) const ALL: &'static [Role] = &[$(Role::$role),+];
        }
    };
}

roles! {
    Account, AccountName, Symbol, Description, Quantity,
    /// Of today, per unit.
    Price,
    MarketValue,
    /// Of the whole position.
    CostBasis,
    /// Per unit.
    EntryPrice,
    /// Per unit, used where no cost basis is given.
    AverageCost,
    EntryDate, ExitPrice, ExitDate, Tags, Class, Subtype, Underlying, Strike, Expiry,
    /// Call or put.
    Right,
    Multiplier, Currency,
    /// Day the holdings are of.
    AsOf,
    /// Kind of asset in the broker's words.
    AssetType,
    /// Summary or lot.
    Level,
    /// Number of a lot in an export of our own, whose rows are exact.
    Lot,
    /// Last day whose splits a lot of an export of our own counts.
    AdjustedThrough,
    Cusip, Date, Action, Amount, Fees, Taxes, Source,
    /// Says only which format it is.
    Marker,
}

const ROLE_COUNT: usize = Role::ALL.len();

/// One column of a format.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub role: Role,
    /// Whether the header is a header only with this column.
    pub required: bool,
    /// Accepted headers, normalised.
    pub names: &'static [&'static str],
}

/// A column that makes the signature.
pub const fn required(role: Role, names: &'static [&'static str]) -> Column {
    Column { role, required: true, names }
}

/// A column that is used when it is there.
pub const fn optional(role: Role, names: &'static [&'static str]) -> Column {
    Column { role, required: false, names }
}

/// Columns that stand together in one header.
pub type Layout = &'static [Column];

/// A header of one file: where each role stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    at: [Option<u16>; ROLE_COUNT],
    names: Vec<String>,
}

impl Columns {
    /// The header in `row`, when it holds every required column of the layout.
    pub fn of(row: &Row, layout: Layout) -> Option<Columns> {
        let header = Header::of(row);
        header.missing(layout).is_empty().then(|| header.columns(layout))
    }

    /// The same, with one look at the first required column before anything is normalised.
    pub fn again(row: &Row, layout: Layout) -> Option<Columns> {
        let first = layout.iter().find(|column| column.required)?;
        let hit = |cell: &str| {
            let same = |name: &&str| cell.len() >= name.len() && bare(cell).eq_ignore_ascii_case(name);
            first.names.iter().any(same)
        };
        row.cells.iter().any(hit).then(|| Columns::of(row, layout)).flatten()
    }

    /// A header whose names come from elsewhere: `(role, header)`.
    pub fn named<'a>(
        row: &Row,
        wanted: impl Iterator<Item = (Role, &'a str)>,
    ) -> Result<Columns, Vec<String>> {
        let header = Header::of(row);
        let mut at = [None; ROLE_COUNT];
        let mut missing = Vec::new();
        for (role, name) in wanted {
            match header.position(&[&normalised(name)]) {
                Some(found) => at[role as usize] = Some(found),
                None => missing.push(name.to_owned()),
            }
        }
        if missing.is_empty() { Ok(Columns { at, names: header.spelled }) } else { Err(missing) }
    }

    /// Where the role stands.
    pub fn index(&self, role: Role) -> Option<usize> {
        self.at[role as usize].map(usize::from)
    }

    /// The header as the file spells it.
    pub fn name(&self, role: Role) -> &str {
        self.index(role).and_then(|at| self.names.get(at)).map_or("", String::as_str)
    }
}

/// The cells of a row, normalised for comparison.
pub struct Header {
    normalised: Vec<String>,
    spelled: Vec<String>,
}

impl Header {
    pub fn of(row: &Row) -> Header {
        let spelled: Vec<String> = row.cells.iter().map(|cell| bare(cell).to_owned()).collect();
        Header { normalised: spelled.iter().map(|cell| normalised(cell)).collect(), spelled }
    }

    /// The first name of every required column that is not there.
    pub fn missing(&self, layout: Layout) -> Vec<&'static str> {
        let absent = |column: &&Column| column.required && self.position(column.names).is_none();
        layout.iter().filter(absent).filter_map(|column| column.names.first().copied()).collect()
    }

    fn columns(self, layout: Layout) -> Columns {
        let mut at = [None; ROLE_COUNT];
        for column in layout {
            if at[column.role as usize].is_none() {
                at[column.role as usize] = self.position(column.names);
            }
        }
        Columns { at, names: self.spelled }
    }

    fn position(&self, names: &[&str]) -> Option<u16> {
        let at = names.iter().find_map(|name| self.normalised.iter().position(|cell| cell == name))?;
        u16::try_from(at).ok()
    }
}

/// Lower case, single blanks, without byte order mark and trailing stars.
pub fn normalised(cell: &str) -> String {
    let words: Vec<&str> = cell.trim_start_matches('\u{feff}').split_whitespace().collect();
    words.join(" ").trim_end_matches('*').trim_end().to_lowercase()
}
