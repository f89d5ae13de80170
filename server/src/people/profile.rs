//! What people do with their own accounts: password, sessions, second factor. Never with a token.

use app::model::{FieldError, LogStatus, OpenSession, Timestamp, User};
use qrcode::{Color, QrCode};

use super::{Actor, People, PeopleError, invalid, row};
use crate::auth::{SESSION_IDLE_MS, password_problem, totp};
use crate::store::accounts::{self, Account};
use crate::store::{people, second_factor, sessions};

/// What somebody sees of the own account.
#[derive(Debug, Clone)]
pub struct Profile {
    pub user: User,
    pub sessions: Vec<OpenSession>,
    pub recovery_codes_left: i64,
    /// Until when the password is good, if the panel has made it.
    pub password_until: Option<Timestamp>,
}

/// A second factor that is to be set up: shown until a code of it was given.
#[derive(Debug, Clone)]
pub struct NewFactor {
    /// The seed to type in.
    pub words: String,
    /// The same as a QR code: the path of its dark squares, and how many squares it is wide.
    pub squares: String,
    pub width: usize,
}

impl People {
    pub async fn profile(&self, actor: &Actor) -> Result<Profile, PeopleError> {
        let database = &self.accounts.database;
        let (id, now) = (actor.viewer.user_id, self.accounts.clock.now());
        let users = people::users(database).await?;
        Ok(Profile {
            user: users.into_iter().find(|user| user.id == id).ok_or(PeopleError::NotFound)?,
            sessions: sessions::list(database, id, actor.session(), now, now.plus_millis(-SESSION_IDLE_MS)).await?,
            recovery_codes_left: second_factor::recovery_codes_left(database, id).await?,
            password_until: accounts::find_by_id(database, id).await?.and_then(|account| account.password_until),
        })
    }

    async fn own_account(&self, actor: &Actor) -> Result<Account, PeopleError> {
        actor.allow_in_person()?;
        accounts::find_by_id(&self.accounts.database, actor.viewer.user_id).await?.ok_or(PeopleError::NotFound)
    }

    /// Whether it is really them who sit at an open session.
    async fn check_own_password(&self, actor: &Actor, account: &Account, password: String) -> Result<(), PeopleError> {
        if self.accounts.passwords.verify(password, Some(account.password_hash.clone())).await? {
            return Ok(());
        }
        let mut change = self.accounts.trail.begin().await?;
        change.log(row(actor, LogStatus::Warning, "gave a wrong password for a change of the own account"));
        change.commit().await?;
        Err(invalid("current", "this is not your password"))
    }

    /// Changes the own password and ends every other session.
    pub async fn change_own_password(&self, actor: &Actor, current: String, new: String) -> Result<(), PeopleError> {
        let account = self.own_account(actor).await?;
        let session = actor.allow_in_person()?.to_vec();
        if let Some(reason) = password_problem(&new, &account.username) {
            return Err(invalid("password", reason));
        }
        if current == new {
            return Err(invalid("password", "expected another one than before"));
        }
        self.check_own_password(actor, &account, current).await?;
        let hash = self.accounts.passwords.hash(new).await?;
        let mut change = self.accounts.trail.begin().await?;
        if !accounts::replace_password(change.tx(), account.id, &account.password_hash, &hash).await? {
            return Err(PeopleError::Conflict("the password was changed meanwhile; sign in again"));
        }
        accounts::set_password(change.tx(), account.id, &hash, self.accounts.clock.now(), None).await?;
        sessions::end_all(change.tx(), account.id, Some(session)).await?;
        self.commit(change, actor, "changed the own password and ended every other session").await?;
        Ok(())
    }

    /// Ends one of the own sessions, by the name it has in forms. Whoever found a session open does not throw its owner out.
    pub async fn end_own_session(&self, actor: &Actor, password: String, id: &str) -> Result<(), PeopleError> {
        let account = self.own_account(actor).await?;
        self.check_own_password(actor, &account, password).await?;
        let own = self.profile(actor).await?.sessions;
        let found = own.iter().find(|session| session.id == id).ok_or(PeopleError::NotFound)?;
        let hash = from_hex(id).ok_or(PeopleError::NotFound)?;
        let mut change = self.accounts.trail.begin().await?;
        if !sessions::end_of(change.tx(), actor.viewer.user_id, hash).await? {
            return Err(PeopleError::NotFound);
        }
        self.commit(change, actor, format!("ended an own session, {} from {}", found.browser, found.address)).await?;
        Ok(())
    }

    /// Ends every session of one's own but this one.
    pub async fn end_other_sessions(&self, actor: &Actor, password: String) -> Result<(), PeopleError> {
        let session = actor.allow_in_person()?.to_vec();
        let account = self.own_account(actor).await?;
        self.check_own_password(actor, &account, password).await?;
        let mut change = self.accounts.trail.begin().await?;
        sessions::end_all(change.tx(), actor.viewer.user_id, Some(session)).await?;
        self.commit(change, actor, "ended every other session of the own account").await?;
        Ok(())
    }

    /// Begins to set up a second factor. It counts once a code of it was given.
    pub async fn propose_factor(&self, actor: &Actor) -> Result<NewFactor, PeopleError> {
        let account = self.own_account(actor).await?;
        let seed = totp::new_seed();
        let mut change = self.accounts.trail.begin().await?;
        let sealed = self.accounts.seal_seed(account.id, &seed);
        if !second_factor::propose(change.tx(), account.id, sealed).await? {
            return Err(PeopleError::Conflict("a second factor is set up already; remove it first"));
        }
        change.commit().await?;
        Ok(shown(&seed, &account.username))
    }

    /// The second factor that is being set up, to be shown once more.
    pub async fn proposed_factor(&self, actor: &Actor) -> Result<NewFactor, PeopleError> {
        let account = self.own_account(actor).await?;
        let (sealed, confirmed) = account.totp.as_ref().ok_or(PeopleError::NotFound)?;
        if *confirmed {
            return Err(PeopleError::NotFound);
        }
        Ok(shown(&self.accounts.seed(account.id, sealed)?, &account.username))
    }

    /// Lets the second factor count and gives the recovery codes: this once.
    pub async fn confirm_factor(&self, actor: &Actor, password: String, code: &str) -> Result<Vec<String>, PeopleError> {
        let account = self.own_account(actor).await?;
        self.check_own_password(actor, &account, password).await?;
        let (sealed, _) = account.totp.as_ref().filter(|(_, confirmed)| !confirmed).ok_or(PeopleError::NotFound)?;
        let seed = self.accounts.seed(account.id, sealed)?;
        let now = self.accounts.clock.now();
        let plain: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let Some(step) = totp::step_of_code(&seed, &plain, now) else {
            return Err(invalid("code", "this is not the code of now; check the clock of the phone"));
        };
        let mut change = self.accounts.trail.begin().await?;
        if !second_factor::confirm(change.tx(), account.id, sealed, step, now).await? {
            return Err(PeopleError::Conflict("another set-up was begun meanwhile; begin again"));
        }
        let codes = self.accounts.new_recovery_codes(&mut change, account.id).await?;
        self.commit(change, actor, "set up a second factor").await?;
        Ok(codes)
    }

    /// Takes the own second factor away: with password and code.
    pub async fn remove_factor(&self, actor: &Actor, password: String, code: &str) -> Result<(), PeopleError> {
        let account = self.own_account(actor).await?;
        self.check_own_password(actor, &account, password).await?;
        let mut change = self.accounts.trail.begin().await?;
        if self.accounts.use_code(&mut change, &account, code).await?.is_none() {
            change.log(row(actor, LogStatus::Warning, "gave a wrong code to remove the own second factor"));
            change.commit().await?;
            return Err(PeopleError::Invalid(vec![FieldError::new("code", "this is not a code that is good now, or it was used already")]));
        }
        second_factor::remove(change.tx(), account.id).await?;
        self.commit(change, actor, "removed the own second factor").await?;
        Ok(())
    }

    /// Replaces the recovery codes: with a code of the authenticator or one that is left.
    pub async fn renew_recovery_codes(&self, actor: &Actor, code: &str) -> Result<Vec<String>, PeopleError> {
        let account = self.own_account(actor).await?;
        let mut change = self.accounts.trail.begin().await?;
        if self.accounts.use_code(&mut change, &account, code).await?.is_none() {
            change.log(row(actor, LogStatus::Warning, "gave a wrong code for new recovery codes"));
            change.commit().await?;
            return Err(PeopleError::Invalid(vec![FieldError::new("code", "this is not a code that is good now, or it was used already")]));
        }
        let codes = self.accounts.new_recovery_codes(&mut change, account.id).await?;
        self.commit(change, actor, "made new recovery codes").await?;
        Ok(codes)
    }
}

fn shown(seed: &[u8], username: &str) -> NewFactor {
    let words = totp::seed_words(seed);
    let Ok(code) = QrCode::new(totp::address(seed, username)) else {
        // Never at the lengths that a user's name has; the words are enough.
        return NewFactor { words, squares: String::new(), width: 0 };
    };
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
    let squares = dark.fold(String::new(), |path, (n, _)| path + &format!("M{} {}h1v1h-1z", n % width, n / width));
    NewFactor { words, squares, width }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    text.as_bytes().chunks(2).map(byte).collect()
}
