//! Which providers a run asks, and in which order.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use sigma_cli::{App, ExitStatus, Key, Progress, ToolError, fail, system_now};
use sigma_providers::folder::Folder;
use sigma_providers::{Config, ConnectError, Data, Provider, ProviderError, ProviderId, connect, order};

use crate::args::{ProviderName, SyncArgs};

/// Providers that are ready to be asked.
pub struct Sources {
    /// In the order of the registry.
    pub services: Vec<Arc<Provider>>,
    pub folder: Option<FolderSource>,
    /// Where a wait for a limit is shown.
    pub waits: Waits,
}

/// A folder with its path.
#[derive(Debug, Clone)]
pub struct FolderSource {
    pub folder: Folder,
    pub path: PathBuf,
}

/// Where waits for limits are told: beside the progress bar that is on screen, else in a line of the log.
#[derive(Debug, Clone, Default)]
pub struct Waits {
    shown: Arc<Mutex<Option<Progress>>>,
    line: Arc<Mutex<Line>>,
    bell: Arc<Notify>,
}

/// A line for the log, and until when it holds: every request that waits for the same limit would tell it.
#[derive(Debug, Default)]
struct Line {
    text: Option<String>,
    holds_until: Option<Instant>,
}

impl Waits {
    /// Waits are told beside this bar from now on.
    pub fn show_on(&self, progress: Option<Progress>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }

    fn tell(&self, provider: &str, wait: Duration) {
        let told = format!("waiting {:.0} s for {provider}'s limit", wait.as_secs_f64().ceil());
        match self.shown.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(progress) if !progress.is_silent() => progress.remark(&told),
            _ => self.tell_line(told, wait),
        }
    }

    fn tell_line(&self, told: String, wait: Duration) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.holds_until.is_none_or(|until| until <= Instant::now()) {
            *line = Line { text: Some(told), holds_until: Some(Instant::now() + wait) };
            self.bell.notify_one();
        }
    }

    /// The next line for the log, as soon as there is one.
    pub async fn line(&self) -> Option<String> {
        self.bell.notified().await;
        self.line.lock().unwrap_or_else(PoisonError::into_inner).text.take()
    }
}

impl Sources {
    /// The services that offer a kind of data, in the order in which they are asked.
    pub fn services_for(&self, data: Data) -> Vec<Arc<Provider>> {
        let service = |id| self.services.iter().find(|service| service.id() == id).cloned();
        order(data).into_iter().filter_map(service).collect()
    }

    /// What the run's parameters record.
    pub fn names(&self) -> Vec<&'static str> {
        let folder = self.folder.iter().map(|_| ProviderId::File.name());
        self.services.iter().map(|service| service.id().name()).chain(folder).collect()
    }
}

/// The providers of the options, else of the settings.
pub fn open(app: &App, args: &SyncArgs) -> anyhow::Result<Sources> {
    let path = args.path.clone().or_else(|| app.settings.text(Key::ProviderPath).map(PathBuf::from));
    let chosen = match args.provider {
        // A folder on the command line is a wish of its own.
        None if args.path.is_some() => ProviderName::File,
        Some(ProviderName::Auto) if args.path.is_some() => ProviderName::File,
        Some(chosen) => chosen,
        None => app.settings.text(Key::Provider).and_then(ProviderName::of).unwrap_or(ProviderName::Auto),
    };
    let waits = Waits::default();
    let (services, folder) = match chosen.id() {
        None => (automatic(app, &waits)?, path.as_deref().map(open_folder).transpose()?),
        Some(ProviderId::File) => (Vec::new(), Some(needed_folder(path.as_deref())?)),
        Some(id) => (vec![service(app, id, &waits)?], None),
    };
    if services.is_empty() && folder.is_none() {
        let hint = "set a key, such as SIGMA_POLYGON_API_KEY or SIGMA_FMP_API_KEY, or use --provider file --path DIR \
                    (such as --path demo-data/market)";
        return Err(fail(ExitStatus::Usage, "no provider is configured", hint));
    }
    Ok(Sources { services: services.into_iter().map(Arc::new).collect(), folder, waits })
}

/// Services with a key. FRED needs none, but a run that has only files stays off the network.
fn automatic(app: &App, waits: &Waits) -> anyhow::Result<Vec<Provider>> {
    let has_key = |id: ProviderId| {
        let key = Key::parse(&format!("{}_api_key", id.name()));
        key.is_some_and(|key| app.settings.secret(key).is_some())
    };
    let mut ids: Vec<ProviderId> = sigma_providers::PROVIDERS
        .iter()
        .map(|entry| entry.id)
        .filter(|&id| has_key(id) || (id == ProviderId::Yahoo && app.settings.is_on(Key::Yahoo)))
        .collect();
    if !ids.is_empty() && !ids.contains(&ProviderId::Fred) {
        ids.push(ProviderId::Fred);
    }
    ids.into_iter().map(|id| service(app, id, waits)).collect()
}

fn service(app: &App, id: ProviderId, waits: &Waits) -> anyhow::Result<Provider> {
    let text = |name: &str| Key::parse(name).and_then(|key| app.settings.text(key)).map(str::to_owned);
    let secret = |name: &str| Key::parse(name).and_then(|key| app.settings.secret(key)).cloned();
    let on_wait = {
        let waits = waits.clone();
        Arc::new(move |provider: &'static str, wait: Duration| waits.tell(provider, wait))
    };
    let config = Config {
        text: &text,
        secret: &secret,
        state_dir: app.state_dir(),
        clock: Arc::new(system_now),
        data_clock: data_clock(app),
        version: env!("CARGO_PKG_VERSION"),
        on_wait: Some(on_wait),
    };
    connect(id, &config).map_err(|error| connect_error(id, error))
}

fn data_clock(app: &App) -> sigma_providers::http::Clock {
    let clock = app.clock;
    Arc::new(move || clock.now())
}

fn connect_error(id: ProviderId, error: ConnectError) -> anyhow::Error {
    let variable = format!("SIGMA_{}_API_KEY", id.name().to_uppercase());
    match error {
        ConnectError::NoKey { .. } => ToolError::from_cause(ExitStatus::Credentials, error)
            .hint(format!("set {variable}, or {variable}_FILE to a file that holds it"))
            .into(),
        ConnectError::Address { .. } | ConnectError::Limit { .. } | ConnectError::NoTime => {
            ToolError::from_cause(ExitStatus::Usage, error).hint("correct the setting, or remove it").into()
        }
        ConnectError::StateDir { .. } => ToolError::from_cause(ExitStatus::Failed, error)
            .hint("set SIGMA_STATE_DIR to a folder that can be written")
            .into(),
        ConnectError::Fault(_) => ToolError::from_cause(ExitStatus::Failed, error).into(),
    }
}

fn needed_folder(path: Option<&Path>) -> anyhow::Result<FolderSource> {
    let hint = "use --provider file --path DIR, such as --path demo-data/market";
    open_folder(path.ok_or_else(|| fail(ExitStatus::Usage, "the file provider needs a folder", hint))?)
}

fn open_folder(path: &Path) -> anyhow::Result<FolderSource> {
    let folder = Folder::open(path).map_err(provider_error)?;
    if folder.files().is_empty() {
        let message = format!("{} holds no file of market data", path.display());
        let hint = format!("files are: {}", sigma_providers::folder::FILES.join(", "));
        return Err(fail(ExitStatus::Usage, message, hint));
    }
    Ok(FolderSource { folder, path: path.to_owned() })
}

/// Gives an error of a folder its exit code and hint.
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
