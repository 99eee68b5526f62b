//! The folder of what must survive a run but does not belong to a database: the request budgets of providers.
//!
//! A provider counts the requests of a key, whichever database they are made for.

use std::path::{Path, PathBuf};

use crate::app::App;
use crate::config::Key;
use crate::environment::variable;

impl App {
    /// The setting `state_dir`, else `$XDG_STATE_HOME/sigma`, else `$HOME/.local/state/sigma`, else `.sigma-state` in
    /// the current folder. It need not be there yet.
    pub fn state_dir(&self) -> PathBuf {
        state_dir(self.settings.text(Key::StateDir), variable)
    }
}

fn state_dir(setting: Option<&str>, environment: impl Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(folder) = setting {
        return PathBuf::from(folder);
    }
    // By the XDG rules a relative path in these variables is as good as none.
    let absolute =
        |name| environment(name).filter(|folder| Path::new(folder).is_absolute()).map(PathBuf::from);
    let in_home = || absolute("HOME").map(|home| home.join(".local/state"));
    absolute("XDG_STATE_HOME")
        .or_else(in_home)
        .map_or_else(|| ".sigma-state".into(), |state| state.join("sigma"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_setting_then_the_state_folder_of_the_user() {
        let found = |setting, variables: &[(&str, &str)]| {
            let value = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
            };
            state_dir(setting, value).display().to_string()
        };
        let (xdg, home) = (("XDG_STATE_HOME", "/s"), ("HOME", "/h"));
        assert_eq!(found(Some("here"), &[xdg, home]), "here");
        assert_eq!(found(None, &[xdg, home]), "/s/sigma");
        assert_eq!(found(None, &[home]), "/h/.local/state/sigma");
        assert_eq!(found(None, &[("XDG_STATE_HOME", "s"), home]), "/h/.local/state/sigma");
        assert_eq!(found(None, &[("HOME", "h")]), ".sigma-state");
        assert_eq!(found(None, &[]), ".sigma-state");
    }
}
