//! Searches against the plainest model of them: every text of every module is looked into.

use std::sync::Arc;

use super::contents::Contents;
use super::pages::Scope;
use super::ranked::{Fit, SearchWord};
use super::search::ModuleFilter;
use super::tests::{Choices, history, projects};
use super::words::Indexed;
use crate::domain::ProjectId;
use crate::domain::identity::Project;
use crate::store::Note;

const WORDS: [&str; 26] = [
    "vpc",
    "v",
    "peer",
    "vpc-peering",
    "c-p",
    "subnet",
    "NET",
    "dns",
    "a",
    "b_c",
    "_",
    "-",
    "aws",
    "oo",
    "vpc/aws",
    "c/a",
    "/null",
    "acme",
    "acme/vpc",
    "e/v",
    "beta/s",
    "network",
    "zone,",
    "every",
    "absent",
    "\0",
];
const DESCRIPTIONS: [&str; 5] =
    ["", "Makes a Network with every zone, and a VPC.", "a\tb\nc", "Für Ärzte", "net"];

/// A module of the model.
#[derive(Clone, PartialEq)]
struct Known {
    project: Project,
    /// `vpc/aws` in lower case.
    key: String,
    description: String,
}

impl Known {
    fn name(&self) -> &str {
        self.key.split('/').next().unwrap()
    }

    fn namespace(&self) -> String {
        self.project.path.key().split('/').next().unwrap().to_owned()
    }

    /// How well it fits a word.
    fn fit(&self, word: &str) -> Option<Fit> {
        let described =
            if self.description.is_empty() { &self.project.description } else { &self.description };
        let described = described.to_lowercase();
        let is_across = word
            .split_once('/')
            .is_some_and(|(end, start)| self.namespace().ends_with(end) && self.key.starts_with(start));
        if self.name() == word {
            Some(Fit::Name)
        } else if self.name().starts_with(word) {
            Some(Fit::Beginning)
        } else if self.key.contains(word) {
            Some(Fit::Inside)
        } else if described.split_whitespace().any(|text| text.contains(word))
            || self.namespace().contains(word)
            || is_across
        {
            Some(Fit::Description)
        } else {
            None
        }
    }
}

/// Projects with descriptions, modules of which some have their own, all of which changed at times.
fn changed(seed: u64) -> (Contents, Vec<Known>) {
    let (mut contents, rows) = history(seed, 300);
    let mut choices = Choices(seed);
    let mut places = projects();
    for round in 0..3 {
        for project in &mut places {
            project.description = choices.of(&["", "every Zone,", "About DNS"]).to_owned();
            if round == 2 && project.id == ProjectId(4) {
                project.path = "Betamax/network".parse().unwrap();
            }
            contents.follow(vec![Note::Project(Box::new(project.clone()))]);
        }
    }
    let mut model: Vec<Known> = Vec::new();
    for row in rows {
        let project = places.iter().find(|project| project.id == row.project.id).unwrap().clone();
        let known = Known { project, key: row.name, description: String::new() };
        if !model.contains(&known) {
            model.push(known);
        }
    }
    for known in &mut model {
        for _ in 0..2 {
            known.description = choices.of(&DESCRIPTIONS).to_owned();
            let (name, system) = known.key.split_once('/').unwrap();
            contents.follow(vec![Note::Described {
                project: known.project.id,
                name: name.parse().unwrap(),
                system: system.parse().unwrap(),
                description: known.description.clone(),
            }]);
        }
    }
    model.sort_by_cached_key(|known| (known.namespace(), known.key.replace('/', "\0"), known.project.id));
    (contents, model)
}

fn words_of(choices: &mut Choices, count: usize) -> Vec<String> {
    (0..count).map(|_| choices.of(&WORDS).to_lowercase()).collect()
}

#[test]
fn a_search_finds_and_orders_what_looking_into_every_text_does() {
    for seed in [41, 43, 47] {
        let (contents, model) = changed(seed);
        let selected = contents.select(Scope::Everything, |project| project.id != ProjectId(1));
        let seen: Vec<&Known> = model.iter().filter(|known| known.project.id != ProjectId(1)).collect();
        let mut choices = Choices(seed);
        for round in 0..400 {
            let words = words_of(&mut choices, 1 + round % 3);
            let mut expected: Vec<(u16, String)> = Vec::new();
            for known in &seen {
                let fits: Option<Vec<Fit>> = words.iter().map(|word| known.fit(word)).collect();
                let Some(fits) = fits else { continue };
                let best = fits.iter().map(|fit| *fit as u16).min().unwrap();
                let sum: u16 = fits.iter().map(|fit| *fit as u16).sum();
                expected.push((best * 64 + sum, format!("{} {}", known.project.id, known.key)));
            }
            expected.sort_by_key(|(rank, _)| *rank);
            let words: Vec<SearchWord> = words
                .into_iter()
                .map(|text| SearchWord { text, indexed: Arc::new(Indexed::default()) })
                .collect();
            for (offset, limit) in [(0, 3), (2, 4), (0, 1_000), (1_000, 5)] {
                let found = contents.search(&selected, &words, (offset, limit), 10);
                let page: Vec<_> =
                    found.sure.iter().map(|m| (m.rank(), format!("{} {}", m.project, m.module))).collect();
                let slice: Vec<_> = expected.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(page, slice, "{words:?} from {offset}");
                assert_eq!(found.sure_total, expected.len(), "{words:?}");
            }
        }
    }
}

#[test]
fn a_list_shows_one_module_an_address_and_the_nearest_first() {
    for seed in [53, 59] {
        let (contents, model) = changed(seed);
        let mut choices = Choices(seed);
        for round in 0..400 {
            let words = words_of(&mut choices, round % 3);
            let name = (round % 5 == 0).then(|| choices.of(&["vpc", "dns", "absent"]).to_owned());
            let systems = if round % 7 == 0 { vec!["aws".to_owned(), "null".to_owned()] } else { Vec::new() };
            let mut expected: Vec<(u16, String)> = Vec::new();
            for known in &model {
                let fits = words.iter().map(|word| known.fit(word)).collect::<Option<Vec<Fit>>>();
                let Some(_) = fits else { continue };
                let (own_name, system) = known.key.split_once('/').unwrap();
                let is_wanted = name.as_deref().is_none_or(|name| name == own_name)
                    && (systems.is_empty() || systems.iter().any(|wanted| wanted == system));
                let shown = format!("{}/{}", known.project.root(), known.key);
                if !is_wanted || expected.iter().any(|(_, other)| *other == shown) {
                    continue;
                }
                let nearness = |word: &String| match own_name.find(word.as_str()) {
                    Some(0) if own_name == word => 0,
                    Some(0) => 1,
                    Some(_) => 2,
                    None => 3,
                };
                expected.push((words.iter().map(nearness).min().unwrap_or(3), shown));
            }
            expected.sort_by_key(|(rank, _)| *rank);
            let filter = ModuleFilter { words: words.join(" "), name, systems };
            for (offset, limit) in [(0, 3), (1, 4), (0, 1_000), (1_000, 5)] {
                let selected = contents.select(Scope::Everything, |_| true);
                let (page, total) = contents.modules(selected, &filter, offset, limit);
                let page: Vec<_> =
                    page.into_iter().map(|m| format!("{}/{}/{}", m.root, m.name, m.system)).collect();
                let slice: Vec<_> =
                    expected.iter().skip(offset).take(limit).map(|(_, shown)| shown.clone()).collect();
                assert_eq!((page, total), (slice, expected.len()), "{filter:?} from {offset}");
            }
        }
    }
}
