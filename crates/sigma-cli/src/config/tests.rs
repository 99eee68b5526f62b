use secrecy::ExposeSecret;

use super::*;
use crate::exit::{ExitStatus, error_lines};

fn value(settings: &Settings, key: Key) -> Option<&str> {
    match key.info().kind {
        Kind::Secret => settings.secret(key).map(|secret| secret.expose_secret()),
        _ => settings.text(key),
    }
}

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
        assert_eq!(value(&resolve(&[], &[], Some(&file)).unwrap(), key), Some(text), "{}", info.name);
        let environment = [(info.variable, text)];
        let settings = resolve(&[], &environment, None).unwrap();
        assert_eq!(value(&settings, key), Some(text), "{}", info.name);
        assert_eq!(settings.text(key).is_none(), info.kind == Kind::Secret);
        assert_eq!(settings.origin(key), &Origin::Environment(info.variable.to_string()));
        assert!(
            info.variable == "DATABASE_URL" || info.variable == format!("SIGMA_{}", info.name.to_uppercase())
        );
        assert_eq!(Key::parse(info.name), Some(key));
    }
}

#[test]
fn the_example_lists_every_setting() {
    let example = include_str!("../../../../.env.example");
    for key in Key::ALL {
        let info = key.info();
        assert!(example.contains(&format!("{}=", info.variable)), "{}", info.variable);
        let names = |line: &str| {
            line.split_once("sigma.toml:")
                .is_some_and(|(_, names)| names.split(',').any(|name| name.trim() == info.name))
        };
        assert!(example.lines().any(names), "{}", info.name);
        let file = format!("{}_FILE=", info.variable);
        assert_eq!(example.contains(&file), info.kind == Kind::Secret, "{file}");
    }
}

#[test]
fn typed_values() {
    let settings = resolve(&[], &[("SIGMA_PROGRESS", "false")], Some("wait_lock_seconds = 30")).unwrap();
    assert!(!settings.is_on(Key::Progress));
    assert_eq!(settings.integer(Key::WaitLockSeconds), Some(30));
    assert!(settings.secret(Key::PolygonApiKey).is_none());
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

/// A file with these permissions, and its path.
fn key_file(folder: &Path, text: &str, mode: u32) -> String {
    let path = folder.join("key");
    std::fs::write(&path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = key_file(folder.path(), " s3cret\r\n", 0o600);
    let environment =
        [("SIGMA_FMP_API_KEY_FILE", path.as_str()), ("DATABASE_URL", "postgres://a:s3cret@h/d")];
    let settings = resolve(&[], &environment, Some("polygon_api_key = \"s3cret\"")).unwrap();
    assert_eq!(value(&settings, Key::FmpApiKey), Some("s3cret"));
    assert_eq!(value(&settings, Key::PolygonApiKey), Some("s3cret"));
    assert_eq!((settings.text(Key::FmpApiKey), settings.text(Key::PolygonApiKey)), (None, None));
    assert!(settings.secret(Key::DatabaseUrl).is_none());
    assert_eq!(settings.origin(Key::FmpApiKey), &Origin::Environment("SIGMA_FMP_API_KEY_FILE".into()));
    assert!(settings.all().iter().all(|setting| !setting.shown().contains("s3cret")));
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn a_key_file_that_is_no_key_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &str| {
        let err = resolve(&[], &[("SIGMA_FMP_API_KEY_FILE", path)], None).unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        error_lines("t", &err.into())
    };
    let path = key_file(folder.path(), " \n", 0o600);
    assert!(
        told(&path)
            .starts_with(&format!("t: error: key file {path} (from SIGMA_FMP_API_KEY_FILE) is empty\n"))
    );
    let path = key_file(folder.path(), "s3cret", 0o600);
    let long = "s3cret".repeat(1000);
    std::fs::write(&path, &long).unwrap();
    assert!(told(&path).contains("is too long for a key") && !told(&path).contains("s3cret"));
    // The key itself in place of a path is not repeated.
    let line = told("s3cret-not-a-path");
    assert!(line.contains("SIGMA_FMP_API_KEY_FILE") && !line.contains("s3cret"), "{line}");
    assert!(told(folder.path().to_str().unwrap()).contains("key file"));
}

#[cfg(unix)]
#[test]
fn a_key_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o644, 0o620, 0o601] {
        let path = key_file(folder.path(), "s3cret", mode);
        let err = resolve(&[], &[("SIGMA_FMP_API_KEY_FILE", &path)], None).unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        let message = format!(
            "t: error: key file {path} (from SIGMA_FMP_API_KEY_FILE) has mode {mode:04o}: others than its owner \
             can use it\n  hint: chmod 600 {path}"
        );
        assert_eq!(error_lines("t", &err.into()), message);
    }
    for mode in [0o600, 0o400] {
        let path = key_file(folder.path(), "s3cret", mode);
        let settings = resolve(&[], &[("SIGMA_FMP_API_KEY_FILE", &path)], None).unwrap();
        assert_eq!(value(&settings, Key::FmpApiKey), Some("s3cret"));
    }
}

#[test]
fn what_cannot_be_a_key_is_refused_and_not_shown() {
    for bad in ["s3cret two", "s3cret\nSIGMA_X=1", "s3cret\u{7}", "s3cr\u{e9}t", "\u{feff}s3cret", "s3cret\0"]
    {
        let err = resolve(&[], &[("SIGMA_TIINGO_API_KEY", bad)], None).unwrap_err();
        assert_eq!(err.status, ExitStatus::Usage);
        let fault = "tiingo_api_key (from SIGMA_TIINGO_API_KEY) holds a blank, a line break or another sign no key has";
        assert_eq!(err.message, fault, "{bad:?}");
    }
    let err = resolve(&[], &[("SIGMA_TIINGO_API_KEY", " ")], None).unwrap_err();
    assert_eq!(err.message, "tiingo_api_key (from SIGMA_TIINGO_API_KEY) is empty");
}

#[test]
fn a_broken_file_of_settings_does_not_show_its_keys() {
    for line in [
        "fmp_api_key = S3CRETKEY",
        "fmp_api_key = 's3cretkey",
        "fmp_api_key = \"s3cretkey",
        "fmp_api_key = [\"s3cretkey\"]",
        "fmp_api_key = { s3cretkey = 1 }",
        "fmp_api_key = \"s3cretkey\" s3cretkey",
        "fmp_api_key \"s3cretkey\"",
        "fmp_api_key = \"a\"\nfmp_api_key = \"s3cretkey\"",
        "fmp_api_key = \"s3cretkey\\q\"",
        "fmp_api_key = \"s3cret key\"",
    ] {
        let err = resolve(&[], &[], Some(line)).unwrap_err();
        let told = error_lines("t", &err.into()).to_lowercase();
        assert!(!told.contains("s3cret"), "{line}: {told}");
    }
}

#[test]
fn a_file_of_settings_that_holds_a_secret_is_known() {
    for (file, expected) in [
        ("fmp_api_key = \"s3cret\"", true),
        ("database_url = \"postgres://a:s3cret@h/d\"", true),
        ("database_url = \"postgres://a@h/d\"\nfmp_limit = \"5/min\"", false),
    ] {
        let settings = resolve(&[(Key::DatabaseUrl, "sqlite:a.db")], &[], Some(file)).unwrap();
        assert_eq!(settings.has_secret_in_file, expected, "{file}");
        assert_eq!(settings.loose_secret_file(), None, "no such file on disk was read");
    }
}

#[test]
fn defaults_of_the_providers() {
    let settings = resolve(&[], &[], None).unwrap();
    let integers = [Key::HttpTimeoutSeconds, Key::HttpRetries, Key::HttpBackoffMs, Key::ProviderWaitSeconds]
        .map(|key| settings.integer(key));
    assert_eq!(integers, [30, 3, 500, 90].map(Some));
    assert_eq!((settings.text(Key::FmpApi), settings.is_on(Key::Yahoo)), (Some("stable"), false));
    assert_eq!((settings.text(Key::PolygonLimit), settings.text(Key::StateDir)), (None, None));
}

#[test]
fn what_cannot_be_used_is_told_whole_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let loose = key_file(folder.path(), "s3cret", 0o644);
    let environment = |name: &str| match name {
        "SIGMA_FMP_API_KEY_FILE" => Some(loose.clone()),
        "SIGMA_TIINGO_API_KEY_FILE" => Some(folder.path().display().to_string()),
        _ => None,
    };
    let file = "databse_url = \"x\"\ncolor = \"red\"\npolygon_api_key = \"s3cret\"";
    let (settings, errors) = Settings::resolve_all(&[], environment, Some((Path::new("sigma.toml"), file)));
    let told: Vec<String> = errors.iter().map(|error| error.message.clone()).collect();
    assert_eq!(told.len(), if cfg!(unix) { 4 } else { 3 }, "{told:?}");
    assert!(told.iter().any(|message| message.contains("is a folder, not a file with a key")), "{told:?}");
    assert!(settings.secret(Key::FmpApiKey).is_none() || !cfg!(unix));
    assert!(settings.secret(Key::PolygonApiKey).is_some());
    assert_eq!(settings.text(Key::Color), Key::Color.info().default);
}
