//! What a conversion can be told, and what becomes of it.

use std::sync::Arc;

use crate::attributes::{AttributeValue, Attributes};
use crate::rules::{Provider, RuleData, RuleDataError};
use crate::text::Text;
use crate::tracking::Transaction;

/// The name of an entry of goal data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GoalDataKey {
    /// Revenue, in the project's currency.
    Amount,
    /// Products bought.
    ProductsCount,
    /// The transaction's id in the app.
    TransactionId,
    /// The first custom dimension.
    CustomDimension1,
    /// The second custom dimension.
    CustomDimension2,
    /// The third custom dimension.
    CustomDimension3,
    /// The fourth custom dimension.
    CustomDimension4,
    /// The fifth custom dimension.
    CustomDimension5,
    /// A name that this SDK does not know.
    Custom(Text),
}

impl GoalDataKey {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Amount => "amount",
            Self::ProductsCount => "productsCount",
            Self::TransactionId => "transactionId",
            Self::CustomDimension1 => "customDimension1",
            Self::CustomDimension2 => "customDimension2",
            Self::CustomDimension3 => "customDimension3",
            Self::CustomDimension4 => "customDimension4",
            Self::CustomDimension5 => "customDimension5",
            Self::Custom(name) => name,
        }
    }

    fn name(self) -> Text {
        match self {
            Self::Custom(name) => name,
            known => known.as_str().into(),
        }
    }
}

/// What a conversion can be told.
///
/// ```
/// use convert_core::ConversionOptions;
///
/// let purchase = ConversionOptions::new().revenue(49.9).products_count(2).transaction_id("order-1001");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ConversionOptions {
    pub(crate) rule_data: Option<Provider>,
    /// Shared with the events that carry it.
    pub(crate) goal_data: Option<Arc<Transaction>>,
    pub(crate) force_multiple: bool,
}

impl ConversionOptions {
    /// A bare conversion, counted once per visitor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Converts only if the goal's rules match this data. A goal without rules never converts with rule data.
    pub fn rule_data(mut self, data: impl Into<Attributes>) -> Self {
        self.rule_data = Some(Provider::Attributes(data.into().without_too_deep()));
        self
    }

    /// Converts only if the goal's rules match what this provider knows.
    pub fn rule_data_from(mut self, provider: Arc<dyn RuleData>) -> Self {
        self.rule_data = Some(Provider::Custom(provider));
        self
    }

    /// Revenue, in the project's currency (`amount` on the wire).
    pub fn revenue(self, amount: f64) -> Self {
        self.goal_data(GoalDataKey::Amount, amount)
    }

    /// How many products were bought.
    pub fn products_count(self, count: u32) -> Self {
        self.goal_data(GoalDataKey::ProductsCount, count)
    }

    /// The transaction's id in the app.
    pub fn transaction_id(self, id: impl Into<Text>) -> Self {
        self.goal_data(GoalDataKey::TransactionId, AttributeValue::Text(id.into()))
    }

    /// An entry of goal data: a number, a text or a list of texts. Order and repetition are kept.
    pub fn goal_data(mut self, key: GoalDataKey, value: impl Into<AttributeValue>) -> Self {
        // No list of lists is valid, and one nested without bound must not be kept: it is refused as null is.
        let value = value.into().unless_too_deep().unwrap_or(AttributeValue::Null);
        Arc::make_mut(self.goal_data.get_or_insert_default()).goal_data.push((key.name(), value));
        self
    }

    /// Sends a transaction event even without any goal data.
    pub fn empty_goal_data(mut self) -> Self {
        self.goal_data.get_or_insert_default();
        self
    }

    /// Sends the goal data again for a visitor who has reached the goal before.
    pub fn force_multiple(mut self, force_multiple: bool) -> Self {
        self.force_multiple = force_multiple;
        self
    }
}

/// What became of a conversion.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConversionOutcome {
    /// Its events are queued.
    #[non_exhaustive]
    Queued {
        /// How many: one, or two where there is goal data.
        events: usize,
    },
    /// The visitor has reached the goal before; nothing was queued.
    Deduplicated,
    /// The config has no goal with this key.
    GoalNotFound,
    /// The goal's rules do not match the rule data, or the goal has none.
    RuleNotMatched,
    /// A provider of rule data could not answer.
    RuleError(RuleDataError),
    /// The goal data holds what the wire cannot carry; nothing was marked or queued.
    #[non_exhaustive]
    InvalidGoalData {
        /// The entry's name.
        key: String,
    },
    /// A preview is active, tracking is off, or the core is closed; nothing was marked or queued.
    Suppressed,
    /// No config is loaded yet; nothing was marked or queued.
    SdkNotReady,
}

impl ConversionOutcome {
    /// Whether events were queued.
    #[must_use]
    pub fn is_queued(&self) -> bool {
        matches!(self, Self::Queued { .. })
    }
}

/// The first entry that the wire cannot carry: it takes finite numbers, texts and lists of texts.
pub(crate) fn invalid_goal_data(transaction: &Transaction) -> Option<&Text> {
    let is_valid = |value: &AttributeValue| match value {
        AttributeValue::Text(_) | AttributeValue::I64(_) | AttributeValue::U64(_) => true,
        AttributeValue::F64(number) => number.is_finite(),
        AttributeValue::List(list) => list.iter().all(|entry| matches!(entry, AttributeValue::Text(_))),
        _ => false,
    };
    transaction.goal_data.iter().find(|(_, value)| !is_valid(value)).map(|(name, _)| name)
}
