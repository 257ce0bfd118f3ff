//! The JavaScript coercions that evaluation depends on.
