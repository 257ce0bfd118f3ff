//! Every link of a Markdown file that stays in the repository leads to a file, and to a heading of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::features::published_crates;
use crate::markdown::{self, Link};
use crate::{Outcome, say};

/// What a link into the repository starts with where no file is beside the page: on a registry, in rustdoc.
const REPOSITORY: [&str; 2] =
    ["https://github.com/convertcom/rust-sdk/blob/main/", "https://github.com/convertcom/rust-sdk/tree/main/"];

pub(crate) fn check() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let published = published_crates()?.into_iter().map(|package| root.join(package.name)).collect();
    let pages = Pages { root, published };
    let (mut links, mut faults) = (0, Vec::new());
    for file in pages.files(&pages.root)? {
        for link in markdown::links(&read(&file)?) {
            links += 1;
            if let Err(fault) = pages.check(&file, &link) {
                let file = file.strip_prefix(&pages.root).unwrap_or(&file);
                faults.push(format!("{}:{}: `{}` {fault}", file.display(), link.line, link.target));
            }
        }
    }
    say(&format!("{links} links"));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

struct Pages {
    root: PathBuf,
    published: Vec<PathBuf>,
}

impl Pages {
    /// The Markdown files below a folder, but for what is built or installed there.
    fn files(&self, folder: &Path) -> Result<BTreeSet<PathBuf>, String> {
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && !["target", "node_modules", "corpus"].contains(&name) {
                files.append(&mut self.files(&path)?);
            } else if name.ends_with(".md") {
                files.insert(path);
            }
        }
        Ok(files)
    }

    fn check(&self, page: &Path, link: &Link) -> Outcome {
        let target = link.target.as_str();
        if let Some(path) = REPOSITORY.iter().find_map(|prefix| target.strip_prefix(prefix)) {
            return exists(&self.root, path);
        }
        if target.contains("://") || target.starts_with("mailto:") {
            return Ok(());
        }
        let folder = page.parent().unwrap_or(&self.root);
        if !target.starts_with('#') {
            self.check_beside(page, folder, link)?;
        }
        if target.starts_with('#') { has_heading(page, target) } else { exists(folder, target) }
    }

    /// Some pages are shown elsewhere too, without the files beside them.
    fn check_beside(&self, page: &Path, folder: &Path, link: &Link) -> Outcome {
        if self.published.iter().any(|package| page == package.join("README.md")) {
            return Err("is relative, and a registry page has no files beside it".to_owned());
        }
        if self.published.iter().any(|package| folder == package.join("docs")) {
            // Rustdoc takes the first definition of a label, which is in this file.
            let modules = fs::read_to_string(folder.join("links.txt")).unwrap_or_default();
            let is_known = link.label.as_ref().is_some_and(|label| modules.contains(&format!("[{label}]: ")));
            if !is_known {
                return Err("is relative, and rustdoc has no module of that name in `links.txt`".to_owned());
            }
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn exists(folder: &Path, target: &str) -> Outcome {
    let (path, heading) = target.split_at(target.find('#').unwrap_or(target.len()));
    let file = folder.join(path);
    if !file.exists() {
        return Err("leads to no file".to_owned());
    }
    if heading.is_empty() { Ok(()) } else { has_heading(&file, heading) }
}

fn has_heading(file: &Path, heading: &str) -> Outcome {
    let found = markdown::headings(&read(file)?).any(|known| heading.strip_prefix('#') == Some(&known));
    if found { Ok(()) } else { Err("leads to no heading".to_owned()) }
}
