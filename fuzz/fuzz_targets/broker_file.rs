//! Any bytes, format told by the header.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sigma_fuzz::read_and_check(bytes, &sigma_fuzz::options()));
