//! The key that a visitor's state is stored under.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use hashbrown::DefaultHashBuilder;

use crate::redact::VisitorRef;
use crate::text::Text;

/// The account and project whose visitors a state belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProjectScope {
    pub(crate) account_id: Text,
    pub(crate) project_id: Text,
}

/// The key of a visitor's state. [`Display`](fmt::Display) writes it as the JavaScript SDK does:
/// `{account id}-{project id}-{visitor id}`.
#[derive(Clone)]
pub struct StateKey {
    scope: Arc<ProjectScope>,
    visitor: Arc<str>,
    hash: u64,
}

impl StateKey {
    /// The key of a visitor of a project, for tests of a store.
    #[must_use]
    pub fn new(account_id: &str, project_id: &str, visitor_id: impl Into<Arc<str>>) -> Self {
        let scope = ProjectScope { account_id: account_id.into(), project_id: project_id.into() };
        Self::in_scope(Arc::new(scope), visitor_id.into())
    }

    pub(crate) fn in_scope(scope: Arc<ProjectScope>, visitor: Arc<str>) -> Self {
        // Seeded per process: visitor ids come from clients, who must not be able to choose colliding ones.
        static SEED: OnceLock<DefaultHashBuilder> = OnceLock::new();
        let hash = SEED.get_or_init(DefaultHashBuilder::default).hash_one(&*visitor);
        Self { scope, visitor, hash }
    }

    /// The account id.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.scope.account_id
    }

    /// The project id.
    #[must_use]
    pub fn project_id(&self) -> &str {
        &self.scope.project_id
    }

    /// The visitor id.
    #[must_use]
    pub fn visitor_id(&self) -> &str {
        &self.visitor
    }

    /// A hash of the visitor id: equal for equal keys within one process, different in the next.
    #[must_use]
    pub fn visitor_hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn is_of(&self, scope: &Arc<ProjectScope>) -> bool {
        Arc::ptr_eq(&self.scope, scope) || self.scope == *scope
    }
}

impl PartialEq for StateKey {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.visitor == other.visitor && self.is_of(&other.scope)
    }
}

impl Eq for StateKey {}

impl Hash for StateKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.scope.account_id, self.scope.project_id, self.visitor)
    }
}

/// Shows a pseudonym of the visitor, as logs do.
impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateKey({}-{}-{})", self.scope.account_id, self.scope.project_id, VisitorRef(&self.visitor))
    }
}
