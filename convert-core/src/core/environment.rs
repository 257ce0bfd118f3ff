//! Settings from environment variables.

use std::env;

use super::builder::CoreBuilder;
use super::error::BuildError;

impl CoreBuilder {
    /// A builder with what the environment variables say; an empty variable counts as not set.
    ///
    /// | variable | setting |
    /// |---|---|
    /// | `CONVERT_SDK_KEY` | [`sdk_key`](Self::sdk_key) |
    /// | `CONVERT_SDK_KEY_SECRET` | [`sdk_key_secret`](Self::sdk_key_secret) |
    /// | `CONVERT_ENVIRONMENT` | [`environment`](Self::environment) |
    /// | `CONVERT_DEBUG_TOKEN` | [`debug_token`](Self::debug_token) |
    /// | `CONVERT_CONFIG_FILE` | [`config_file`](Self::config_file) |
    /// | `CONVERT_CONFIG_ENDPOINT` | [`config_endpoint`](Self::config_endpoint) |
    /// | `CONVERT_TRACK_ENDPOINT` | [`track_endpoint`](Self::track_endpoint) |
    /// | `CONVERT_BATCH_SIZE` | [`batch_size`](Self::batch_size) |
    /// | `CONVERT_TRACKING` | [`tracking`](Self::tracking): `true` or `false` |
    ///
    /// # Errors
    /// [`BuildError::InvalidSetting`] where a variable cannot be read.
    pub fn from_env() -> Result<Self, BuildError> {
        Self::from_variables(|name| env::var_os(name).map(|value| value.into_string().map_err(|_| ())))
    }

    pub(super) fn from_variables(
        lookup: impl Fn(&'static str) -> Option<Result<String, ()>>,
    ) -> Result<Self, BuildError> {
        let text = |name| match lookup(name) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
            Some(Err(())) => Err(BuildError::InvalidSetting { setting: name, must_be: "Unicode text" }),
        };
        let mut builder = Self::new();
        type Setter = fn(CoreBuilder, String) -> CoreBuilder;
        let setters: [(&'static str, Setter); 7] = [
            ("CONVERT_SDK_KEY", Self::sdk_key),
            ("CONVERT_SDK_KEY_SECRET", Self::sdk_key_secret),
            ("CONVERT_ENVIRONMENT", Self::environment),
            ("CONVERT_DEBUG_TOKEN", Self::debug_token),
            ("CONVERT_CONFIG_FILE", Self::config_file),
            ("CONVERT_CONFIG_ENDPOINT", Self::config_endpoint),
            ("CONVERT_TRACK_ENDPOINT", Self::track_endpoint),
        ];
        for (name, set) in setters {
            if let Some(value) = text(name)? {
                builder = set(builder, value);
            }
        }
        if let Some(size) = text("CONVERT_BATCH_SIZE")? {
            let invalid =
                BuildError::InvalidSetting { setting: "CONVERT_BATCH_SIZE", must_be: "a whole number above 0" };
            builder = builder.batch_size(size.parse().map_err(|_| invalid)?);
        }
        if let Some(tracking) = text("CONVERT_TRACKING")? {
            let invalid = BuildError::InvalidSetting { setting: "CONVERT_TRACKING", must_be: "`true` or `false`" };
            builder = builder.tracking(tracking.parse().map_err(|_| invalid)?);
        }
        Ok(builder)
    }
}
