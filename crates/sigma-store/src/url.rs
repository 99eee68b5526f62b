//! Database URLs: which backend they name, and how to print them without a password.

use std::path::PathBuf;

use crate::error::{Result, StoreError};

/// Where a database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Memory,
    File(PathBuf),
    Postgres(String),
}

/// Reads `sqlite:path`, `sqlite://path`, a plain path, `sqlite::memory:`, `postgres://` or `postgresql://`.
pub(crate) fn parse(url: &str) -> Result<Target> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Target::Postgres(url.to_owned()));
    }
    let path = match url.strip_prefix("sqlite:") {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None if url.contains("://") => return Err(refuse(url, "only sqlite: and postgres:// are supported")),
        None => url,
    };
    match path {
        "" => Err(refuse(url, "the path is empty")),
        ":memory:" => Ok(Target::Memory),
        path => Ok(Target::File(PathBuf::from(path))),
    }
}

fn refuse(url: &str, reason: &str) -> StoreError {
    StoreError::BadUrl { url: redact(url), reason: reason.to_owned() }
}

/// The URL with `***` for the password, wherever it stands.
pub fn redact(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // Passwords may hold '@', '/' and '?' unescaped: whatever lies between the first ':' and the last '@' is hidden.
    let rest = match rest.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let Some((base, query)) = rest.split_once('?') else { return format!("{scheme}://{rest}") };
    let shown: Vec<String> = query.split('&').map(hide_password).collect();
    format!("{scheme}://{base}?{}", shown.join("&"))
}

fn hide_password(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("password") => format!("{name}=***"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_names_its_backend() {
        let file = |path: &str| Target::File(PathBuf::from(path));
        assert_eq!(parse("sqlite:sigma.db").unwrap(), file("sigma.db"));
        assert_eq!(parse("sqlite://data/sigma.db").unwrap(), file("data/sigma.db"));
        assert_eq!(parse("sqlite:///var/sigma.db").unwrap(), file("/var/sigma.db"));
        assert_eq!(parse("sigma.db").unwrap(), file("sigma.db"));
        assert_eq!(parse("sqlite::memory:").unwrap(), Target::Memory);
        assert!(matches!(parse("postgresql://localhost/sigma").unwrap(), Target::Postgres(_)));
        assert!(
            matches!(parse("mysql://u:secret@h/d"), Err(StoreError::BadUrl { url, .. }) if !url.contains("secret"))
        );
        assert!(parse("sqlite:").is_err());
    }

    #[test]
    fn passwords_are_hidden() {
        for url in [
            "postgres://ann:secret@db/sigma",
            "postgres://ann:s@/?secret@db/sigma?sslmode=disable",
            "postgres://ann@db/sigma?password=secret&x=1",
            "postgres://db/sigma?PASSWORD=secret",
        ] {
            let shown = redact(url);
            assert!(!shown.contains("secret") && shown.contains("***"), "{shown}");
        }
        assert_eq!(redact("postgres://ann@db/sigma"), "postgres://ann@db/sigma");
    }
}
