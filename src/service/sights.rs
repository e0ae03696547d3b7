//! What callers see of the catalog, kept as long as nothing changed that could alter it.
//!
//! It is made of who somebody is, of what was given to them, and of the projects and modules there are. A stamp of the store
//! tells of the former, the generation of the catalog of the latter; what ends by the clock is checked each time.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use jiff::Timestamp;

use super::Registry;
use super::access::{Caller, Standing};
use super::cache::Cache;
use super::catalog::{Contents, Generation, Scope};
use crate::domain::access::{Identity, ProjectAction};
use crate::domain::{JobId, TokenId, UserId};
use crate::store::{Snapshot, Stamp, StoreError};

/// Bytes of what is kept. At a hundred thousand modules that is for three hundred callers.
const BYTES: usize = 4 * 1024 * 1024;

/// Whose eyes it is seen with. Two callers with the same see the same at the same time: all that is known of a caller
/// without asking the store is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Eyes {
    Anonymous,
    Operator,
    /// A user, with what the credential allows.
    User(UserId, Identity),
    Deploy(TokenId, Identity),
    /// A CI job, and whether its user administers the instance.
    Job(JobId, bool),
}

impl Eyes {
    /// Those of a caller. Nothing for a job elsewhere, and for what stands for one: what those may do is not kept.
    pub(super) fn of(caller: &Caller) -> Option<Self> {
        Some(match caller {
            Caller::Anonymous => Self::Anonymous,
            Caller::Operator => Self::Operator,
            Caller::User { user, .. } => Self::User(user.id, caller.identity()),
            Caller::Deploy { token } => Self::Deploy(token.id, caller.identity()),
            Caller::Job { job, user } => Self::Job(job.id, user.admin),
            Caller::Workload(_) | Caller::Trusted(_) => return None,
        })
    }
}

/// What somebody sees.
#[derive(Debug)]
pub(super) struct Sight {
    pub(super) standing: Standing,
    /// The modules that may be pulled.
    pub(super) pulled: FixedBitSet,
    generation: Generation,
    stamp: Stamp,
}

/// Everybody's.
pub(super) struct Sights(Cache<Eyes, Sight>);

impl Default for Sights {
    fn default() -> Self {
        Self(Cache::new(BYTES))
    }
}

/// Somebody who looks. Made before the snapshot is taken that is read from.
pub(super) struct Looking {
    pub(super) caller: Caller,
    pub(super) eyes: Option<Eyes>,
    pub(super) now: Timestamp,
    stamp: Stamp,
}

impl Registry {
    /// A caller who looks now.
    pub(super) fn looking(&self, caller: &Caller) -> Looking {
        let stamp = self.store().stamps().people();
        Looking { caller: caller.clone(), eyes: Eyes::of(caller), now: self.now(), stamp }
    }

    /// What a caller sees of the contents.
    pub(super) fn sight(
        &self,
        snapshot: &Snapshot,
        contents: &Contents,
        looking: &Looking,
    ) -> Result<Arc<Sight>, StoreError> {
        let sights = &self.shared.sights.0;
        if let Some(kept) = looking.eyes.and_then(|eyes| sights.get(&eyes))
            && kept.generation == contents.generation()
            && self.store().stamps().is_current(&kept.stamp)
            && kept.standing.until().is_none_or(|until| looking.now < until)
        {
            return Ok(kept);
        }
        let standing = Standing::of(snapshot, &looking.caller, looking.now)?;
        let pulled = contents.select(Scope::Everything, |project| standing.may(project, ProjectAction::Pull));
        let (generation, stamp) = (contents.generation(), looking.stamp);
        let sight = Arc::new(Sight { standing, pulled, generation, stamp });
        if let Some(eyes) = looking.eyes {
            let bytes = size_of_val(sight.pulled.as_slice()) + sight.standing.cost();
            sights.put(eyes, Arc::clone(&sight), size_of::<Sight>() + bytes);
        }
        Ok(sight)
    }
}
