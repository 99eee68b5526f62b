//! Opening a service from settings.

mod asking;

use asking::KEY;
use secrecy::SecretString;
use sigma_core::model::InstrumentKind;
use sigma_providers::{Config, ConnectError, Provider, ProviderId, connect};

fn open(id: ProviderId, state_dir: &std::path::Path) -> Result<Provider, ConnectError> {
    let config = Config {
        text: &|_| None,
        secret: &|_| Some(SecretString::from(KEY)),
        state_dir: state_dir.to_owned(),
        clock: std::sync::Arc::new(|| chrono::DateTime::UNIX_EPOCH),
        data_clock: std::sync::Arc::new(|| chrono::DateTime::UNIX_EPOCH),
        version: "1.0",
        on_wait: None,
    };
    connect(id, &config)
}

#[test]
fn symbols_that_nobody_knows_are_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for id in [ProviderId::Polygon, ProviderId::Fmp, ProviderId::Tiingo, ProviderId::Yahoo] {
        let provider = open(id, folder.path()).unwrap();
        for kind in [None, Some(InstrumentKind::Stock), Some(InstrumentKind::MutualFund)] {
            for symbol in ["SPAXX**", "FDRXX**", "912828YK0", "38141GXZ2"] {
                assert!(!provider.covers(symbol, kind), "{} {symbol}", id.name());
            }
        }
        assert!(provider.covers("AAPL", None) && provider.covers("BRK.B", Some(InstrumentKind::Stock)));
        assert_eq!(provider.covers("VFIAX", None), id != ProviderId::Polygon);
    }
}

#[test]
fn a_folder_that_cannot_hold_the_account_is_told_before_anybody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    std::fs::write(&path, "not a folder").unwrap();
    let error = open(ProviderId::Polygon, &path).unwrap_err();
    assert!(matches!(&error, ConnectError::StateDir { path: told, .. } if *told == path), "{error}");
    assert!(error.to_string().contains(&path.display().to_string()));
}

#[test]
fn the_account_holds_nothing_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    open(ProviderId::Polygon, folder.path()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("polygon.json")).unwrap();
    assert!(!text.contains(KEY) && !text.contains("cAnArY"), "{text}");
}
