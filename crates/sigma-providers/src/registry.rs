//! The list of providers: what each one offers, and its terms.

/// A source of market data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderId {
    Polygon,
    Fmp,
    Tiingo,
    Fred,
    Yahoo,
    File,
}

/// A kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Data {
    /// Daily bars.
    Prices,
    /// Splits and dividends, apart from bars.
    Actions,
    Options,
    Rates,
    Profiles,
}

/// Everything there is to know about a provider before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderEntry {
    pub id: ProviderId,
    /// On the command line, in settings and with every stored row.
    pub name: &'static str,
    /// As printed.
    pub label: &'static str,
    /// One line for help texts.
    pub about: &'static str,
    pub needs_key: bool,
    pub address: &'static str,
    /// What its free plan allows; the setting `NAME_limit` states another.
    pub limit: &'static str,
    pub offers: &'static [Data],
}

/// Every provider, in the order in which `auto` asks them for one kind of data.
pub const PROVIDERS: &[ProviderEntry] = &[
    ProviderEntry {
        id: ProviderId::Polygon,
        name: "polygon",
        label: "Polygon",
        about: "Polygon.io (Massive): stocks, ETFs, indices, options, splits, dividends; no funds",
        needs_key: true,
        address: "https://api.polygon.io",
        limit: "5/min",
        offers: &[Data::Prices, Data::Actions, Data::Options, Data::Profiles],
    },
    ProviderEntry {
        id: ProviderId::Fmp,
        name: "fmp",
        label: "FMP",
        about: "Financial Modeling Prep: stocks, ETFs, funds, indices, profiles, Treasury yields",
        needs_key: true,
        address: "https://financialmodelingprep.com",
        limit: "300/min,250/day",
        offers: &[Data::Prices, Data::Actions, Data::Profiles, Data::Rates],
    },
    ProviderEntry {
        id: ProviderId::Tiingo,
        name: "tiingo",
        label: "Tiingo",
        about: "Tiingo: stocks, ETFs and fund values, with splits and dividends",
        needs_key: true,
        address: "https://api.tiingo.com",
        limit: "50/h,1000/day",
        offers: &[Data::Prices],
    },
    ProviderEntry {
        id: ProviderId::Fred,
        name: "fred",
        label: "FRED",
        about: "Federal Reserve Bank of St. Louis: Treasury yields, without a key as well",
        needs_key: false,
        address: "https://api.stlouisfed.org",
        limit: "2/s",
        offers: &[Data::Rates],
    },
    ProviderEntry {
        id: ProviderId::Yahoo,
        name: "yahoo",
        label: "Yahoo",
        about: "Yahoo charts: unofficial, may stop at any time; only when switched on",
        needs_key: false,
        address: "https://query2.finance.yahoo.com",
        limit: "1/2s",
        offers: &[Data::Prices],
    },
    ProviderEntry {
        id: ProviderId::File,
        name: "file",
        label: "file",
        about: "folder of CSV files: prices, options, rates, securities, splits, dividends",
        needs_key: false,
        address: "",
        limit: "unlimited",
        offers: &[Data::Prices, Data::Actions, Data::Options, Data::Rates, Data::Profiles],
    },
];

impl ProviderId {
    pub fn entry(self) -> &'static ProviderEntry {
        // Every variant is in the list: the test below holds it.
        PROVIDERS.iter().find(|entry| entry.id == self).unwrap_or(&PROVIDERS[0])
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    pub fn parse(name: &str) -> Option<ProviderId> {
        PROVIDERS.iter().find(|entry| entry.name == name).map(|entry| entry.id)
    }

    pub fn offers(self, data: Data) -> bool {
        self.entry().offers.contains(&data)
    }
}

/// The order in which one kind of data is asked for. Profiles begin with the provider that knows sectors, yields with
/// their publisher.
pub fn order(data: Data) -> Vec<ProviderId> {
    let first = match data {
        Data::Profiles => Some(ProviderId::Fmp),
        Data::Rates => Some(ProviderId::Fred),
        Data::Prices | Data::Actions | Data::Options => None,
    };
    let rest = PROVIDERS.iter().map(|entry| entry.id).filter(|id| Some(*id) != first);
    first.into_iter().chain(rest).filter(|id| id.offers(data)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_its_limits_can_be_read() {
        use ProviderId::*;
        for id in [Polygon, Fmp, Tiingo, Fred, Yahoo, File] {
            assert_eq!(ProviderId::parse(id.name()), Some(id));
            assert!(crate::http::Limit::parse(id.entry().limit).is_ok());
        }
        assert_eq!(order(Data::Prices), [Polygon, Fmp, Tiingo, Yahoo, File]);
        assert_eq!(order(Data::Profiles), [Fmp, Polygon, File]);
        assert_eq!(order(Data::Rates), [Fred, Fmp, File]);
        assert_eq!(order(Data::Options), [Polygon, File]);
    }
}
