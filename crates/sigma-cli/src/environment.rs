//! Environment variables: the one place in the workspace that reads them.

/// The value of a variable. Unset, empty and non-Unicode values are all "not set".
#[expect(clippy::disallowed_methods, reason = "the single place that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who runs the tool, as the system calls them.
pub(crate) fn user_name() -> String {
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable).unwrap_or_else(|| "unknown".to_owned())
}
