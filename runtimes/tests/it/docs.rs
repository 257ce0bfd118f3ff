//! `docs/runtimes.md` and the README show the programs as they are.

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

/// The program that a crate's README opens with is compiled there.
#[test]
fn the_readme_shows_the_program_of_each_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut shown = 0;
    for published in ["convert-core", "convert-axum", "convert-actix", "convert-rocket"] {
        let own = fs::read_to_string(root.join(published).join("README.md")).unwrap();
        let (_, code) = own.split_once("```rust,no_run\n").unwrap();
        let (program, _) = code.split_once("```\n").unwrap();
        assert!(readme.contains(&format!("```rust,ignore\n{program}```\n")), "{published} opens with another program");
        shown += 1;
    }
    assert_eq!(shown, 4);
}
