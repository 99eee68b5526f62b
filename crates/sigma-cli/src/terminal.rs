//! What the streams of the process are connected to.

use std::io::{self, IsTerminal};

use crate::args::ColorChoice;
use crate::environment::variable;

/// Facts about standard output and standard error, found once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// `TERM=dumb`: no colour, no moving cursor.
    pub is_dumb: bool,
    /// `NO_COLOR` is set.
    pub forbids_color: bool,
    /// Characters a line, when standard output is a terminal.
    pub width: Option<u16>,
}

impl Terminal {
    pub fn detect() -> Terminal {
        let stdout_is_terminal = io::stdout().is_terminal();
        Terminal {
            stdout_is_terminal,
            stderr_is_terminal: io::stderr().is_terminal(),
            is_dumb: variable("TERM").as_deref() == Some("dumb"),
            forbids_color: variable("NO_COLOR").is_some(),
            width: if stdout_is_terminal { width() } else { None },
        }
    }

    /// Whether messages on stderr are coloured.
    pub fn is_colored(&self, choice: ColorChoice) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => self.stderr_is_terminal && !self.is_dumb && !self.forbids_color,
        }
    }
}

/// `COLUMNS`, else what the terminal says.
fn width() -> Option<u16> {
    let columns = variable("COLUMNS").and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    columns.or_else(|| terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_needs_a_willing_terminal_or_an_order() {
        let willing = Terminal { stderr_is_terminal: true, ..Terminal::default() };
        assert!(willing.is_colored(ColorChoice::Auto));
        assert!(!willing.is_colored(ColorChoice::Never));
        for unwilling in [
            Terminal::default(),
            Terminal { is_dumb: true, ..willing },
            Terminal { forbids_color: true, ..willing },
        ] {
            assert!(!unwilling.is_colored(ColorChoice::Auto));
            assert!(unwilling.is_colored(ColorChoice::Always));
        }
    }
}
