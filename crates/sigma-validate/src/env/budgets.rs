//! Requests that are left of what a plan allows, as the account of this machine has it.

use std::sync::Arc;
use std::time::Duration;

use sigma_cli::{App, Key};
use sigma_providers::ProviderEntry;
use sigma_providers::http::{Budget, Limit, Window};

use super::settings::key_of;
use super::{Health, Line};

/// A shorter window is full for a moment only.
const SHORTEST_TOLD: Duration = Duration::from_secs(60);

/// One line for a provider; none where no window of a minute or more is counted.
pub fn line(app: &App, entry: &ProviderEntry) -> Option<Line> {
    let setting = Key::parse(&format!("{}_limit", entry.name)).and_then(|key| app.settings.text(key));
    // A limit that cannot be read is told where the provider is opened.
    let limit = Limit::parse(setting.unwrap_or(entry.limit)).ok()?;
    let file = app.state_dir().join(format!("{}.json", entry.name));
    let check = format!("budget {}", entry.name);
    let key = key_of(entry).and_then(|key| app.settings.secret(key));
    let budget = Budget::new(limit, Some(file.clone()), Arc::new(sigma_cli::system_now)).of_key(key);
    Some(match budget.left().and_then(|left| Ok((left, budget.silent_until()?))) {
        Ok((_, Some((until, kind)))) => {
            let detail = format!("blocked until {} after {kind}", until.format("%Y-%m-%d %H:%M:%S UTC"));
            let fix = format!("wait; remove {} to try sooner", file.display());
            Line::new(check, Health::Warn, detail).fix(fix)
        }
        Ok((left, None)) => counted(check, entry, &left)?,
        Err(error) => {
            let detail = format!("{}: {error}", app.state_dir().display());
            Line::new(check, Health::Fail, detail).fix("set SIGMA_STATE_DIR to another folder")
        }
    })
}

fn counted(check: String, entry: &ProviderEntry, left: &[(Window, usize)]) -> Option<Line> {
    let left: Vec<_> = left.iter().filter(|(window, _)| window.length >= SHORTEST_TOLD).collect();
    if left.is_empty() {
        return None;
    }
    let told: Vec<String> = left.iter().map(|(window, left)| in_window(window, *left)).collect();
    let is_empty = left.iter().any(|(_, left)| *left == 0);
    let line = Line::new(
        check,
        if is_empty { Health::Warn } else { Health::Ok },
        format!("left: {}", told.join(", ")),
    );
    let variable = format!("SIGMA_{}_LIMIT", entry.name.to_uppercase());
    Some(if is_empty { line.fix(format!("wait; if your plan allows more, set {variable}")) } else { line })
}

/// `3 of 5 per minute`.
fn in_window(window: &Window, left: usize) -> String {
    format!("{left} of {} per {}", window.requests, length(window.length))
}

fn length(length: Duration) -> String {
    for (unit, seconds) in [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
        let count = length.as_secs() / seconds;
        if count > 0 && length == Duration::from_secs(count * seconds) {
            return if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") };
        }
    }
    format!("{} ms", length.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_told_in_their_largest_unit() {
        let of = |text: &str| {
            let limit = Limit::parse(text).unwrap();
            limit.windows.iter().map(|window| in_window(window, 1)).collect::<Vec<_>>()
        };
        assert_eq!(of("300/min,250/day"), ["1 of 300 per minute", "1 of 250 per day"]);
        assert_eq!(
            of("1/2s, 50/h, 4/1500ms"),
            ["1 of 1 per 2 seconds", "1 of 50 per hour", "1 of 4 per 1500 ms"]
        );
    }
}
