//! Why rules could not be answered.

use std::fmt;

/// What a provider of rule data could not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleDataError {
    /// It had no data, as [`Lookup::NoDataFound`](crate::Lookup::NoDataFound).
    NoData,
    /// It needs more data, as [`Lookup::NeedMoreData`](crate::Lookup::NeedMoreData).
    NeedMoreData,
}

impl fmt::Display for RuleDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoData => "the provider of rule data had no data; see that it has some, or give none",
            Self::NeedMoreData => "the provider of rule data needs more data; try again when it has them",
        })
    }
}

impl std::error::Error for RuleDataError {}
