use super::*;
use crate::exit::{ExitStatus, error_lines};

fn resolve(
    flags: &[(Key, &str)],
    environment: &[(&str, &str)],
    file: Option<&str>,
) -> Result<Settings, ToolError> {
    let flags: Vec<_> = flags.iter().map(|(key, value)| (*key, value.to_string())).collect();
    let variable =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    Settings::resolve(&flags, variable, file.map(|text| (Path::new(FILE_NAME), text)))
}

#[test]
fn flag_then_environment_then_file_then_default() {
    let flag = [(Key::DatabaseUrl, "sqlite:flag.db")];
    let environment = [("DATABASE_URL", "sqlite:env.db")];
    let file = Some("database_url = \"sqlite:file.db\"");
    let found = |flags: &[_], environment: &[_], file| {
        let settings = resolve(flags, environment, file).unwrap();
        (settings.database_url().to_string(), settings.origin(Key::DatabaseUrl).to_string())
    };
    let is = |value: &str, origin: &str| (value.to_string(), origin.to_string());
    assert_eq!(found(&flag, &environment, file), is("sqlite:flag.db", "command line"));
    assert_eq!(found(&[], &environment, file), is("sqlite:env.db", "DATABASE_URL"));
    assert_eq!(found(&[], &[("DATABASE_URL", "")], file), is("sqlite:file.db", "sigma.toml"));
    assert_eq!(found(&[], &[], None), is("sqlite:sigma.db", "default"));
}

#[test]
fn every_key_can_be_set_in_file_and_environment() {
    for key in Key::ALL {
        let info = key.info();
        let (in_file, text) = match info.kind {
            Kind::Bool => ("false".to_string(), "false"),
            Kind::Integer => ("30".to_string(), "30"),
            Kind::Choice(choices) => (format!("\"{}\"", choices[1]), choices[1]),
            _ => ("\"value\"".to_string(), "value"),
        };
        let file = format!("{} = {in_file}\n", info.name);
        assert_eq!(resolve(&[], &[], Some(&file)).unwrap().text(key), Some(text), "{}", info.name);
        let environment = [(info.variable, text)];
        let settings = resolve(&[], &environment, None).unwrap();
        assert_eq!(settings.text(key), Some(text), "{}", info.name);
        assert_eq!(settings.origin(key), &Origin::Environment(info.variable.to_string()));
        assert!(
            info.variable == "DATABASE_URL" || info.variable == format!("SIGMA_{}", info.name.to_uppercase())
        );
        assert_eq!(Key::parse(info.name), Some(key));
    }
}

#[test]
fn typed_values() {
    let settings = resolve(&[], &[("SIGMA_PROGRESS", "false")], Some("wait_lock_seconds = 30")).unwrap();
    assert!(!settings.is_on(Key::Progress));
    assert_eq!(settings.integer(Key::WaitLockSeconds), Some(30));
    assert_eq!(settings.text(Key::PolygonApiKey), None);
    assert!(resolve(&[], &[], None).unwrap().is_on(Key::Progress));
}

#[test]
fn errors_name_the_offender_and_its_source() {
    let message = |environment: &[_], file| {
        let err = resolve(&[], environment, file).unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        err.message
    };
    let err = resolve(&[], &[], Some("databse_url = \"x\"")).unwrap_err();
    assert_eq!(err.message, "sigma.toml: unknown key \"databse_url\"");
    assert!(err.hint.is_some_and(|hint| hint.starts_with("keys are: database_url, color")));
    assert_eq!(
        message(&[("SIGMA_WAIT_LOCK_SECONDS", "-1")], None),
        "wait_lock_seconds \"-1\" (from SIGMA_WAIT_LOCK_SECONDS) is not a whole number, zero or more"
    );
    assert_eq!(
        message(&[], Some("color = \"red\"")),
        "color \"red\" (from sigma.toml) is not one of auto, always, never"
    );
    assert_eq!(
        message(&[], Some("progress = \"no\"")),
        "sigma.toml: progress is true or false, found a value of type string"
    );
    assert!(message(&[], Some("color = \"auto\"\nprogress = = 1")).starts_with("sigma.toml, line 2: "));
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "s3cret\n").unwrap();
    let environment =
        [("SIGMA_FMP_API_KEY_FILE", path.to_str().unwrap()), ("DATABASE_URL", "postgres://a:s3cret@h/d")];
    let settings = resolve(&[], &environment, Some("polygon_api_key = \"s3cret\"")).unwrap();
    assert_eq!(settings.text(Key::FmpApiKey), Some("s3cret"));
    assert_eq!(settings.origin(Key::FmpApiKey), &Origin::Environment("SIGMA_FMP_API_KEY_FILE".into()));
    assert!(settings.all().iter().all(|setting| !setting.shown().contains("s3cret")));
    assert!(!format!("{settings:?}").contains("s3cret"));
    let err = resolve(&[], &[("SIGMA_FMP_API_KEY_FILE", "/does/not/exist")], None).unwrap_err();
    assert!(error_lines("t", &err.into()).contains("SIGMA_FMP_API_KEY_FILE"));
}
