//! Finds the programs of other packages that the demonstration and the tests run.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Where Debian keeps what an ordinary user's PATH leaves out.
const BESIDE_PATH: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/// The path of a program; the error names the package that has it.
pub fn find(program: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(BESIDE_PATH.into_iter().map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("{program} is missing: install the package {package}"))
}
