//! What every served entity has: an id, a key and a name.

use super::reader::text;
use crate::json::Json;
use crate::text::Text;

#[derive(Debug)]
pub(crate) struct Identity {
    /// Never empty.
    pub(crate) id: Text,
    /// Empty where the config gives none.
    pub(crate) key: Text,
    /// Empty where the config gives none.
    pub(crate) name: Text,
}

impl Identity {
    /// `None` where there is no usable id.
    pub(super) fn read(served: &Json<'_>) -> Option<Self> {
        let id = served.get("id")?.id()?;
        let key = served.get("key").and_then(Json::id).unwrap_or_default();
        Some(Self { id, key, name: text(served, "name") })
    }
}

/// Gives an entity its accessors for id, key and name, and its place in a collection.
macro_rules! identified {
    ($entity:ident, $word:literal) => {
        impl $entity {
            #[doc = concat!("The ", $word, "'s id.")]
            #[must_use]
            pub fn id(&self) -> &str {
                &self.identity.id
            }

            #[doc = concat!("The ", $word, "'s key; empty where the config gives none.")]
            #[must_use]
            pub fn key(&self) -> &str {
                &self.identity.key
            }

            #[doc = concat!("The ", $word, "'s name; empty where the config gives none.")]
            #[must_use]
            pub fn name(&self) -> &str {
                &self.identity.name
            }
        }

        impl $crate::config::index::Identified for $entity {
            fn id(&self) -> &str {
                &self.identity.id
            }

            fn key(&self) -> &str {
                &self.identity.key
            }
        }
    };
}
pub(super) use identified;
