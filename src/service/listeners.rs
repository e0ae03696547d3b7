//! Who is told what changes did, once they are durable: the catalog behind the lists, and whoever sends webhooks.

use std::sync::Arc;

use tokio::sync::Notify;

use super::catalog::Catalog;
use crate::store::{Note, Observer};

/// All of them, as the one observer that a store has.
pub(super) struct Listeners {
    pub(super) catalog: Arc<Catalog>,
    pub(super) hook_queued: Arc<Notify>,
}

impl Observer for Listeners {
    fn committed(&self, notes: Vec<Note>) {
        if notes.iter().any(|note| matches!(note, Note::HookQueued)) {
            self.hook_queued.notify_one();
        }
        self.catalog.committed(notes);
    }

    fn reopened(&self) {
        // What was committed just before may not have been told.
        self.hook_queued.notify_one();
        self.catalog.reopened();
    }
}
