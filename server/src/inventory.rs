//! Servers and schedules as people make, change and remove them. Every change is a row of the trail that names who did it.

mod connection_test;

use std::sync::Arc;

use app::model::{
    Destination, FieldError, HostKey, LogStatus, Permission, Schedule, ScheduleDraft, Scope, Server, ServerDraft, SourceType, Viewer,
};
use chrono_tz::Tz;
use tokio::sync::Notify;

pub use self::connection_test::{ConnectionTest, TestStep};
use crate::audit::{LogRow, Trail};
use crate::checker::Pokes;
use crate::clock::{Clock, time_zone};
use crate::jobs::{CronTimes, Job, Rehearsal, rehearse};
use crate::keys::{Keys, check_private_key, generate};
use crate::ssh::{Client, Deadlines, Target};
use crate::store::{Database, StoreError, runs, schedules, servers, tokens};
use crate::words::cause_words;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    #[error("not found")]
    NotFound,
    #[error("not allowed")]
    Forbidden,
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    #[error("a run is still going")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes, changes and removes.
#[derive(Clone)]
pub struct Inventory {
    pub database: Database,
    pub trail: Trail,
    pub clock: Clock,
    pub keys: Keys,
    pub zone: Tz,
    pub pokes: Arc<Pokes>,
    /// Tells the timetable that schedules have changed.
    pub schedules_changed: Arc<Notify>,
}

impl Inventory {
    pub async fn add_server(&self, viewer: &Viewer, draft: ServerDraft) -> Result<Server, InventoryError> {
        allow(viewer, Permission::AddServers)?;
        check_server(&draft)?;
        let mut change = self.trail.begin().await?;
        let id = servers::insert(change.tx(), &draft, self.clock.now()).await.map_err(taken_name)?;
        if let Some(text) = &draft.private_key {
            servers::set_private_key(change.tx(), id, self.keys.seal_for_server(id, text)).await?;
        }
        change.log(LogRow::system(LogStatus::Info, viewer.told(&format!("added server {}", draft.name))).server(id));
        change.commit().await?;
        self.pokes.poke(id);
        self.server(viewer, id).await
    }

    pub async fn change_server(&self, viewer: &Viewer, id: i64, draft: ServerDraft) -> Result<Server, InventoryError> {
        allow(viewer, Permission::EditServers)?;
        let before = self.server(viewer, id).await?;
        check_server(&draft)?;
        let same_place = before.host == draft.host && before.port == draft.port;
        let host_key = draft.host_key.as_ref().or(before.host_key.as_ref().filter(|_| same_place));
        let mut change = self.trail.begin().await?;
        if !servers::update(change.tx(), id, &draft, host_key).await.map_err(taken_name)? {
            return Err(InventoryError::NotFound);
        }
        if let Some(text) = &draft.private_key {
            servers::set_private_key(change.tx(), id, self.keys.seal_for_server(id, text)).await?;
        }
        change.log(LogRow::system(LogStatus::Info, viewer.told(&format!("changed server {}", draft.name))).server(id));
        change.commit().await?;
        self.pokes.poke(id);
        self.server(viewer, id).await
    }

    pub async fn remove_server(&self, viewer: &Viewer, id: i64) -> Result<(), InventoryError> {
        allow(viewer, Permission::DeleteServers)?;
        let server = self.server(viewer, id).await?;
        let mut change = self.trail.begin().await?;
        if runs::any_active(change.tx(), Some(id), None).await? {
            return Err(InventoryError::Busy);
        }
        if schedules::any_on(change.tx(), id).await? {
            return Err(InventoryError::Invalid(vec![FieldError::new("id", "remove the schedules of this server first")]));
        }
        servers::remove(change.tx(), id, self.clock.now()).await?;
        change.log(LogRow::system(LogStatus::Info, viewer.told(&format!("removed server {}", server.name))).server(id));
        change.commit().await?;
        self.pokes.poke(id);
        Ok(())
    }

    pub async fn pin_server(&self, viewer: &Viewer, id: i64, host_key: HostKey) -> Result<Server, InventoryError> {
        allow(viewer, Permission::EditServers)?;
        let server = self.server(viewer, id).await?;
        let mut change = self.trail.begin().await?;
        servers::pin(change.tx(), id, &host_key).await?;
        let message = match &server.host_key {
            Some(before) => viewer.told(&format!("pinned host key {host_key} of {} in place of {before}", server.name)),
            None => viewer.told(&format!("pinned host key {host_key} of {}", server.name)),
        };
        change.log(LogRow::system(LogStatus::Info, message).server(id));
        change.commit().await?;
        self.pokes.poke(id);
        self.server(viewer, id).await
    }

    /// Tries a connection of its own, beside the checker's.
    pub async fn test_server(&self, viewer: &Viewer, id: i64) -> Result<ConnectionTest, InventoryError> {
        allow(viewer, Permission::EditServers)?;
        let server = self.server(viewer, id).await?;
        let private_key = self.keys.of_server(&self.database, id).await;
        Ok(connection_test::test(server, private_key, self.keys.public_line().to_owned(), &self.clock).await)
    }

    /// Makes a key for one server and signs in with it from now on.
    pub async fn make_server_key(&self, viewer: &Viewer, id: i64) -> Result<(), InventoryError> {
        allow(viewer, Permission::EditServers)?;
        let server = self.server(viewer, id).await?;
        let text = generate(&format!("tailback@{}", server.name.replace(char::is_whitespace, "-"))).map_err(|cause| {
            InventoryError::Invalid(vec![FieldError::new("private_key", format!("could not be made: {}", cause_words(&cause)))])
        })?;
        let mut change = self.trail.begin().await?;
        servers::set_private_key(change.tx(), id, self.keys.seal_for_server(id, &text)).await?;
        change.log(LogRow::system(LogStatus::Info, viewer.told(&format!("made a new key for server {}", server.name))).server(id));
        change.commit().await?;
        self.pokes.poke(id);
        Ok(())
    }

    async fn server(&self, viewer: &Viewer, id: i64) -> Result<Server, InventoryError> {
        servers::find(&self.database, &viewer.scope, id).await?.ok_or(InventoryError::NotFound)
    }

    pub async fn add_schedule(&self, viewer: &Viewer, draft: ScheduleDraft) -> Result<Schedule, InventoryError> {
        allow(viewer, Permission::CreateSchedule)?;
        self.check_schedule(viewer, &draft, None).await?;
        let mut change = self.trail.begin().await?;
        let id = schedules::insert(change.tx(), &draft, self.clock.now()).await.map_err(taken_name)?;
        let message = viewer.told(&format!("added schedule {}", draft.name));
        change.log(LogRow::system(LogStatus::Info, message).server(draft.server_id).schedule(id));
        change.commit().await?;
        self.schedules_changed.notify_one();
        self.schedule(viewer, id).await
    }

    pub async fn change_schedule(&self, viewer: &Viewer, id: i64, draft: ScheduleDraft) -> Result<Schedule, InventoryError> {
        allow(viewer, Permission::EditSchedule)?;
        self.schedule(viewer, id).await?;
        self.check_schedule(viewer, &draft, Some(id)).await?;
        let mut change = self.trail.begin().await?;
        if !schedules::update(change.tx(), id, &draft, self.clock.now()).await.map_err(taken_name)? {
            return Err(InventoryError::NotFound);
        }
        let message = viewer.told(&format!("changed schedule {}", draft.name));
        change.log(LogRow::system(LogStatus::Info, message).server(draft.server_id).schedule(id));
        change.commit().await?;
        self.schedules_changed.notify_one();
        self.schedule(viewer, id).await
    }

    /// Pauses a schedule or lets it go on. Times that were due while it was paused do not count.
    pub async fn enable_schedule(&self, viewer: &Viewer, id: i64, enabled: bool) -> Result<(), InventoryError> {
        allow(viewer, Permission::EditSchedule)?;
        let schedule = self.schedule(viewer, id).await?;
        let draft = ScheduleDraft { enabled, ..schedule.policy };
        let mut change = self.trail.begin().await?;
        if !schedules::update(change.tx(), id, &draft, self.clock.now()).await? {
            return Err(InventoryError::NotFound);
        }
        let what = if enabled { "resumed" } else { "paused" };
        let message = viewer.told(&format!("{what} schedule {}", draft.name));
        change.log(LogRow::system(LogStatus::Info, message).server(draft.server_id).schedule(id));
        change.commit().await?;
        self.schedules_changed.notify_one();
        Ok(())
    }

    /// Asks the server of a schedule what each of its jobs would do there. Nothing is changed.
    pub async fn rehearse(&self, viewer: &Viewer, id: i64, jobs: &[Job]) -> Result<Vec<Result<Rehearsal, String>>, InventoryError> {
        allow(viewer, Permission::RunSchedule)?;
        let schedule = self.schedule(viewer, id).await?;
        let server = self.server(viewer, schedule.policy.server_id).await?;
        let mut client = match self.connect(server).await {
            Ok(client) => client,
            Err(words) => return Ok(jobs.iter().map(|_| Err(words.clone())).collect()),
        };
        let mut rehearsals = Vec::new();
        for job in jobs {
            rehearsals.push(rehearse(&mut client, job).await.map_err(|cause| cause_words(&cause)));
        }
        Ok(rehearsals)
    }

    /// A connection of its own, beside the checker's; the error is in words.
    async fn connect(&self, server: Server) -> Result<Client, String> {
        let private_key = self.keys.of_server(&self.database, server.id).await.map_err(|cause| cause_words(&cause))?;
        let target = Target { host: server.host, port: server.port, user: server.user, private_key, host_key: server.host_key };
        Client::connect(&target, &Deadlines::default()).await.map_err(|cause| cause_words(&cause))
    }

    pub async fn remove_schedule(&self, viewer: &Viewer, id: i64) -> Result<(), InventoryError> {
        allow(viewer, Permission::DeleteSchedule)?;
        let schedule = self.schedule(viewer, id).await?;
        let mut change = self.trail.begin().await?;
        if runs::any_active(change.tx(), None, Some(id)).await? {
            return Err(InventoryError::Busy);
        }
        schedules::remove(change.tx(), id, self.clock.now()).await?;
        tokens::remove_of_schedule(change.tx(), id).await?;
        let message = viewer.told(&format!("removed schedule {}", schedule.policy.name));
        change.log(LogRow::system(LogStatus::Info, message).server(schedule.policy.server_id).schedule(id));
        change.commit().await?;
        self.schedules_changed.notify_one();
        Ok(())
    }

    async fn schedule(&self, viewer: &Viewer, id: i64) -> Result<Schedule, InventoryError> {
        schedules::find(&self.database, &viewer.scope, id).await?.ok_or(InventoryError::NotFound)
    }

    async fn check_schedule(&self, viewer: &Viewer, draft: &ScheduleDraft, id: Option<i64>) -> Result<(), InventoryError> {
        let problems = self.schedule_problems(viewer, draft, id).await?;
        if problems.is_empty() { Ok(()) } else { Err(InventoryError::Invalid(problems)) }
    }

    /// Everything that is wrong with a schedule (`id`, unless it is a new one), but for a name that is taken: only storing it
    /// tells.
    pub async fn schedule_problems(&self, viewer: &Viewer, draft: &ScheduleDraft, id: Option<i64>) -> Result<Vec<FieldError>, StoreError> {
        let mut problems = draft.problems();
        problems.extend(self.taken_destinations(draft, id).await?);
        if servers::find(&self.database, &viewer.scope, draft.server_id).await?.is_none() {
            problems.push(FieldError::new("server_id", "there is no such server"));
        }
        let zone = draft.timezone.as_deref().map(time_zone);
        if zone == Some(None) {
            problems.push(FieldError::new("timezone", "expected an IANA name such as Europe/Berlin"));
        }
        if let Some(cron) = &draft.cron
            && let Err(cause) = CronTimes::parse(cron, zone.flatten().unwrap_or(self.zone))
        {
            problems.push(FieldError::new("cron", cause.to_string()));
        }
        Ok(problems)
    }

    /// Points are found, and removed, by their names: two schedules in one directory would take each other's for their own. Whose
    /// it is already is not told to someone who may not see it.
    async fn taken_destinations(&self, draft: &ScheduleDraft, id: Option<i64>) -> Result<Vec<FieldError>, StoreError> {
        let others = schedules::list(&self.database, &Scope::All).await?;
        let taken: Vec<_> = others
            .iter()
            .filter(|other| Some(other.id) != id)
            .flat_map(|other| {
                other.policy.destinations().filter_map(|(_, text)| Some(place(other.policy.server_id, Destination::parse(text)?)))
            })
            .collect();
        let is_taken =
            |text: &str| Destination::parse(text).is_some_and(|destination| taken.contains(&place(draft.server_id, destination)));
        let problem = |(source_type, text): (SourceType, &str)| {
            is_taken(text).then(|| {
                let field = if source_type == SourceType::Files { "files.destination" } else { "mysql.destination" };
                FieldError::new(field, "is where another schedule keeps its points; each needs a directory of its own")
            })
        };
        Ok(draft.destinations().filter_map(problem).collect())
    }
}

/// What makes a destination one place: a path on one server, or on a storage that any server may reach.
fn place(server_id: i64, destination: Destination) -> (Option<i64>, Destination) {
    (destination.storage.is_none().then_some(server_id), destination)
}

fn allow(viewer: &Viewer, permission: Permission) -> Result<(), InventoryError> {
    if viewer.may(permission) { Ok(()) } else { Err(InventoryError::Forbidden) }
}

fn check_server(draft: &ServerDraft) -> Result<(), InventoryError> {
    let mut problems = draft.problems();
    if let Some(Err(cause)) = draft.private_key.as_deref().map(check_private_key) {
        problems
            .push(FieldError::new("private_key", format!("expected an OpenSSH private key without a passphrase: {}", cause_words(&cause))));
    }
    if problems.is_empty() { Ok(()) } else { Err(InventoryError::Invalid(problems)) }
}

fn taken_name(cause: StoreError) -> InventoryError {
    if cause.is_duplicate() { InventoryError::Invalid(vec![FieldError::new("name", "is taken")]) } else { cause.into() }
}
