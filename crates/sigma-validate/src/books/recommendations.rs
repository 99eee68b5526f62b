//! What to run next, as commands.

use super::engines::{Engine, Status};
use super::{Assessment, Stored};

/// A command and what it mends.
pub struct Recommendation {
    pub command: String,
    pub why: String,
}

/// Commands in the order of the daily run; none when nothing is missing.
pub fn recommendations(stored: &Stored, assessment: &Assessment) -> Vec<Recommendation> {
    let mut found: Vec<Recommendation> = Vec::new();
    let mut recommend =
        |command: String, why: String| match found.iter_mut().find(|known| known.command == command) {
            Some(known) => known.why = format!("{}; {why}", known.why),
            None => found.push(Recommendation { command, why }),
        };
    let is_demo_short = |code: &str| matches!(code, "portfolio_missing" | "position_count");
    if stored.books.is_empty() || assessment.findings.iter().any(|finding| is_demo_short(finding.code)) {
        recommend("sigma-seed demo".to_owned(), "the demo books are not complete".to_owned());
    }
    if !assessment.inputs.prices_fresh {
        recommend("sigma-sync prices".to_owned(), "prices are stale".to_owned());
    }
    for engine in Engine::ALL {
        let lacking = assessment
            .engines
            .iter()
            .filter(|row| row.engine == engine && matches!(row.status, Status::Missing | Status::Partial));
        let portfolios: Vec<&str> = lacking.map(|row| row.portfolio.as_str()).collect();
        if !portfolios.is_empty() {
            let command = format!("{} --as-of {}", engine.command(), stored.as_of);
            recommend(
                command,
                format!("{} missing or partial for {}", engine.as_str(), portfolios.join(", ")),
            );
        }
    }
    found
}
