//! The migrations are embedded: a changed file must rebuild the crate, and cargo does not see it by itself.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
