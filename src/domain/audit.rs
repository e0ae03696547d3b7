//! The audit log: who did what to what, or was refused. Entries are kept as the JSON text they are written in, so that
//! anyone can check the chain over them without knowing their shape.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::UserId;
use super::credential::{Token, TokenOwner, may_hold_token};
use super::identity::{Group, GroupKind, Project, User};
use super::package::Package;
use super::trusted_publisher::TrustedPublisher;

/// Characters of a name or a value in an entry at most. More is cut and ends in `…`.
const MAX_TEXT: usize = 255;
/// Bytes of an entry's text at most. Beyond it is kept without its details.
const MAX_ENTRY: usize = 16 * 1024;

/// An enum of words that are kept, sent and asked for.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`.")] #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word it is kept as.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one of that word.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }
    };
}

words! {
    /// What was done. The words are stable: scripts and alarms look for them.
    Action {
        PackagePublished = "package.published",
        PackageDeleted = "package.deleted",
        PackageFileDeleted = "package_file.deleted",
        ProjectCreated = "project.created",
        ProjectChanged = "project.changed",
        ProjectMoved = "project.moved",
        ProjectDeleted = "project.deleted",
        GroupCreated = "group.created",
        GroupChanged = "group.changed",
        GroupMoved = "group.moved",
        GroupDeleted = "group.deleted",
        UserCreated = "user.created",
        UserChanged = "user.changed",
        UserBlocked = "user.blocked",
        UserUnblocked = "user.unblocked",
        UserDeleted = "user.deleted",
        PasswordChanged = "user.password_changed",
        MemberAdded = "member.added",
        MemberChanged = "member.changed",
        MemberRemoved = "member.removed",
        PersonalTokenCreated = "personal_token.created",
        PersonalTokenRotated = "personal_token.rotated",
        PersonalTokenRevoked = "personal_token.revoked",
        DeployTokenCreated = "deploy_token.created",
        DeployTokenDeleted = "deploy_token.deleted",
        JobOpened = "ci_job.opened",
        JobClosed = "ci_job.closed",
        AllowlistAdded = "job_allowlist.added",
        AllowlistRemoved = "job_allowlist.removed",
        PublisherAdded = "trusted_publisher.added",
        PublisherRemoved = "trusted_publisher.removed",
        SettingsChanged = "settings.changed",
        SessionOpened = "session.opened",
        SessionClosed = "session.closed",
        LoginAllowed = "login.allowed",
        BlobsCollected = "blobs.collected",
        SignInFailed = "sign_in.failed",
        RequestRefused = "request.refused",
        RefusalsCounted = "request.refused_more",
        Unreadable = "entry.unreadable",
    }
}

words! {
    /// How it ended.
    Outcome {
        Done = "done",
        Refused = "refused",
    }
}

words! {
    /// What an entry can name.
    Kind {
        User = "user",
        Group = "group",
        Project = "project",
        Package = "package",
        PackageFile = "package_file",
        PersonalToken = "personal_token",
        DeployToken = "deploy_token",
        Job = "ci_job",
        Workload = "ci_workload",
        IdToken = "id_token",
        GitlabJob = "gitlab_job",
        TrustedPublisher = "trusted_publisher",
        Session = "session",
        Password = "password",
        LoginCode = "login_code",
        Operator = "operator",
        Anonymous = "anonymous",
        Instance = "instance",
        Path = "path",
    }
}

/// Something an entry names: who did it, with which credential, to what. Never the value of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// What it is.
    pub kind: Kind,
    /// Its number, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Its name or path then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl Named {
    /// Something with a name.
    pub fn new(kind: Kind, id: Option<u64>, name: &str) -> Self {
        Self { kind, id, name: cut(name) }
    }

    /// Something there is one of.
    pub const fn only(kind: Kind) -> Self {
        Self { kind, id: None, name: String::new() }
    }

    /// A user.
    pub fn user(user: &User) -> Self {
        Self::new(Kind::User, Some(user.id.0), user.username.as_str())
    }

    /// A group; a user's own namespace is named as the user's.
    pub fn group(group: &Group) -> Self {
        match group.kind {
            GroupKind::Personal(UserId(user)) => Self::new(Kind::User, Some(user), group.path.as_str()),
            GroupKind::Group => Self::new(Kind::Group, Some(group.id.0), group.path.as_str()),
        }
    }

    /// A project.
    pub fn project(project: &Project) -> Self {
        Self::new(Kind::Project, Some(project.id.0), project.path.as_str())
    }

    /// A package: `vpc/aws 1.0.0`.
    pub fn package(package: &Package) -> Self {
        let name = format!("{} {}", package.full_name(), package.version);
        Self::new(Kind::Package, Some(package.id.0), &name)
    }

    /// A trusted publisher, by the name it was given.
    pub fn publisher(publisher: &TrustedPublisher) -> Self {
        Self::new(Kind::TrustedPublisher, Some(publisher.id.0), &publisher.name)
    }

    /// A token, by the name it was given.
    pub fn token(token: &Token) -> Self {
        let kind = match token.owner {
            TokenOwner::Personal { .. } => Kind::PersonalToken,
            TokenOwner::Deploy { .. } => Kind::DeployToken,
        };
        Self::new(kind, Some(token.id.0), &token.name)
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Status of the answer.
    pub status: u16,
    /// A short stable word for why.
    pub reason: String,
    /// Method of the request.
    pub method: String,
    /// The pattern of its URL.
    pub route: String,
}

/// Details of an entry, by name.
pub type Details = BTreeMap<String, Value>;

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who.
    pub actor: Named,
    /// With which credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Named>,
    /// From where: nothing for whoever has the machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In which request: its `X-Request-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// To what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Named>,
    /// The group, project or user that has the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Named>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: Details,
}

impl Entry {
    /// The text it is kept as, and that the chain is made over: one line of JSON.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        let text = serde_json::to_string(self)?;
        if text.len() <= MAX_ENTRY {
            return Ok(text);
        }
        let cut = BTreeMap::from([("details_left_out".to_owned(), Value::Bool(true))]);
        serde_json::to_string(&Self { details: cut, ..self.clone() })
    }

    /// The entry of a text. One that somebody else wrote, or altered, reads as [`Action::Unreadable`].
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_not_ours| Self {
            at: Timestamp::UNIX_EPOCH,
            action: Action::Unreadable,
            outcome: Outcome::Done,
            actor: Named::only(Kind::Anonymous),
            credential: None,
            address: None,
            request_id: None,
            target: None,
            scope: None,
            refusal: None,
            details: Details::new(),
        })
    }

    /// The group, project or user it is about; the instance, when it is about none of them.
    pub fn entity(&self) -> Named {
        let is_entity = |named: &&Named| matches!(named.kind, Kind::User | Kind::Group | Kind::Project);
        let found = [&self.scope, &self.target].into_iter().flatten().find(is_entity);
        found.cloned().unwrap_or(Named::only(Kind::Instance))
    }

    /// The number of the user who did it, if a user did.
    pub fn author(&self) -> Option<UserId> {
        (self.actor.kind == Kind::User).then_some(self.actor.id).flatten().map(UserId)
    }

    /// Whether a text is part of the name of what it is about.
    pub fn is_about(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let named = [&self.target, &self.scope].into_iter().flatten();
        named.map(|named| named.name.to_lowercase()).any(|name| name.contains(&text))
    }
}

/// What changed of a thing: each attribute that is another, with its value before and after.
#[derive(Debug, Default)]
pub struct Changes(Details);

impl Changes {
    /// Adds an attribute, if it changed.
    #[must_use]
    pub fn of<T: PartialEq + ToString>(mut self, name: &str, before: &T, after: &T) -> Self {
        if before != after {
            let (from, to) = (cut(&before.to_string()), cut(&after.to_string()));
            self.0.insert(name.to_owned(), serde_json::json!({ "from": from, "to": to }));
        }
        self
    }

    /// As a detail of an entry.
    pub fn into_value(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A text of bounded length. What could be a token of ours is left out whole: people paste them where they do not belong.
pub fn cut(text: &str) -> String {
    if may_hold_token(text) {
        return "(left out: it may hold a token)".to_owned();
    }
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::credential::TokenKind;
    use super::*;

    fn entry() -> Entry {
        Entry {
            at: "2026-03-01T10:00:00.25Z".parse().unwrap(),
            action: Action::ProjectChanged,
            outcome: Outcome::Done,
            actor: Named::new(Kind::User, Some(1), "root"),
            credential: Some(Named::new(Kind::PersonalToken, Some(7), "laptop")),
            address: Some("192.0.2.1".to_owned()),
            request_id: Some("00000001-00000002".to_owned()),
            target: Some(Named::new(Kind::Project, Some(3), "acme/Network")),
            scope: None,
            refusal: None,
            details: Details::new(),
        }
    }

    #[test]
    fn an_entry_is_one_line_that_reads_as_the_same() {
        let text = entry().text().unwrap();
        assert_eq!(
            text,
            r#"{"at":"2026-03-01T10:00:00.25Z","action":"project.changed","outcome":"done","actor":{"kind":"user","id":1,"name":"root"},"credential":{"kind":"personal_token","id":7,"name":"laptop"},"address":"192.0.2.1","request_id":"00000001-00000002","target":{"kind":"project","id":3,"name":"acme/Network"}}"#
        );
        assert_eq!(Entry::read(&text), entry());
        assert_eq!(Entry::read("{}").action, Action::Unreadable);
    }

    #[test]
    fn texts_are_bounded_and_hold_no_token() {
        assert_eq!(cut(&"é".repeat(300)), "é".repeat(255) + "…");
        let token = TokenKind::Personal.print([7; 32]);
        assert!(!cut(&format!("my {token}!")).contains("pat"));
        assert_eq!(cut("cairn_pat_modules"), "cairn_pat_modules", "a name");
        let mut large = entry();
        for number in 0..1_000 {
            large.details.insert(format!("a{number}"), "x".repeat(200).into());
        }
        assert!(large.text().unwrap().len() < MAX_ENTRY);
    }

    #[test]
    fn only_what_changed_is_told() {
        let changes = Changes::default().of("name", &"a", &"b").of("size", &1, &1);
        assert_eq!(changes.into_value(), serde_json::json!({ "name": { "from": "a", "to": "b" } }));
    }

    #[test]
    fn an_entry_is_about_the_place_that_has_its_target() {
        let package = Named::new(Kind::Package, Some(9), "vpc/aws 1.0.0");
        let mut entry = Entry { target: Some(package), ..entry() };
        assert_eq!(entry.entity().kind, Kind::Instance);
        entry.scope = Some(Named::new(Kind::Project, Some(3), "acme/Network"));
        assert_eq!((entry.entity().kind, entry.entity().id), (Kind::Project, Some(3)));
        assert!(entry.is_about("NETW") && entry.is_about("vpc/") && !entry.is_about("root"));
    }

    #[test]
    fn every_action_is_found_by_its_name() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.as_str()), Some(*action));
        }
    }
}
