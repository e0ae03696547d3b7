//! The step between two version numbers, and whether it is as large as the changes ask for.
//!
//! Rules of [SemVer 2.0](https://semver.org): a breaking change needs a major step, a feature a minor one (§6-8). Below
//! 1.0.0 anything may change (§4); there the usual reading is taken, which Terraform's `~> 0.2.0` relies on too: a minor
//! step may break, a patch step may bring features. A prerelease promises nothing to the versions after it (§9),
//! and is itself judged by the release it leads to. Build metadata makes no step (§10).

use super::Impact;
use crate::domain::Version;

/// A step between two versions. In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// None: the numbers are the same.
    None,
    /// The third number is another.
    Patch,
    /// The second is.
    Minor,
    /// The first is.
    Major,
}

impl Step {
    /// From one version to a later one.
    pub fn between(from: &Version, to: &Version) -> Self {
        let ([major, minor, patch], [to_major, to_minor, to_patch]) = (from.core(), to.core());
        if major != to_major {
            Self::Major
        } else if minor != to_minor {
            Self::Minor
        } else if patch != to_patch {
            Self::Patch
        } else {
            Self::None
        }
    }

    /// The step that changes of that impact need after a version.
    pub const fn needed(impact: Impact, from: &Version) -> Self {
        let [major, ..] = from.core();
        match (impact, major) {
            (Impact::Breaking, 1..) => Self::Major,
            (Impact::Feature, 1..) | (Impact::Breaking, 0) => Self::Minor,
            (Impact::Fix, _) | (Impact::Feature, 0) => Self::Patch,
        }
    }

    /// One word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "no",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

/// Whether the numbers of two versions say what changed between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that is looked at changed.
    Unchanged,
    /// The step is as large as the changes need, or larger.
    Announced {
        /// The worst change.
        impact: Impact,
        /// The step.
        made: Step,
    },
    /// The step is smaller than the changes need.
    Understated {
        /// The worst change.
        impact: Impact,
        /// The step.
        made: Step,
        /// The step it should have been.
        needed: Step,
    },
    /// The earlier version is a prerelease, which promises nothing.
    NothingPromised {
        /// The worst change.
        impact: Impact,
    },
}

impl Verdict {
    /// Judges the worst change between two versions by the step between them.
    pub(super) fn of(worst: Option<Impact>, from: &Version, to: &Version) -> Self {
        let Some(impact) = worst else { return Self::Unchanged };
        if from.is_prerelease() {
            return Self::NothingPromised { impact };
        }
        let (made, needed) = (Step::between(from, to), Step::needed(impact, from));
        if needed <= made {
            Self::Announced { impact, made }
        } else {
            Self::Understated { impact, made, needed }
        }
    }

    /// The verdict in words: "breaking, but only a minor step".
    pub fn sentence(self) -> String {
        let named = |impact| match impact {
            Impact::Fix => "fixes only",
            Impact::Feature => "new features",
            Impact::Breaking => "breaking",
        };
        match self {
            Self::Unchanged => "no change of the interface".to_owned(),
            Self::Announced { impact, made } => format!("{}, and a {} step", named(impact), made.as_str()),
            Self::Understated { impact, made: Step::None, .. } => {
                format!("{}, but no step at all", named(impact))
            }
            Self::Understated { impact, made, .. } => {
                format!("{}, but only a {} step", named(impact), made.as_str())
            }
            Self::NothingPromised { impact } => {
                format!("{}, and a prerelease promises nothing", named(impact))
            }
        }
    }
}
