//! Puts the demonstration on its stage: servers, databases, files and schedules, and takes everything down again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use app::model::{
    CommandJob, FilesJob, HostKey, MysqlJob, Permission, ScheduleDraft, ScheduleKind, Scope, ServerDraft, SourceType, Viewer,
};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use strum::VariantArray;
use tempfile::TempDir;

use super::churn::{churn, write_upload};
use super::mariadb::PrivateMariadb;
use super::small_disk::SmallDisk;
use super::sshd::PrivateSshd;
use crate::state::Panel;

/// KiB per second: slow enough to watch.
const WATCHABLE_KBPS: u32 = 500;

/// Less than what is to be copied there.
const SMALL_DISK_MEGABYTES: u32 = 4;

/// What the demonstration has running beside the panel. Dropping it takes everything down.
pub struct Stage {
    // In the order in which they must go: jobs first, the directory last.
    jobs: Jobs,
    churn: Option<tokio::task::JoinHandle<()>>,
    servers: Vec<(&'static str, PrivateSshd)>,
    mariadb: Option<PrivateMariadb>,
    has_small_disk: bool,
    dir: TempDir,
}

/// Jobs that have detached themselves from their SSH sessions, as they should, and must not outlive the demonstration.
struct Jobs {
    homes: Vec<PathBuf>,
}

impl Stage {
    /// Makes the directory and starts the servers, letting in who holds `public_key`.
    pub async fn set(dir: TempDir, public_key: &str) -> Result<Self> {
        let root = dir.path().to_owned();
        let disk = SmallDisk::at(&root.join("web-1/small-disk"), SMALL_DISK_MEGABYTES);
        if let Err(cause) = &disk {
            tracing::warn!("{cause:#}; the backup that runs out of space is left out");
        }
        let disk = disk.ok();
        let mut stage =
            Self { jobs: Jobs { homes: Vec::new() }, churn: None, servers: Vec::new(), mariadb: None, has_small_disk: disk.is_some(), dir };
        for (name, disk) in [("web-1", disk.as_ref()), ("db-1", None)] {
            let home = root.join(name);
            let dir = root.join(format!("{name}.sshd"));
            make(&home)?;
            make(&dir)?;
            stage.jobs.homes.push(home.clone());
            let sshd = match disk {
                Some(disk) => PrivateSshd::start_with_disk(&dir, public_key, &home, disk).await?,
                None => PrivateSshd::start_with_home(&dir, public_key, &home).await?,
            };
            stage.servers.push((name, sshd));
        }
        stage.fill_web(&root.join("web-1"))?;
        stage.fill_database(&root.join("db-1")).await?;
        Ok(stage)
    }

    fn fill_web(&mut self, home: &Path) -> Result<()> {
        let site = home.join("site");
        for page in 0..400 {
            let path = site.join(format!("pages/{:02}/page-{page}.html", page % 20));
            make(path.parent().unwrap_or(&site))?;
            std::fs::write(&path, format!("<h1>Page {page}</h1>\n").repeat(40)).with_context(|| format!("write {}", path.display()))?;
        }
        write_upload(&home.join("uploads"), 0, 5 << 20)?;
        make(&home.join("backup"))?;
        self.churn = Some(tokio::spawn(churn(
            home.join("uploads"),
            vec![home.join("backup/site"), home.join("backup/uploads"), home.join("backup/partial")],
        )));
        Ok(())
    }

    async fn fill_database(&mut self, home: &Path) -> Result<()> {
        let dir = self.dir.path().join("mariadb");
        make(&dir)?;
        make(&home.join("backup"))?;
        let mariadb = PrivateMariadb::start(&dir).await?;
        let password = crate::random::hex(12);
        mariadb
            .execute(&format!(
                "create database shop; create table shop.orders (id int primary key auto_increment, customer varchar(40), note text, placed timestamp default now());
                 insert into shop.orders (customer, note) select concat('customer ', seq), repeat(md5(seq), 8) from shop.seq_1_to_40000;
                 create user 'backup'@'localhost' identified by '{password}'; grant select, show view, trigger, event, lock tables, process on *.* to 'backup'@'localhost'"
            ))
            .await?;
        mariadb.write_defaults(&home.join("backup.cnf"), "backup", &password)?;
        mariadb.write_defaults(&home.join("wrong.cnf"), "backup", "not-the-password")?;
        self.mariadb = Some(mariadb);
        Ok(())
    }

    /// Adds the servers and schedules to the panel, asks for a first run of each and tells how many there are.
    pub async fn introduce(&self, panel: &Panel) -> Result<usize> {
        let director = Viewer {
            user_id: 0,
            username: "demo".to_owned(),
            permissions: Permission::VARIANTS.to_vec(),
            scope: Scope::All,
            reports: None,
            address: None,
            owes_factor: false,
        };
        let mut ids = Vec::new();
        for (name, sshd) in &self.servers {
            ids.push(panel.inventory.add_server(&director, server(name, sshd.port(), sshd.user(), sshd.host_key().clone())).await?.id);
        }
        let [web, db] = ids[..] else { anyhow::bail!("the stage has two servers") };
        let user = self.servers[0].1.user();
        let away =
            panel.inventory.add_server(&director, server("mail-1", closed_port()?, user, self.servers[0].1.host_key().clone())).await?.id;
        // A newcomer whose key nobody has compared yet.
        let newcomer = server("new-1", self.servers[0].1.port(), user, self.servers[0].1.host_key().clone());
        panel.inventory.add_server(&director, ServerDraft { host_key: None, ..newcomer }).await?;
        let mut added = Vec::new();
        for draft in self.schedules(web, db, away) {
            added.push(panel.inventory.add_schedule(&director, draft).await?.id);
        }
        for id in &added {
            panel.run_requests.request(&director, *id, None).await?;
        }
        for draft in self.quiet_schedules(web, db) {
            panel.inventory.add_schedule(&director, draft).await?;
        }
        Ok(added.len())
    }

    fn schedules(&self, web: i64, db: i64, away: i64) -> Vec<ScheduleDraft> {
        let at = |path: &str| self.dir.path().join(path).display().to_string();
        let files = |sources: &[String], destination: String| {
            Some(FilesJob {
                sources: sources.to_vec(),
                destination,
                excludes: Vec::new(),
                keep_points: Some(8),
                bandwidth_kbps: Some(WATCHABLE_KBPS),
                extra_args: Vec::new(),
            })
        };
        let dump = |defaults: &str, destination: &str| {
            Some(MysqlJob {
                databases: Some(vec!["shop".to_owned()]),
                defaults_file: at(defaults),
                destination: at(destination),
                keep_points: Some(8),
            })
        };
        let every_minute = |name: &str, server_id: i64| ScheduleDraft {
            cron: Some("* * * * *".to_owned()),
            grace_minutes: 1,
            target_hours: Some(1),
            ..ScheduleDraft::new(name, server_id, ScheduleKind::Managed)
        };
        let mut all = vec![
            ScheduleDraft {
                files: files(&[at("web-1/site"), at("web-1/uploads")], at("web-1/backup/site")),
                ..every_minute("web site", web)
            },
            ScheduleDraft {
                target_hours: None,
                files: files(&[at("web-1/site"), at("web-1/moved-away")], at("web-1/backup/partial")),
                ..every_minute("web archive", web)
            },
            ScheduleDraft { mysql: dump("db-1/backup.cnf", "db-1/backup/shop"), ..every_minute("shop database", db) },
            ScheduleDraft { mysql: dump("db-1/wrong.cnf", "db-1/backup/old"), ..every_minute("old shop database", db) },
            ScheduleDraft {
                files: files(&["/etc".to_owned()], "/backup/mail".to_owned()),
                cron: Some("*/5 * * * *".to_owned()),
                ..every_minute("mail spool", away)
            },
        ];
        if self.has_small_disk {
            all.push(ScheduleDraft {
                files: files(&[at("web-1/uploads")], at("web-1/small-disk/uploads")),
                ..every_minute("web uploads", web)
            });
        }
        all
    }

    /// Schedules of which nothing runs: one that is paused, and one that waits for reports.
    fn quiet_schedules(&self, web: i64, db: i64) -> [ScheduleDraft; 2] {
        let at = |path: &str| self.dir.path().join(path).display().to_string();
        let files = FilesJob {
            sources: vec![at("web-1/site")],
            destination: at("web-1/backup/weekly"),
            excludes: vec!["*.tmp".to_owned(), "cache/".to_owned()],
            keep_points: Some(52),
            bandwidth_kbps: None,
            extra_args: vec!["--acls".to_owned()],
        };
        let dump = MysqlJob {
            databases: None,
            defaults_file: at("db-1/backup.cnf"),
            destination: at("web-1/backup/dumps"),
            keep_points: Some(14),
        };
        let reported =
            CommandJob { source_type: SourceType::Vm, command: "vzdump --all".to_owned(), success_codes: vec![0], warning_codes: vec![1] };
        [
            ScheduleDraft {
                enabled: false,
                cron: Some("30 2 * * sun".to_owned()),
                timezone: Some("Europe/Berlin".to_owned()),
                target_hours: Some(192),
                files: Some(files),
                mysql: Some(dump),
                ..ScheduleDraft::new("weekly archive", web, ScheduleKind::Managed)
            },
            ScheduleDraft {
                target_hours: Some(26),
                command: Some(reported),
                ..ScheduleDraft::new("virtual machines", db, ScheduleKind::Reported)
            },
        ]
    }

    /// Where everything is kept.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Takes everything down.
    pub async fn strike(mut self) {
        if let Some(churn) = self.churn.take() {
            churn.abort();
        }
        if let Some(mariadb) = self.mariadb.take() {
            mariadb.stop().await;
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(churn) = &self.churn {
            churn.abort();
        }
        self.jobs.kill();
    }
}

impl Jobs {
    /// Kills every job that has left its process in its run directory.
    fn kill(&self) {
        let runs =
            self.homes.iter().filter_map(|home| std::fs::read_dir(home.join(".tailback/runs")).ok()).flatten().filter_map(Result::ok);
        for run in runs {
            let ended = run.path().join("exit").exists();
            let pid = std::fs::read_to_string(run.path().join("pid")).ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
            if let (false, Some(pid)) = (ended, pid) {
                // Gone already is as good.
                killpg(Pid::from_raw(pid), Signal::SIGKILL).ok();
            }
        }
    }
}

fn server(name: &str, port: u16, user: &str, host_key: HostKey) -> ServerDraft {
    ServerDraft {
        name: name.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        user: user.to_owned(),
        region: Some("loopback".to_owned()),
        account: Some("demo".to_owned()),
        private_key: None,
        host_key: Some(host_key),
    }
}

/// A port on which nobody listens.
fn closed_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

fn make(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("make {}", dir.display()))
}
