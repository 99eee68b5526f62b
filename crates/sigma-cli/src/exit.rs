//! Exit codes, and the one line that tells what failed and what to type next.

use std::error::Error as StdError;
use std::fmt;

use crate::redact::redact_text;

/// How a tool ended. The numbers are fixed: scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// Everything asked for is done.
    Done,
    /// Nothing useful came out.
    Failed,
    /// The command line, a setting or an input file is wrong.
    Usage,
    /// Done, but at least one row is missing or in error; good numbers are stored.
    Partial,
    /// A credential is missing or refused, or the plan does not include the data.
    Credentials,
    /// A rate limit or quota is used up.
    RateLimit,
    /// The network or the provider is down.
    Network,
    /// Another run holds the lock.
    Locked,
    /// Ctrl-C.
    Interrupted,
}

/// The table of exit codes, for `--help` and the manual page.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failed
  2    usage
  3    done, but an error or a missing row (details on stderr, good numbers are stored)
  4    credentials or plan
  5    rate limit or quota
  6    network or provider down
  7    locked by another run
  130  interrupted";

impl ExitStatus {
    pub const ALL: [ExitStatus; 9] = [
        ExitStatus::Done,
        ExitStatus::Failed,
        ExitStatus::Usage,
        ExitStatus::Partial,
        ExitStatus::Credentials,
        ExitStatus::RateLimit,
        ExitStatus::Network,
        ExitStatus::Locked,
        ExitStatus::Interrupted,
    ];

    /// The process exit code.
    pub fn code(self) -> u8 {
        match self {
            ExitStatus::Done => 0,
            ExitStatus::Failed => 1,
            ExitStatus::Usage => 2,
            ExitStatus::Partial => 3,
            ExitStatus::Credentials => 4,
            ExitStatus::RateLimit => 5,
            ExitStatus::Network => 6,
            ExitStatus::Locked => 7,
            ExitStatus::Interrupted => 130,
        }
    }

    /// The status word of the closing line: `ok`, `partial` or `failed`.
    pub fn word(self) -> &'static str {
        match self {
            ExitStatus::Done => "ok",
            ExitStatus::Partial => "partial",
            _ => "failed",
        }
    }

    /// `Partial` when the condition holds, else `Done`.
    pub fn partial_if(partial: bool) -> ExitStatus {
        if partial { ExitStatus::Partial } else { ExitStatus::Done }
    }
}

impl From<ExitStatus> for std::process::ExitCode {
    fn from(status: ExitStatus) -> Self {
        std::process::ExitCode::from(status.code())
    }
}

/// An error that knows its exit code and what the user can type next.
#[derive(Debug)]
pub struct ToolError {
    pub status: ExitStatus,
    /// What failed, naming the offender.
    pub message: String,
    /// The remedy, as something to type where there is one.
    pub hint: Option<String>,
    /// Its own message is `message`; only what lies below it is told as the chain.
    cause: Option<anyhow::Error>,
}

impl ToolError {
    pub fn new(status: ExitStatus, message: impl Into<String>) -> ToolError {
        ToolError { status, message: message.into(), hint: None, cause: None }
    }

    /// A mistake on the command line, in the settings or in an input file.
    pub fn usage(message: impl Into<String>) -> ToolError {
        ToolError::new(ExitStatus::Usage, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> ToolError {
        self.hint = Some(hint.into());
        self
    }

    /// Gives a library error its exit code; message and chain stay.
    pub fn from_cause(status: ExitStatus, cause: impl Into<anyhow::Error>) -> ToolError {
        let cause = cause.into();
        ToolError { status, message: cause.to_string(), hint: None, cause: Some(cause) }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for ToolError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_ref().and_then(|cause| cause.source())
    }
}

/// An error with an exit code and a hint.
pub fn fail(status: ExitStatus, message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    ToolError::new(status, message).hint(hint).into()
}

/// Adds a hint to an error (in place of one it has); message, chain and exit code stay.
pub fn hinted(err: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    let err = err.into();
    ToolError::from_cause(status_of(&err), err).hint(hint).into()
}

/// The exit status of an error: that of the outermost [`ToolError`] in its chain, else `Failed`.
pub fn status_of(err: &anyhow::Error) -> ExitStatus {
    tool_errors(err).next().map_or(ExitStatus::Failed, |tool_error| tool_error.status)
}

/// The outermost hint in the chain of an error.
pub fn hint_of(err: &anyhow::Error) -> Option<&str> {
    tool_errors(err).find_map(|tool_error| tool_error.hint.as_deref())
}

fn tool_errors(err: &anyhow::Error) -> impl Iterator<Item = &ToolError> {
    err.chain().filter_map(|cause| cause.downcast_ref::<ToolError>())
}

/// `sigma-greeks: error: <what> (<chain>)`, and the hint on a second line. Passwords are masked.
pub fn error_lines(tool: &str, err: &anyhow::Error) -> String {
    let mut told = vec![one_line(&err.to_string())];
    for cause in err.chain().skip(1) {
        let text = one_line(&cause.to_string());
        // Many libraries repeat the text of their source in their own.
        if !text.is_empty() && !told.iter().any(|earlier| earlier.contains(&text)) {
            told.push(text);
        }
    }
    let (what, chain) = told.split_first().map_or(("", &[][..]), |(what, chain)| (what.as_str(), chain));
    let chain = if chain.is_empty() { String::new() } else { format!(" ({})", chain.join(": ")) };
    let hint = hint_of(err).map(|hint| format!("\n  hint: {}", one_line(hint))).unwrap_or_default();
    redact_text(&format!("{tool}: error: {what}{chain}{hint}")).into_owned()
}

/// Folds white space and control characters, so that a message is one line and cannot drive the terminal.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn codes_are_the_published_ones() {
        assert_eq!(ExitStatus::ALL.map(ExitStatus::code), [0, 1, 2, 3, 4, 5, 6, 7, 130]);
        for status in ExitStatus::ALL {
            assert!(
                EXIT_CODES.lines().any(|line| line.trim_start().starts_with(&format!("{} ", status.code())))
            );
        }
        assert_eq!(ExitStatus::Done.word(), "ok");
        assert_eq!(ExitStatus::Partial.word(), "partial");
        assert_eq!(ExitStatus::Network.word(), "failed");
    }

    #[test]
    fn the_status_survives_context_and_hints() {
        let err = fail(ExitStatus::Network, "polygon answered 503", "try again later");
        let err = Err::<(), _>(err).context("cannot fetch AAPL").unwrap_err();
        assert_eq!(status_of(&err), ExitStatus::Network);
        assert_eq!(
            error_lines("sigma-sync", &err),
            "sigma-sync: error: cannot fetch AAPL (polygon answered 503)\n  hint: try again later"
        );
        let err = hinted(err, "use --provider file");
        assert_eq!(status_of(&err), ExitStatus::Network);
        assert_eq!(
            error_lines("sigma-sync", &err),
            "sigma-sync: error: cannot fetch AAPL (polygon answered 503)\n  hint: use --provider file"
        );
    }

    #[test]
    fn plain_errors_are_failures_told_once() {
        let io = std::io::Error::other("disk full");
        let err =
            Err::<(), _>(io).context("cannot write a.csv: disk full").context("export stopped").unwrap_err();
        assert_eq!(status_of(&err), ExitStatus::Failed);
        assert_eq!(
            error_lines("sigma-seed", &err),
            "sigma-seed: error: export stopped (cannot write a.csv: disk full)"
        );
    }

    #[test]
    fn lines_are_single_and_without_passwords() {
        let err = anyhow::anyhow!("no\nanswer \u{1b}[31mfrom postgres://a:pw@h/d");
        assert_eq!(error_lines("t", &err), "t: error: no answer [31mfrom postgres://a:***@h/d");
    }

    #[test]
    fn a_library_error_can_be_given_its_code() {
        let library = anyhow::anyhow!("401").context("key refused");
        let err: anyhow::Error = ToolError::from_cause(ExitStatus::Credentials, library).into();
        assert_eq!(status_of(&err), ExitStatus::Credentials);
        assert_eq!(error_lines("t", &err), "t: error: key refused (401)");
    }
}
