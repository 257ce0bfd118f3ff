//! The JavaScript coercions that evaluation depends on.
//!
//! Served configs are written for SDKs in JavaScript: what equals what, and which text is a number, is what
//! ECMAScript says it is. Everything here is total: odd input gives the value JavaScript would give.

mod number;
mod text;
mod value;

pub(crate) use number::{NumberText, parse_float_prefix, parse_int_prefix, parse_number};
pub(crate) use text::{lower, trim};
pub(crate) use value::{JsKind, JsValue, is_falsy, number_of, string_of};
