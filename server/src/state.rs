//! The composition root: builds every service once, starts what works in the background and stops it in order.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use app::model::Zone;
use app::pages::logs::Proof;
use app::ports::Ports;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::{ClockPort, GlancePort, RunPort, ServerPort};
use crate::audit::{Committed, Trail};
use crate::auth::{Accounts, Passwords, Use, Uses, follow_uses};
use crate::checker::{Checker, Instruments, Pokes, RunLogs, attend};
use crate::clearing::{Clearings, follow_retention};
use crate::clock::{Clock, zone_table};
use crate::config::Config;
use crate::export::Exports;
use crate::history::History;
use crate::indexer::follow_index;
use crate::ingest::{Intake, follow_silence};
use crate::inventory::Inventory;
use crate::jobs::{RunRequests, Timetable};
use crate::keys::Keys;
use crate::people::People;
use crate::perimeter::Perimeter;
use crate::prover::follow_proof;
use crate::secrets::Vault;
use crate::standings::Standings;
use crate::store::{Database, sessions};
use crate::streaming::{Boards, Hub};

/// Work under way gets this long to end when the panel stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Everything a request may need, cheap to hand on.
#[derive(Clone)]
pub struct Panel(Arc<Parts>);

/// What a panel is made of.
pub struct Parts {
    pub database: Database,
    pub trail: Trail,
    pub hub: Arc<Hub>,
    /// What pages show besides rows.
    pub boards: Arc<Boards>,
    /// Streams that are open.
    pub streams: TaskTracker,
    pub clock: Clock,
    pub zone: Arc<Zone>,
    pub accounts: Accounts,
    pub people: People,
    pub inventory: Inventory,
    pub history: History,
    pub standings: Standings,
    pub clearings: Clearings,
    /// Older rows of the trail go; `None` keeps them for ever.
    pub trail_keep_days: Option<u32>,
    pub exports: Exports,
    /// What the last look at the chain of the trail found.
    pub proof: Arc<watch::Sender<Option<Proof>>>,
    pub run_requests: RunRequests,
    pub intake: Intake,
    pub keys: Keys,
    /// Logs of runs that go on.
    pub run_logs: Arc<RunLogs>,
    pub ports: Ports,
    pub perimeter: Arc<Perimeter>,
    pub stop: CancellationToken,
    leptos_options: LeptosOptions,
}

impl Deref for Panel {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Panel> for LeptosOptions {
    fn from_ref(panel: &Panel) -> Self {
        panel.leptos_options.clone()
    }
}

/// What works in the background.
pub struct Background {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    database: Database,
}

impl Panel {
    /// Opens the data directory and the database and builds the services. Nothing works yet.
    pub async fn open(config: &Config, clock: Clock) -> anyhow::Result<(Self, Unstarted)> {
        use anyhow::Context;
        create_private_dir(&config.data_dir).with_context(|| format!("make the data directory {}", config.data_dir.display()))?;
        let vault = match &config.secret_key {
            Some(keys) => Vault::given(keys),
            None => Vault::open(&config.data_dir.join("secret.key")),
        };
        let keys = Keys::open_with(&config.data_dir, vault.context("open the panel's keys")?).context("open the panel's keys")?;
        let database = Database::open(&config.database_url).await.context("open the database")?;
        let zone = Arc::new(zone_table(config.timezone));
        let committed = Arc::<Committed>::default();
        let changes = Arc::default();
        let hub = Hub::open(database.clone(), zone.clone(), Arc::clone(&changes)).await.context("read the trail")?;
        let trail = Trail::start(database.clone(), clock.clone(), zone.clone(), committed.clone());
        let pokes = Arc::new(Pokes::default());
        let schedules_changed = Arc::new(Notify::new());
        let run_requests = RunRequests {
            database: database.clone(),
            trail: trail.clone(),
            clock: clock.clone(),
            zone: config.timezone,
            pokes: pokes.clone(),
        };
        let (uses, uses_to_note) = Uses::new();
        let standings = Standings { database: database.clone(), clock: clock.clone(), zone: config.timezone };
        let history = History { database: database.clone(), zone: zone.clone() };
        let accounts = Accounts {
            database: database.clone(),
            trail: trail.clone(),
            clock: clock.clone(),
            passwords: Passwords::new().await?,
            vault: keys.vault().clone(),
            uses,
            demands_factor: config.require_second_factor,
            changes,
        };
        let perimeter = Perimeter::new(config.perimeter.clone());
        for (username, address) in sessions::places(&database, clock.now()).await.context("read the sessions")? {
            perimeter.know_place(&username, &address);
        }
        let stop = CancellationToken::new();
        let ports = Ports {
            audit_trail: Arc::new(history.clone()),
            runs: Arc::new(RunPort { database: database.clone(), requests: run_requests.clone() }),
            servers: Arc::new(ServerPort { database: database.clone() }),
            glances: Arc::new(GlancePort::new(history.clone(), standings.clone())),
            clock: Arc::new(ClockPort { clock: clock.clone(), zone: zone.clone() }),
        };
        let parts = Parts {
            boards: Arc::new(Boards::new(hub.clone(), &ports, stop.clone())),
            people: People { accounts: accounts.clone() },
            accounts,
            trail_keep_days: config.trail_keep_days,
            proof: Arc::default(),
            exports: Exports::new(database.clone(), trail.clone(), zone.clone()),
            clearings: Clearings { database: database.clone(), trail: trail.clone() },
            inventory: Inventory {
                database: database.clone(),
                trail: trail.clone(),
                clock: clock.clone(),
                keys: keys.clone(),
                zone: config.timezone,
                pokes: pokes.clone(),
                schedules_changed: schedules_changed.clone(),
            },
            ports,
            intake: Intake { database: database.clone(), trail: trail.clone(), hub: hub.clone(), clock: clock.clone() },
            perimeter: Arc::new(perimeter),
            leptos_options: LeptosOptions::builder().output_name("tailback").site_addr(config.bind).build(),
            stop,
            database,
            trail,
            hub,
            streams: TaskTracker::new(),
            clock,
            zone,
            history,
            standings,
            run_requests,
            keys,
            run_logs: Arc::default(),
        };
        Ok((Self(Arc::new(parts)), Unstarted { committed, pokes, schedules_changed, uses_to_note }))
    }
}

impl Panel {
    /// What the checker works with.
    pub fn instruments(&self) -> Instruments {
        Instruments {
            database: self.database.clone(),
            trail: self.trail.clone(),
            hub: self.hub.clone(),
            clock: self.clock.clone(),
            keys: self.keys.clone(),
            run_logs: self.run_logs.clone(),
        }
    }
}

/// What `start` needs besides the panel.
pub struct Unstarted {
    committed: Arc<Committed>,
    pokes: Arc<Pokes>,
    schedules_changed: Arc<Notify>,
    uses_to_note: mpsc::Receiver<Use>,
}

impl Unstarted {
    /// Starts the hub, the checker, the timetable and what listens to reports.
    pub fn start(self, panel: &Panel) -> Background {
        let mut tasks = JoinSet::new();
        let tools = panel.instruments();
        tasks.spawn(attend(tools.clone(), panel.stop.clone()));
        tasks.spawn(panel.hub.clone().follow(self.committed, panel.zone.clone(), panel.stop.clone()));
        tasks.spawn(follow_proof(panel.database.clone(), panel.clock.clone(), panel.proof.clone(), panel.stop.clone()));
        if let Some(days) = panel.trail_keep_days {
            tasks.spawn(follow_retention(panel.clearings.clone(), panel.zone.clone(), days, panel.stop.clone()));
        }
        tasks.spawn(follow_index(panel.database.clone(), panel.zone.clone(), panel.hub.clone(), panel.stop.clone()));
        tasks.spawn(Checker::new(tools, self.pokes).follow(panel.stop.clone()));
        tasks.spawn(Timetable::new(panel.run_requests.clone(), self.schedules_changed).follow(panel.stop.clone()));
        tasks.spawn(follow_uses(panel.database.clone(), self.uses_to_note, panel.stop.clone()));
        tasks.spawn(follow_silence(panel.intake.clone(), panel.stop.clone()));
        Background { tasks, stop: panel.stop.clone(), database: panel.database.clone() }
    }
}

impl Background {
    /// Stops everything; what does not end in time is left to the next start, which finds it again.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(STOP_WITHIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("some background work did not end in time");
        }
        if tokio::time::timeout(STOP_WITHIN, self.database.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
    }
}

fn create_private_dir(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if path.is_dir() {
        let mode = std::fs::metadata(path)?.permissions().mode() & 0o7777;
        // A directory that is ours, or is going to be; one with other things in it is not for us to close.
        let ours = path.join("secret.key").exists() || path.read_dir()?.next().is_none();
        if mode & 0o077 != 0 && ours {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
        } else if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), mode = format!("{mode:04o}"), "others may look into the data directory; chmod 700 closes it");
        }
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
