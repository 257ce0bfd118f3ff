//! Rule data that a caller hands over.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::data::{RuleData, RuleSource};
use crate::attributes::Attributes;
#[cfg(feature = "web")]
use crate::web::KeptUrl;

/// Attributes, attributes that are made at first need, or an app's own provider.
#[derive(Clone, Debug)]
pub(crate) enum Provider {
    Attributes(Attributes),
    Lazy(Arc<dyn LazyAttributes>),
    #[cfg(feature = "web")]
    Url(KeptUrl),
    Custom(Arc<dyn RuleData>),
}

/// Attributes that are made when a rule first asks, once.
pub(crate) trait LazyAttributes: fmt::Debug + Send + Sync {
    fn attributes(&self) -> &Attributes;
}

impl Provider {
    pub(crate) fn lazy(make: impl Fn() -> Attributes + Send + Sync + 'static) -> Self {
        Self::Lazy(Arc::new(Lazy { make, made: OnceLock::new() }))
    }

    pub(crate) fn source(&self) -> RuleSource<'_> {
        match self {
            Self::Attributes(attributes) => RuleSource::Attributes(attributes),
            Self::Lazy(lazy) => RuleSource::Attributes(lazy.attributes()),
            #[cfg(feature = "web")]
            Self::Url(url) => RuleSource::Attributes(url.location()),
            Self::Custom(provider) => RuleSource::Custom(provider.as_ref()),
        }
    }
}

struct Lazy<F> {
    make: F,
    made: OnceLock<Attributes>,
}

impl<F: Fn() -> Attributes + Send + Sync> LazyAttributes for Lazy<F> {
    fn attributes(&self) -> &Attributes {
        self.made.get_or_init(|| (self.make)().without_too_deep())
    }
}

impl<F> fmt::Debug for Lazy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("made", &self.made.get()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn lazy_attributes_are_made_once_and_only_when_a_rule_asks() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let provider = Provider::lazy(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Attributes::new().with("path", "/")
        });
        let clone = provider.clone();
        assert_eq!(made.load(Ordering::Relaxed), 0);
        for provider in [provider, clone] {
            let RuleSource::Attributes(attributes) = provider.source() else { panic!("not attributes") };
            assert_eq!(attributes.get("path"), Some(&"/".into()));
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
