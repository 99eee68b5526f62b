//! `factors.toml` and `scenarios.toml`, files that users edit.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sigma_core::analytics::shocks::FactorShocks;
use sigma_core::model::{FactorDefinition, FactorKind, MARKET, Scenario};

use super::FileError;

/// The factors and scenarios that a database starts with: those of `demo-data`, built in, so that a book of one's own
/// needs no folder.
pub fn standard() -> Result<(Vec<FactorDefinition>, Vec<Scenario>), FileError> {
    let factors =
        parse_factors(Path::new("factors.toml"), include_str!("../../../../demo-data/factors.toml"))?;
    let scenarios = parse_scenarios(
        Path::new("scenarios.toml"),
        include_str!("../../../../demo-data/scenarios.toml"),
        &factors,
    )?;
    Ok((factors, scenarios))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactorFile {
    factor: Vec<FactorDefinition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    scenario: Vec<Scenario>,
}

/// Factors in display order: exactly one of the market, which is named `Market`; names and proxies are unique.
pub fn parse_factors(path: &Path, text: &str) -> Result<Vec<FactorDefinition>, FileError> {
    let form = "each [[factor]] has name, kind (market, style or rates), proxy and description";
    let factors = parse::<FactorFile>(path, text, form)?.factor;
    let (mut names, mut proxies) = (HashSet::new(), HashSet::new());
    for (factor, number) in factors.iter().zip(1..) {
        let place = Some(format!("factor {number} \"{}\"", factor.name));
        let refuse = |problem: &str, remedy: &str| Err(FileError::new(path, place.clone(), problem, remedy));
        if factor.name.trim().is_empty() || factor.proxy.trim().is_empty() {
            return refuse("the name or the proxy is blank", form);
        }
        if !names.insert(&factor.name) {
            return refuse("there is a factor of this name already", "rename one of the two");
        }
        if !proxies.insert(&factor.proxy) {
            let problem = format!("the proxy {} is that of another factor", factor.proxy);
            return refuse(&problem, "two factors with one proxy cannot be told apart: remove one");
        }
        if (factor.kind == FactorKind::Market) != (factor.name == MARKET) {
            return refuse(
                "the factor named \"Market\", and no other, has kind = \"market\"",
                "correct the name or the kind",
            );
        }
    }
    match names.contains(&MARKET.to_owned()) {
        true => Ok(factors),
        false => {
            Err(FileError::new(path, None, "no factor has kind = \"market\"", "add the factor \"Market\""))
        }
    }
}

/// Scenarios in order: unique ids, shocks in range, factors that are defined.
pub fn parse_scenarios(
    path: &Path,
    text: &str,
    factors: &[FactorDefinition],
) -> Result<Vec<Scenario>, FileError> {
    let form = "each [[scenario]] has id, name, category, severity, active and shocks; the head of the demo file \
                tells their kinds";
    let scenarios = parse::<ScenarioFile>(path, text, form)?.scenario;
    let names: Vec<String> = factors.iter().map(|factor| factor.name.clone()).collect();
    let mut ids = HashSet::new();
    for (scenario, number) in scenarios.iter().zip(1..) {
        let refuse = |problem: String, remedy: &str| {
            Err(FileError::new(path, Some(format!("scenario {number} \"{}\"", scenario.id)), problem, remedy))
        };
        if scenario.id.trim().is_empty() || scenario.shocks.is_empty() {
            return refuse("the id is blank or there are no shocks".to_owned(), form);
        }
        if !ids.insert(&scenario.id) {
            return refuse("there is a scenario with this id already".to_owned(), "rename one of the two");
        }
        if let Err(error) = FactorShocks::from_scenario(scenario, &names) {
            return refuse(
                error.to_string(),
                "sizes are fractions: 0.10 is 10 %; factors are those of factors.toml",
            );
        }
    }
    Ok(scenarios)
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str, form: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        FileError::new(path, line.map(|line| format!("line {line}")), error.message(), form)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKET_FACTOR: &str =
        "[[factor]]\nname = \"Market\"\nkind = \"market\"\nproxy = \"SPY\"\ndescription = \"all\"\n";

    fn factors(text: &str) -> Result<Vec<FactorDefinition>, String> {
        parse_factors(Path::new("factors.toml"), text).map_err(|error| error.to_string())
    }

    fn scenarios(text: &str) -> Result<Vec<Scenario>, String> {
        let factors = factors(MARKET_FACTOR).unwrap();
        parse_scenarios(Path::new("scenarios.toml"), text, &factors).map_err(|error| error.to_string())
    }

    fn scenario(shocks: &str) -> String {
        let keys = "id = \"a\"\nname = \"A\"\ncategory = \"c\"\nseverity = \"s\"\nactive = true\n";
        format!("[[scenario]]\n{keys}shocks = [{shocks}]\n")
    }

    #[test]
    fn the_built_in_definitions_are_sound() {
        let (factors, scenarios) = standard().unwrap();
        assert_eq!((factors.len(), scenarios.len()), (8, 23));
    }

    #[test]
    fn factor_files_name_the_offender() {
        assert_eq!(factors(MARKET_FACTOR).unwrap().len(), 1);
        for (text, told) in [
            (MARKET_FACTOR.replace("SPY\"", "SPY"), "factors.toml, line 4: "),
            (
                MARKET_FACTOR.replace("kind = \"market\"", "kind = \"style\""),
                "factor 1 \"Market\": the factor named",
            ),
            (MARKET_FACTOR.replace("[[factor]]", "[[factors]]"), "unknown field `factors`"),
            (MARKET_FACTOR.repeat(2), "factor 2 \"Market\": there is a factor of this name already"),
            ("factor = []".to_owned(), "no factor has kind"),
        ] {
            let error = factors(&text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn scenario_files_name_the_offender() {
        let sound = scenario("{ kind = \"factor\", factor = \"Market\", size = -0.1, basis = \"return\" }");
        assert_eq!(scenarios(&sound).unwrap().len(), 1);
        for (text, told) in [
            (sound.replace("-0.1", "-10"), "scenario 1 \"a\": "),
            (
                sound.replace("\"Market\"", "\"Oil\""),
                "names the factor Oil, which is not defined (known: Market)",
            ),
            (sound.repeat(2), "scenario 2 \"a\": there is a scenario with this id already"),
            (scenario(""), "there are no shocks"),
            (scenario("{ kind = \"oil\", size = 0.1 }"), "scenarios.toml, line 7: unknown variant `oil`"),
        ] {
            let error = scenarios(&text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
