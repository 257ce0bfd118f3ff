//! Errors as logs and `main` show them: with all their causes.

use std::error::Error;
use std::fmt;

/// An error and its causes in one line, as `no connection: connection refused`. A cause that the text before it ends with is
/// not shown again.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !shown.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            shown = text;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::TransportError;
    use crate::visitor::StoreError;

    #[test]
    fn every_cause_is_shown_once() {
        let refused = std::io::Error::other("connection refused");
        let error = TransportError::not_sent(refused);
        assert_eq!(
            Chain(&error).to_string(),
            "no connection to the server: check the endpoint, the network and the proxy (the request was not sent): \
             connection refused"
        );
        assert_eq!(Chain(&StoreError::new("disk full")).to_string(), "visitor store failed: disk full");
        assert_eq!(Chain(&StoreError::new(error)).to_string().matches("connection refused").count(), 1);
    }
}
