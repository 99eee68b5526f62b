//! Any rows under a known header: the first byte chooses the format, the second the layout of its header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sigma_brokers::{BROKERS, Options};

fuzz_target!(|bytes: &[u8]| {
    let [format, layout, rows @ ..] = bytes else { return };
    let broker = BROKERS[usize::from(*format) % BROKERS.len()];
    let signatures = broker.signatures();
    let header = signatures[usize::from(*layout) % signatures.len()].join(",");
    let file = [header.as_bytes(), b"\n", rows].concat();
    sigma_fuzz::read_and_check(&file, &Options { broker: Some(broker.id), ..sigma_fuzz::options() });
});
