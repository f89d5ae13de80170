//! Tells where the built site is, so that it becomes part of the binary. Without one the server still builds.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=TAILBACK_SITE_DIR");
    println!("cargo::rerun-if-changed=migrations");
    let site = std::env::var_os("TAILBACK_SITE_DIR").map_or_else(default_site, PathBuf::from);
    println!("cargo::rustc-env=TAILBACK_SITE_DIR={}", site.display());
    let manifest = site.join("manifest.json");
    if manifest.exists() {
        println!("cargo::rerun-if-changed={}", manifest.display());
    }
}

fn default_site() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/site")
}
