//! One of everything that is stored: what golden vectors and old databases are made of.

use cairn::domain::audit::{Action, Details, Entry, Kind, Named, Outcome};
use cairn::domain::ci::CiJob;
use cairn::domain::claims::ClaimPatterns;
use cairn::domain::credential::{DeployScope, PersonalScope, Token, TokenOwner};
use cairn::domain::event::{PackageAction, PackageEvent};
use cairn::domain::identity::{
    Group, GroupKind, Holder, InstanceSettings, Membership, Project, RegistryAccess, Role, User, Visibility,
};
use cairn::domain::manifest::{
    Input, Manifest, ModuleCall, ModulePart, Output, ProviderRequirement, Resource,
};
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status, Warning, WarningCode};
use cairn::domain::provenance::{JobRun, Pipeline, Provenance, VerifiedBy};
use cairn::domain::session::Session;
use cairn::domain::trusted_publisher::TrustedPublisher;
use cairn::domain::webhook::{Attempt, Delivery, DeliveryState, EventKind, Subscriptions, Webhook};
use cairn::domain::words::{Use, Uses, Word};
use cairn::domain::{
    DeliveryId, FileId, GroupId, HookId, JobId, PackageId, ProjectId, PublisherId, Sha256, TokenId, UserId,
};
use cairn::store::tables::{ModuleText, ModuleWords};
use cairn::store::{
    Change, Store, StoreError, ci_jobs, credentials, identity, packages, sessions, trusted_publishers,
};
use jiff::Timestamp;

/// A fixed time.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time in range")
}

pub(crate) fn user() -> User {
    User {
        id: UserId(1),
        username: "Ada".parse().expect("a user name"),
        name: "Ada L.".to_owned(),
        email: "ada@acme.example".to_owned(),
        namespace: GroupId(1),
        admin: true,
        can_create_group: false,
        blocked: true,
        password_hash: Some("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        created_at: at(1),
    }
}

pub(crate) fn namespace() -> Group {
    Group {
        id: GroupId(1),
        kind: GroupKind::Personal(UserId(1)),
        ancestors: vec![],
        path: "Ada".parse().expect("a path"),
        name: "Ada L.".to_owned(),
        description: String::new(),
        visibility: Visibility::Public,
        duplicates: DuplicatesRule::default(),
        created_at: at(1),
    }
}

pub(crate) fn root_group() -> Group {
    Group {
        id: GroupId(2),
        kind: GroupKind::Group,
        ancestors: vec![],
        path: "acme".parse().expect("a path"),
        name: "Acme".to_owned(),
        description: "Everything of Acme".to_owned(),
        visibility: Visibility::Internal,
        duplicates: DuplicatesRule { allowed: true, exception_regex: "vpc/.*".to_owned() },
        created_at: at(2),
    }
}

pub(crate) fn group() -> Group {
    Group {
        id: GroupId(300),
        kind: GroupKind::Group,
        ancestors: vec![GroupId(2)],
        path: "acme/Platform".parse().expect("a path"),
        name: "Platform".to_owned(),
        description: String::new(),
        visibility: Visibility::Private,
        duplicates: DuplicatesRule::default(),
        created_at: at(3),
    }
}

pub(crate) fn project() -> Project {
    Project {
        id: ProjectId(7),
        groups: vec![GroupId(2), GroupId(300)],
        path: "acme/Platform/Modules".parse().expect("a path"),
        name: "Modules".to_owned(),
        description: "Shared modules".to_owned(),
        visibility: Visibility::Private,
        registry: RegistryAccess::Public,
        creator: Some(UserId(1)),
        created_at: at(4),
    }
}

pub(crate) fn membership() -> Membership {
    Membership {
        holder: Holder::Group(GroupId(300)),
        user: UserId(1),
        role: Role::Maintainer,
        expires_at: Some(at(86_400)),
        created_at: at(5),
    }
}

pub(crate) fn personal_token() -> Token {
    Token {
        id: TokenId(1),
        name: "laptop".to_owned(),
        owner: TokenOwner::Personal {
            user: UserId(1),
            scopes: vec![PersonalScope::Api, PersonalScope::ReadApi],
        },
        hash: Sha256::new([0xA5; 32]),
        expires_at: None,
        revoked: true,
        created_at: at(6),
    }
}

pub(crate) fn deploy_token() -> Token {
    Token {
        id: TokenId(2),
        name: "ci".to_owned(),
        owner: TokenOwner::Deploy {
            holder: Holder::Project(ProjectId(7)),
            username: "deploy".to_owned(),
            scopes: vec![DeployScope::ReadPackageRegistry, DeployScope::WritePackageRegistry],
        },
        hash: Sha256::new([0x5A; 32]),
        expires_at: Some(at(1_000_000)),
        revoked: false,
        created_at: at(7),
    }
}

pub(crate) fn session() -> Session {
    Session { user: UserId(1), created_at: at(9), last_used_at: at(70) }
}

pub(crate) fn package() -> Package {
    Package {
        id: PackageId(11),
        project: ProjectId(7),
        root: GroupId(2),
        name: "Vpc".parse().expect("a module name"),
        system: "aws".parse().expect("a system"),
        version: "1.2.3-rc.1+build.5".parse().expect("a version"),
        status: Status::Default,
        created_at: at(8),
        publisher: Publisher::User(UserId(1), TokenId(1)),
        warnings: vec![
            Warning { code: WarningCode::Link, path: "a/link".to_owned(), message: "a link".to_owned() },
            Warning { code: WarningCode::Incomplete, path: String::new(), message: "cut".to_owned() },
        ],
    }
}

pub(crate) fn file() -> PackageFile {
    PackageFile {
        id: FileId(12),
        package: PackageId(11),
        file_name: "Vpc-aws-1.2.3-rc.1+build.5.tgz".to_owned(),
        size: 70_000,
        sha256: Sha256::new([0x11; 32]),
        created_at: at(8),
    }
}

pub(crate) fn module_text() -> ModuleText {
    ModuleText { package: package().id, version: package().version, description: manifest().description() }
}

/// The words of the sample's module: everything it has, it has in its submodule.
pub(crate) fn module_words() -> ModuleWords {
    let word = |text: &str, one| Word { text: text.to_owned(), uses: Uses::of(one) };
    let words = vec![
        word("aws", Use::Provider),
        word("aws_vpc", Use::Resource),
        word("cidr", Use::Input),
        word("hashicorp/aws", Use::Provider),
        word("id", Use::Output),
    ];
    ModuleWords { words }
}

pub(crate) fn manifest() -> Manifest {
    let part = ModulePart {
        path: "modules/subnet".to_owned(),
        readme: Some("# Subnet\n".to_owned()),
        inputs: vec![Input {
            name: "cidr".to_owned(),
            r#type: "string".to_owned(),
            description: "The range".to_owned(),
            default: Some("\"10.0.0.0/16\"".to_owned()),
            required: false,
            sensitive: true,
        }],
        outputs: vec![Output { name: "id".to_owned(), description: "Its id".to_owned(), sensitive: false }],
        resources: vec![Resource { name: "this".to_owned(), r#type: "aws_vpc".to_owned(), data: true }],
        providers: vec![ProviderRequirement {
            name: "aws".to_owned(),
            source: "hashicorp/aws".to_owned(),
            version: ">= 5".to_owned(),
        }],
        required_version: vec![">= 1.5".to_owned()],
        calls: vec![ModuleCall {
            name: "inner".to_owned(),
            source: "./inner".to_owned(),
            version: String::new(),
        }],
    };
    Manifest { root: ModulePart::default(), submodules: vec![part.clone()], examples: vec![part] }
}

pub(crate) fn event() -> PackageEvent {
    PackageEvent {
        at: at(8),
        action: PackageAction::Published,
        actor: Publisher::DeployToken(TokenId(2)),
        project: ProjectId(7),
        name: "Vpc".parse().expect("a module name"),
        system: "aws".parse().expect("a system"),
        version: "1.2.3-rc.1+build.5".parse().expect("a version"),
        sha256: Sha256::new([0x11; 32]),
    }
}

pub(crate) fn settings() -> InstanceSettings {
    InstanceSettings {
        registry_enabled: true,
        allow_anyone_to_pull: false,
        default_project_visibility: Visibility::Internal,
        default_group_visibility: Visibility::Private,
        max_file_size: 5_000_000_000,
    }
}

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn pipeline() -> Pipeline {
    Pipeline {
        id: 70_000,
        iid: Some(5),
        web_url: Some("https://gitlab.example/acme/vpc/-/pipelines/70000".parse().expect("a URL")),
        source: Some("push".parse().expect("a line")),
    }
}

fn run() -> JobRun {
    JobRun {
        name: Some("publish".parse().expect("a line")),
        web_url: Some("https://gitlab.example/acme/vpc/-/jobs/99".parse().expect("a URL")),
    }
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        verified_by: VerifiedBy::Issuer("https://gitlab.example".to_owned()),
        pipeline: Some(pipeline()),
        job: Some(run()),
        git_ref: Some("v1.2.3".parse().expect("a line")),
        sha: Some(SHA.parse().expect("a commit")),
        commit_url: Some(format!("https://gitlab.example/acme/vpc/-/commit/{SHA}").parse().expect("a URL")),
        source_project: Some("acme/vpc".parse().expect("a line")),
        user: Some("ada".parse().expect("a line")),
    }
}

pub(crate) fn ci_job() -> CiJob {
    CiJob {
        id: JobId(5),
        project: ProjectId(7),
        user: UserId(1),
        hash: Sha256::new([0x77; 32]),
        git_ref: "main".parse().expect("a line"),
        sha: SHA.parse().expect("a commit"),
        pipeline: pipeline(),
        run: run(),
        created_at: at(10),
        expires_at: at(3_610),
        closed_at: Some(at(70)),
    }
}

pub(crate) fn trusted_publisher() -> TrustedPublisher {
    let claims = [("project_path", "acme/vpc"), ("ref", "v*")];
    TrustedPublisher {
        id: PublisherId(6),
        project: ProjectId(7),
        name: "releases of acme/vpc".to_owned(),
        issuer: "https://gitlab.example".parse().expect("an issuer"),
        claims: ClaimPatterns::parse(claims).expect("patterns"),
        role: Role::Developer,
        once: true,
        created_by: Some(UserId(1)),
        created_at: at(11),
    }
}

pub(crate) fn audit_entry() -> Entry {
    Entry {
        at: at(10),
        action: Action::ProjectDeleted,
        outcome: Outcome::Done,
        actor: Named::user(&user()),
        credential: Some(Named::token(&personal_token())),
        address: Some("192.0.2.1".to_owned()),
        request_id: Some("00000001-00000002".to_owned()),
        target: Some(Named::new(Kind::Project, Some(7), "acme/Platform/Modules")),
        scope: None,
        refusal: None,
        details: Details::from([("packages".to_owned(), 3.into())]),
    }
}

pub(crate) fn webhook() -> Webhook {
    Webhook {
        id: HookId(3),
        project: ProjectId(7),
        url: "https://hooks.example/cairn?room=1".parse().expect("a URL"),
        name: "chat".to_owned(),
        secret: "a-secret-of-the-tests".parse().expect("a secret"),
        events: Subscriptions { packages: true, settings: false },
        created_by: Some(UserId(1)),
        created_at: at(10),
        failing_since: Some(at(20)),
        disabled: Some("nothing was taken".to_owned()),
    }
}

pub(crate) fn delivery() -> Delivery {
    Delivery {
        id: DeliveryId(300),
        hook: HookId(3),
        kind: EventKind::ProjectChanged,
        message: "msg_0123456789abcdef0123456789abcdef".to_owned(),
        body: "{\"event\":\"project.changed\"}".to_owned(),
        created_at: at(15),
        due_at: at(30),
        state: DeliveryState::Waiting,
        attempts: 1,
        last: Some(Attempt {
            at: at(20),
            status: Some(500),
            error: Some("the receiver answered 500".to_owned()),
        }),
    }
}

/// Writes all of it in one change.
pub(crate) async fn fill(store: &Store) -> Result<(), StoreError> {
    store.write(fill_change).await
}

fn fill_change(change: &mut Change<'_>) -> Result<(), StoreError> {
    identity::put_settings(change, &settings())?;
    identity::put_user(change, &user())?;
    for group in [namespace(), root_group(), group()] {
        identity::put_group(change, &group)?;
    }
    identity::put_project(change, &project())?;
    identity::put_membership(change, &membership())?;
    credentials::put(change, &personal_token())?;
    credentials::put(change, &deploy_token())?;
    sessions::put(change, &Sha256::new([0x33; 32]), &session())?;
    credentials::put_secret_key(change, "ticket", [7; 32])?;
    packages::put(change, &package(), &file(), packages::Declared::of(&manifest())?)?;
    packages::put_provenance(change, package().id, &provenance())?;
    packages::put_event(change, &event(), Some(&provenance()))?;
    ci_jobs::put(change, &ci_job())?;
    trusted_publishers::put(change, &trusted_publisher())?;
    trusted_publishers::spend(change, &Sha256::new([0x66; 32]), at(400), at(12))
}
