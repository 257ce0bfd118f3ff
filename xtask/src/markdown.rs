//! Links and headings of a Markdown text, as far as this project's pages go.

/// Where a page leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) line: usize,
    pub(crate) target: String,
    /// Of a definition: its name.
    pub(crate) label: Option<String>,
}

/// The inline links, and the definitions of those by reference.
pub(crate) fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, content) in prose(text) {
        let content = without_code(content);
        if let Some((label, target)) = content.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            links.push(Link { line, target: target.trim().to_owned(), label: Some(label.to_owned()) });
            continue;
        }
        for rest in content.split("](").skip(1) {
            links.push(Link { line, target: until_closed(rest).to_owned(), label: None });
        }
    }
    links
}

/// What a heading is called in a link: `## What's in it` is `whats-in-it`.
pub(crate) fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    })
}

/// The lines that are no program, counted from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_program = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_program ^= fence;
        !in_program && !fence
    })
}

/// Without what stands between backticks: no link is in there.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Up to the parenthesis that closes the link's target; those within it come in pairs.
fn until_closed(rest: &str) -> &str {
    let mut open = 0_usize;
    for (position, letter) in rest.char_indices() {
        match letter {
            '(' => open += 1,
            ')' if open == 0 => return rest.get(..position).unwrap_or_default(),
            ')' => open -= 1,
            _ => {}
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_inline_or_defined() {
        let text = "See [a](a.md), [`b`](b.md#c) and [d].\n\n```text\n[no](program)\n```\n`[no](code)` [f](f(1))\n\n[d]: e.md\n";
        let found: Vec<_> = links(text).into_iter().map(|link| (link.line, link.target, link.label)).collect();
        let inline = |line, target: &str| (line, target.to_owned(), None);
        let defined = (8, "e.md".to_owned(), Some("d".to_owned()));
        assert_eq!(found, [inline(1, "a.md"), inline(1, "b.md#c"), inline(6, "f(1)"), defined]);
    }

    #[test]
    fn headings_are_called_what_a_forge_calls_them() {
        let found: Vec<_> = headings("# One\n```sh\n# no heading\n```\n## Two's `serve`, in_short\n").collect();
        assert_eq!(found, ["one", "twos-serve-in_short"]);
    }
}
