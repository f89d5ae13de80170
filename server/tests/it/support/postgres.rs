//! One throw-away PostgreSQL cluster for the whole test binary, a database of its own for every test.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::unistd::{User, geteuid};

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A server on a Unix socket, without a network. It belongs to a shell that waits for this process to end, however it ends,
/// and takes the server and its files away.
struct Cluster {
    dir: PathBuf,
    _keeper: Child,
}

const KEEPER: &str = r#"
cd "$1" && "$2/initdb" -D "$1/data" -U tailback -A trust --no-sync -E UTF8 --locale=C >"$1/log" 2>&1 &&
"$2/pg_ctl" -D "$1/data" -w -t 60 -l "$1/log" -o "-k $1 -c listen_addresses= -c fsync=off -c max_connections=300" start >>"$1/log" 2>&1 &&
touch "$1/ready" || touch "$1/failed"
cat >/dev/null
"$2/pg_ctl" -D "$1/data" -m immediate stop >>"$1/log" 2>&1
"#;

/// A URL of a new, empty database.
pub fn new_database() -> String {
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let output = Command::new(binaries().join("psql"))
        .args(["-h", cluster.dir.to_str().unwrap(), "-U", "tailback", "-d", "postgres", "-c", &format!("create database {name}")])
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "create database: {}", String::from_utf8_lossy(&output.stderr));
    format!("postgres://tailback@localhost/{name}?host={}", cluster.dir.display())
}

impl Cluster {
    fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("tailback-pg-").tempdir().unwrap().keep();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut shell = Command::new("/bin/sh");
        // The directory is removed by the outer shell, as whoever runs the tests; the server refuses to run as root.
        let inner = if geteuid().is_root() {
            let user =
                ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten()).expect("an account for PostgreSQL");
            chown(&dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
            format!("setpriv --reuid={} --regid={} --clear-groups /bin/sh -c \"$3\" keeper \"$1\" \"$2\"", user.uid, user.gid)
        } else {
            "/bin/sh -c \"$3\" keeper \"$1\" \"$2\"".to_owned()
        };
        shell.args(["-c", &format!("trap '' INT TERM HUP; {inner}; rm -rf \"$1\""), "keeper"]).arg(&dir).arg(binaries()).arg(KEEPER);
        let keeper = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
        let deadline = Instant::now() + Duration::from_secs(90);
        while !dir.join("ready").exists() {
            let failed = dir.join("failed").exists() || Instant::now() > deadline;
            assert!(!failed, "PostgreSQL did not start: {}", std::fs::read_to_string(dir.join("log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { dir, _keeper: keeper }
    }
}

/// Where Debian keeps the newest server's programs, unless they are on the PATH.
fn binaries() -> PathBuf {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.retain(|path| path.join("initdb").is_file());
    versions.sort();
    let on_path = || std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).find(|dir| dir.join("initdb").is_file());
    let found = versions.pop().or_else(on_path);
    if found.is_none() {
        std::io::stderr().write_all(b"PostgreSQL is missing: install the package postgresql\n").unwrap();
    }
    found.unwrap_or_else(|| Path::new("/usr/bin").to_owned())
}
