//! Any mapping file with any file to read by it, apart at the first zero byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sigma_brokers::{Mapping, Options};

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (toml, file) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let Ok(toml) = std::str::from_utf8(toml) else { return };
    let Ok(mapping) = Mapping::parse(toml) else { return };
    sigma_fuzz::read_and_check(file, &Options { mapping: Some(&mapping), ..sigma_fuzz::options() });
});
