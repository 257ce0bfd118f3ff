//! What is remembered of a visitor, and where.
