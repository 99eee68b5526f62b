//! A progress bar on stderr, or nothing.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::redact::redact_text;

/// A bar that may be silent. Clones are the same bar, for tasks that work on one thing; it clears itself when the
/// last of them is dropped.
#[derive(Debug, Clone)]
pub struct Progress {
    shared: Arc<Bar>,
}

#[derive(Debug)]
struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress {
    /// A bar over `total` steps; silent unless `is_shown`.
    pub fn new(is_shown: bool, total: usize, label: &str) -> Progress {
        if !is_shown {
            return Progress { shared: Arc::new(Bar(ProgressBar::hidden())) };
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {eta} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_prefix(label.to_string());
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress { shared: Arc::new(Bar(bar)) }
    }

    pub fn step(&self) {
        self.shared.0.inc(1);
    }

    pub fn advance(&self, steps: usize) {
        self.shared.0.inc(steps as u64);
    }

    /// What the bar counts, before it.
    pub fn label(&self, label: &str) {
        self.shared.0.set_prefix(redact_text(label).into_owned());
    }

    /// What it is about at the moment, after it, such as "waiting 12 s for polygon's limit"; empty for nothing.
    pub fn remark(&self, remark: &str) {
        self.shared.0.set_message(redact_text(remark).into_owned());
    }

    pub fn is_silent(&self) -> bool {
        self.shared.0.is_hidden()
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

    #[test]
    fn clones_are_one_bar_until_the_last_is_gone() {
        let progress = Progress::new(false, 3, "prices");
        let bar = progress.shared.0.clone();
        let task = progress.clone();
        std::thread::spawn(move || {
            task.step();
            task.remark("waiting 12 s for polygon's limit");
        })
        .join()
        .unwrap();
        assert_eq!((bar.position(), bar.message().as_str()), (1, "waiting 12 s for polygon's limit"));
        assert!(!bar.is_finished());
        drop(progress);
        assert!(bar.is_finished());
    }
}
