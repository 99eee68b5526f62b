//! A progress bar on stderr, or nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that may be silent. It clears itself when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar over `total` steps; silent unless `is_shown`.
    pub fn new(is_shown: bool, total: usize, label: &str) -> Progress {
        if !is_shown {
            return Progress { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_message(label.to_string());
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress { bar }
    }

    pub fn step(&self) {
        self.bar.inc(1);
    }

    pub fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
    }

    pub fn label(&self, label: &str) {
        self.bar.set_message(label.to_string());
    }

    pub fn is_silent(&self) -> bool {
        self.bar.is_hidden()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Whether bars are drawn at all.
pub fn is_progress_shown(
    stderr_is_terminal: bool,
    terminal_is_dumb: bool,
    is_off: bool,
    is_quiet: bool,
) -> bool {
    stderr_is_terminal && !terminal_is_dumb && !is_off && !is_quiet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_need_a_terminal_and_no_objection() {
        assert!(is_progress_shown(true, false, false, false));
        assert!(!is_progress_shown(false, false, false, false));
        assert!(!is_progress_shown(true, true, false, false));
        assert!(!is_progress_shown(true, false, true, false));
        assert!(!is_progress_shown(true, false, false, true));
        assert!(Progress::new(false, 3, "x").is_silent());
    }
}
