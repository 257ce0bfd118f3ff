//! `docs/runtimes.md` shows the programs as they are.

use std::fs;
use std::path::Path;

#[test]
fn the_document_shows_each_program_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(root.join("docs/runtimes.md")).unwrap();
    let mut shown = 0;
    for program in fs::read_dir(root.join("runtimes/src/bin")).unwrap() {
        let path = program.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "collector.rs" {
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        // Without the module's documentation, which the document says at more length.
        let code = &code[code.find("\nuse ").unwrap() + 1..];
        let block = format!("<!-- runtimes/src/bin/{name} -->\n```rust\n{code}```\n");
        assert!(document.contains(&block), "{name} differs from what the document shows");
        shown += 1;
    }
    assert_eq!(shown, 9);
}
