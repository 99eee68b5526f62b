//! Sections of a report: pure builders from [`Inputs`], one file each.

pub mod absent;
mod availability;
mod concentration;
mod correlations;
mod data_quality;
mod exclusions;
pub mod exposures;
mod factors;
mod greeks;
mod market_risk;
mod methods;
pub mod performance;
pub mod position_groups;
pub mod positions;
mod stress;
mod summary;

use crate::availability::{Availability, availabilities};
use crate::inputs::Inputs;
use crate::report::{Header, Report, Section};

/// Builds one section; the availability of the engines is known by then.
type Builder = fn(&Inputs, &[Availability]) -> Section;

/// The sections in the order of the report.
pub const SECTIONS: &[Builder] = &[
    summary::section,
    data_quality::section,
    exposures::section,
    concentration::section,
    greeks::section,
    factors::section,
    market_risk::section,
    stress::section,
    correlations::section,
    performance::section,
    positions::section,
    availability::section,
    exclusions::section,
    methods::section,
];

/// The whole report of a portfolio.
pub fn build(inputs: &Inputs, generated_at: &str) -> Report {
    let availability = availabilities(inputs);
    let portfolio = &inputs.book.portfolio;
    Report {
        header: Header {
            slug: portfolio.slug.clone(),
            name: portfolio.name.clone(),
            owner: inputs.owner().to_owned(),
            currency: portfolio.currency.clone(),
            opened_on: portfolio.opened_on,
            as_of: inputs.as_of,
            generated_at: generated_at.to_owned(),
            data_quality: data_quality::sentence(inputs),
        },
        sections: SECTIONS.iter().map(|build| build(inputs, &availability)).collect(),
        positions: positions::full_table(inputs),
        availability,
    }
}

/// Says in a section what its engine has not delivered.
fn with_availability(section: Section, all: &[Availability], engine: &str) -> Section {
    match crate::availability::of(all, engine) {
        Some(availability) => section.needs(availability),
        None => section,
    }
}
