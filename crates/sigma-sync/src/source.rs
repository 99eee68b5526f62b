//! Which provider a run asks.

use std::path::{Path, PathBuf};

use sigma_cli::{App, ExitStatus, Key, ToolError, fail};
use sigma_providers::ProviderError;
use sigma_providers::folder::Folder;

use crate::args::{ProviderName, SyncArgs};

/// A provider that is ready to be asked.
#[derive(Debug, Clone)]
pub struct Source {
    pub folder: Folder,
    pub path: PathBuf,
}

/// The provider of the options, else of the settings.
pub fn open(app: &App, args: &SyncArgs) -> anyhow::Result<Source> {
    let setting = app.settings.text(Key::Provider).unwrap_or("auto");
    let path = args.path.clone().or_else(|| app.settings.text(Key::ProviderPath).map(PathBuf::from));
    let hint = "use --provider file --path DIR, such as --path demo-data/market";
    match (args.provider, setting, path) {
        (Some(ProviderName::File | ProviderName::Auto), _, Some(path))
        | (None, "auto" | "file", Some(path)) => Ok(Source { folder: open_folder(&path)?, path }),
        // A folder on the command line is a wish of its own.
        (None, _, Some(path)) if args.path.is_some() => Ok(Source { folder: open_folder(&path)?, path }),
        (Some(ProviderName::File), _, None) | (None, "file", None) => {
            Err(fail(ExitStatus::Usage, "the file provider needs a folder", hint))
        }
        (Some(ProviderName::Auto), _, None) | (None, "auto", None) => {
            Err(fail(ExitStatus::Usage, "no provider is configured", hint))
        }
        (None, other, _) => {
            Err(fail(ExitStatus::Usage, format!("provider \"{other}\" is not available in this build"), hint))
        }
    }
}

fn open_folder(path: &Path) -> anyhow::Result<Folder> {
    let folder = Folder::open(path).map_err(provider_error)?;
    if folder.files().is_empty() {
        let message = format!("{} holds no file of market data", path.display());
        let hint = format!("files are: {}", sigma_providers::folder::FILES.join(", "));
        return Err(fail(ExitStatus::Usage, message, hint));
    }
    Ok(folder)
}

/// Gives an error of a provider its exit code and hint.
pub fn provider_error(error: ProviderError) -> anyhow::Error {
    let (status, hint) = match &error {
        ProviderError::NotAFolder { .. } => {
            (ExitStatus::Usage, "use --path DIR with the folder that holds prices.csv")
        }
        ProviderError::MissingColumn { .. } => {
            (ExitStatus::Usage, "the first line of the file names its columns")
        }
        ProviderError::Unreadable { .. } => (ExitStatus::Failed, "check that the file may be read"),
    };
    ToolError::from_cause(status, error).hint(hint).into()
}
