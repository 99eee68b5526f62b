//! Settings: keys and where they come from, the file that holds them, and whatever else is not as by default.

use sigma_cli::config::{Kind, Origin, Problem, Setting};
use sigma_cli::{App, Key};
use sigma_providers::{PROVIDERS, ProviderEntry};

use super::{Health, Line};

pub fn lines(app: &App) -> Vec<Line> {
    let mut lines: Vec<Line> = app.settings.problems().iter().map(problem).collect();
    lines.extend(PROVIDERS.iter().filter_map(|entry| key(app, entry)));
    lines.extend(loose_file(app));
    let other = app.settings.all().iter().filter(|setting| is_told(setting));
    lines.extend(other.map(|setting| {
        let name = format!("setting {}", setting.key.info().name);
        Line::new(name, Health::Ok, format!("{} ({})", setting.shown(), setting.origin))
    }));
    lines
}

/// A setting that every other run would stop at.
fn problem(problem: &Problem) -> Line {
    let line = Line::new("settings", Health::Fail, &problem.message);
    match &problem.hint {
        Some(hint) => line.fix(hint),
        None => line.fix("correct or remove the setting"),
    }
}

/// Keys have lines of their own.
fn is_told(setting: &Setting) -> bool {
    setting.origin != Origin::Default && setting.key.info().kind != Kind::Secret
}

/// The setting of a provider's key; none for a provider without keys.
pub fn key_of(entry: &ProviderEntry) -> Option<Key> {
    Key::parse(&format!("{}_api_key", entry.name))
}

fn key(app: &App, entry: &ProviderEntry) -> Option<Line> {
    let key = key_of(entry)?;
    let check = format!("key {}", entry.name);
    if app.settings.secret(key).is_some() {
        return Some(Line::new(check, Health::Ok, format!("set (not shown) ({})", app.settings.origin(key))));
    }
    let variable = key.info().variable;
    let is_chosen = app.settings.text(Key::Provider) == Some(entry.name);
    Some(match (is_chosen && entry.needs_key, entry.needs_key) {
        (true, _) => Line::new(check, Health::Refused, "not set, and the setting provider asks for it")
            .fix(format!("set {variable}, or {variable}_FILE to the path of a file that holds it")),
        (false, true) => Line::new(check, Health::Ok, format!("not set ({variable})")),
        (false, false) => Line::new(check, Health::Ok, format!("not set ({variable}); works without")),
    })
}

fn loose_file(app: &App) -> Option<Line> {
    let path = app.settings.loose_secret_file()?;
    let path = path.display();
    let detail = format!("{path} holds a key or a password, and others than its owner can read it");
    Some(Line::new("permissions", Health::Warn, detail).fix(format!("chmod 600 {path}")))
}
