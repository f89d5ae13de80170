//! Tells where the built site is, so that it becomes part of the binary. Without one the server still builds.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=TAILBACK_SITE_DIR");
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    println!("cargo::rerun-if-changed=migrations");
    let site = env::var_os("TAILBACK_SITE_DIR").map_or_else(default_site, PathBuf::from);
    println!("cargo::rustc-env=TAILBACK_SITE_DIR={}", site.display());
    // Also while it is not there: a site that is built later must be noticed.
    println!("cargo::rerun-if-changed={}", site.join("manifest.json").display());
}

/// Asked while it runs, not while it is compiled: several checkouts may share one target directory.
fn default_site() -> PathBuf {
    let workspace = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("..");
    workspace.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())).join("site")
}
