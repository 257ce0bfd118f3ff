//! Any bytes as a served config: it is refused with an error, or every call on it answers.
#![no_main]

use convert_core::testing::RecordingTransport;
use convert_core::{Context, ContextOptions, Core, ProjectConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let _ = ProjectConfig::parse(bytes);
        return;
    };
    let Ok(core) = Core::builder().config_json(text).async_transport(RecordingTransport::new()).build() else { return };
    let Some(config) = core.config() else { return };
    let options = ContextOptions::new().attributes([("country", "NL")]).location([("path", "/")]);
    let Ok(visitor) = core.create_context_with("visitor-1", options) else { return };
    decide(&visitor, &config);
    // What was stored is read back by the second round.
    decide(&visitor, &config);
    core.set_tracking_enabled(false);
});

fn decide(visitor: &Context, config: &ProjectConfig) {
    let decisions = visitor.run_experiences();
    // One without a key is decided with all others, and cannot be asked for.
    for experience in config.experiences().iter().filter(|experience| !experience.key().is_empty()) {
        let explanation = visitor.explain_experience(experience.key());
        let decided = decisions.iter().any(|decision| decision.experience_id() == experience.id());
        assert_eq!(explanation.reason.is_resolved(), decided, "both take the same path");
    }
    let _ = visitor.run_features();
    for goal in config.goals() {
        let _ = visitor.track_conversion(goal.key());
    }
    let segments: Vec<&str> = config.segments().iter().map(|segment| segment.key()).collect();
    let _ = visitor.run_custom_segments(&segments);
}
