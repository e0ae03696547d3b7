//! Pages that were shown before, after everything that could alter them: they are what nobody was shown yet.

use jiff::civil::Date;

use super::super::fixture::ci::new_job;
use super::super::fixture::publishing::Fake;
use super::super::fixture::{World, at_group, at_project};
use super::*;
use crate::domain::identity::{Project, User};
use crate::domain::{PackageId, RegistryAccess, Role, Visibility};
use crate::service::groups::GroupChange;
use crate::service::identity::UserChange;
use crate::service::members::End;
use crate::service::modules::Address;
use crate::service::projects::ProjectChange;
use crate::service::settings::SettingsChange;
use crate::service::{Caller, Options};

const DAY: i64 = 24 * 3600;
/// More rows than there are.
const ENOUGH: usize = 40;

struct Stage {
    world: World,
    open: Project,
    hidden: Project,
    dev: User,
    first: PackageId,
    callers: Vec<(&'static str, Caller)>,
}

/// A public and a private project that share a module, and people who see the latter: one for some days only.
async fn stage() -> Stage {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let open = world.project("acme/open", Visibility::Public).await;
    let hidden = world.project("acme/hidden", Visibility::Private).await;
    let (dev, visitor, stranger) =
        (world.user("dev").await, world.user("visitor").await, world.user("stranger").await);
    world.join(&at_project("acme/hidden"), &dev, Role::Developer).await;
    let (user, place) = (visitor.user().unwrap().id, at_project("acme/hidden"));
    let end = End::On(tomorrow(&world));
    world.registry.add_member(&Caller::Operator, place, user, Role::Reporter, end).await.unwrap();
    let first = world.publish_fake(&open, "vpc/aws", "1.0.0", Fake::by(&dev)).await;
    world.publish(&open, "net/aws", "1.0.0").await;
    let secret = Fake::declaring("About the merger of every vpc.", &["merger_code"], &[]);
    world.publish_fake(&hidden, "merger/aws", "1.0.0", secret).await;
    world.publish(&hidden, "vpc/aws", "2.0.0").await;
    let job = world.registry.open_job(&dev, "acme/hidden", new_job()).await.unwrap();
    let job = world.as_caller(&job.secret).unwrap();
    let dev_user = dev.user().unwrap().clone();
    let callers = vec![
        ("nobody", Caller::Anonymous),
        ("operator", Caller::Operator),
        ("dev", dev),
        ("visitor", visitor),
        ("stranger", stranger),
        ("job", job),
    ];
    Stage { world, open, hidden, dev: dev_user, first, callers }
}

fn tomorrow(world: &World) -> Date {
    world.registry.now().to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap()
}

const WORDS: [&str; 3] = ["vpc", "merger", "about"];

fn query(words: &str, namespace: Option<&str>, limit: usize) -> ModuleQuery {
    let words = (!words.is_empty()).then(|| words.to_owned());
    ModuleQuery { words, namespace: namespace.map(str::to_owned), limit, ..ModuleQuery::default() }
}

impl Stage {
    /// What a caller is shown to all questions, with so many rows at most.
    async fn shown_to(&self, caller: &Caller, limit: usize) -> Vec<String> {
        let mut shown = Vec::new();
        let mut queries: Vec<ModuleQuery> = WORDS.iter().map(|words| query(words, None, limit)).collect();
        queries.push(query("", Some("acme"), limit));
        queries.push(query("vpc", Some("umbrella"), limit));
        for query in queries {
            let page = self.world.registry.list_modules(caller, query.clone()).await.unwrap();
            shown.push(format!("{:?} {:?}: {page:?}", query.words, query.namespace));
        }
        for words in WORDS {
            let page = self.world.registry.search(caller, words, 0, limit).await.unwrap();
            shown.push(format!("search for {words}: {page:?}"));
        }
        shown
    }

    /// What everybody is shown who asks what was asked before, which is what they are shown who never asked it.
    async fn shown(&self, situation: &str, fresh: usize) -> Vec<Vec<String>> {
        let mut everybody = Vec::new();
        for (name, caller) in &self.callers {
            let kept = self.shown_to(caller, ENOUGH).await;
            assert_eq!(kept, self.shown_to(caller, ENOUGH + fresh).await, "{name}: {situation}");
            assert_eq!(kept, self.shown_to(caller, ENOUGH).await, "{name}, once more: {situation}");
            everybody.push(kept);
        }
        everybody
    }

    async fn change_project(&self, path: &str, change: ProjectChange) {
        self.world.registry.update_project(&Caller::Operator, path, change).await.unwrap();
    }

    async fn change(&self, situation: &str) {
        let (registry, change) = (&self.world.registry, ProjectChange::default());
        let user = self.dev.id.to_string();
        match situation {
            "a version is published" => {
                self.world.publish(&self.open, "vpc/aws", "1.1.0").await;
            }
            "a module is published" => {
                self.world.publish(&self.hidden, "vpc-peering/aws", "1.0.0").await;
            }
            "a version is deleted" => {
                registry.delete_package(&Caller::Operator, "acme/open", self.first.0).await.unwrap();
            }
            "a member is removed" => {
                let place = at_project("acme/hidden");
                registry.remove_member(&Caller::Operator, place, self.dev.id).await.unwrap();
            }
            "a member is added to the group" => {
                let (_, stranger) = self.callers.iter().find(|(name, _)| *name == "stranger").unwrap();
                self.world.join(&at_group("acme"), stranger, Role::Reporter).await;
            }
            "a role ends by the clock" => self.world.pass(3 * DAY),
            "a project is made private" => {
                let visibility = Some(Visibility::Private);
                self.change_project("acme/open", ProjectChange { visibility, ..change }).await;
            }
            "a project is made public" => {
                let visibility = Some(Visibility::Public);
                self.change_project("acme/hidden", ProjectChange { visibility, ..change }).await;
            }
            "the registry of a project is switched off" => {
                let registry = Some(RegistryAccess::Disabled);
                self.change_project("acme/open", ProjectChange { registry, ..change }).await;
            }
            "a project is described" => {
                let description = Some("About networks".to_owned());
                self.change_project("acme/open", ProjectChange { description, ..change }).await;
            }
            "a project is renamed" => {
                let path = Some("ajar".to_owned());
                self.change_project("acme/open", ProjectChange { path, ..change }).await;
            }
            "a project is deleted" => {
                registry.delete_project(&Caller::Operator, "acme/open").await.unwrap();
            }
            "the group is renamed" => {
                let change = GroupChange { path: Some("umbrella".to_owned()), ..GroupChange::default() };
                registry.update_group(&Caller::Operator, "acme", change).await.unwrap();
            }
            "who published is renamed" => {
                let username = Some("developer".parse().unwrap());
                let change = UserChange { username, ..UserChange::default() };
                registry.update_user(&Caller::Operator, &user, change).await.unwrap();
            }
            "an archive is downloaded" => {
                let address = Address { namespace: "acme", name: "net", system: "aws" };
                let archive = registry.archive(&Caller::Anonymous, address, "1.0.0").unwrap();
                registry.count_download(&archive);
                registry.flush_activity().await.unwrap();
            }
            unknown => panic!("{unknown}"),
        }
    }
}

#[tokio::test]
async fn a_change_shows_on_the_very_next_page() {
    for situation in [
        "a version is published",
        "a module is published",
        "a version is deleted",
        "a member is removed",
        "a member is added to the group",
        "a role ends by the clock",
        "a project is made private",
        "a project is made public",
        "the registry of a project is switched off",
        "a project is described",
        "a project is renamed",
        "a project is deleted",
        "the group is renamed",
        "who published is renamed",
        "an archive is downloaded",
    ] {
        let stage = stage().await;
        let before = stage.shown("before", 1).await;
        stage.change(situation).await;
        assert_ne!(stage.shown(situation, 2).await, before, "{situation} changes something");
    }
}

#[tokio::test]
async fn changes_one_after_the_other_show_as_well() {
    let stage = stage().await;
    for (round, situation) in (1..).zip([
        "an archive is downloaded",
        "a module is published",
        "a project is made public",
        "a project is described",
        "a version is published",
        "a role ends by the clock",
        "a project is renamed",
        "a member is removed",
        "the group is renamed",
    ]) {
        stage.change(situation).await;
        stage.shown(situation, round).await;
    }
}

/// Whether the page of that list is kept for a caller.
fn is_kept(world: &World, caller: &Caller, words: &str) -> bool {
    let asking = world.registry.asking(Eyes::of(caller), || Question::List(query(words, None, ENOUGH)));
    world.registry.kept_page(&asking, world.registry.now()).is_some()
}

#[tokio::test]
async fn a_page_is_kept_for_who_asked_until_something_changes() {
    let stage = stage().await;
    let ask = async |caller: &Caller| {
        stage.world.registry.list_modules(caller, query("vpc", None, ENOUGH)).await.unwrap()
    };
    let [nobody, dev] = ["nobody", "dev"].map(|name| {
        let (_, caller) = stage.callers.iter().find(|(known, _)| *known == name).unwrap();
        caller
    });
    ask(nobody).await;
    let kept = || [nobody, dev].map(|caller| is_kept(&stage.world, caller, "vpc"));
    assert_eq!(kept(), [true, false], "for nobody else");
    ask(dev).await;
    assert_eq!(kept(), [true, true]);
    let reading = stage.world.reading(dev).await;
    assert_eq!(kept(), [false, false], "a new token may be anybody's");
    ask(dev).await;
    assert!(!is_kept(&stage.world, &reading, "vpc"), "what the token allows counts as well");
    stage.world.registry.set_options(Options::default());
    assert_eq!(kept(), [false, false], "another configuration");
}

#[tokio::test]
async fn an_administrator_who_is_none_any_more_sees_as_little_as_others() {
    let Stage { world, .. } = stage().await;
    world.admin("grace").await;
    let admin = world.admin("ada").await;
    let name = admin.user().unwrap().id.to_string();
    let shown = async |caller: &Caller| {
        world.registry.list_modules(caller, query("merger", None, ENOUGH)).await.unwrap().modules.len()
    };
    assert_eq!(shown(&admin).await, 1);
    let change = UserChange { admin: Some(false), ..UserChange::default() };
    let user = world.registry.update_user(&Caller::Operator, &name, change).await.unwrap();
    // A request that was let in just before, and one of now.
    shown(&admin).await;
    let Caller::User { via, .. } = admin else { panic!("a user") };
    assert_eq!(shown(&Caller::User { user: Box::new(user), via }).await, 0);
}

#[tokio::test]
async fn who_may_pull_from_anybody_changes_with_the_settings() {
    let stage = stage().await;
    let registry = Some(RegistryAccess::Public);
    stage.change_project("acme/hidden", ProjectChange { registry, ..ProjectChange::default() }).await;
    for (round, allow) in [(1, true), (2, false), (3, true)] {
        let change = SettingsChange { allow_anyone_to_pull: Some(allow), ..SettingsChange::default() };
        stage.world.registry.update_settings(&Caller::Operator, change).await.unwrap();
        stage.shown("anybody may pull, or not", round).await;
    }
}
