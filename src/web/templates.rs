//! Pipelines to copy: files that publish from each CI system, shown with the values of a project.
//!
//! They are written for one example, so that each works as it is. The README shows them like that.

/// The server of the example.
const URL: &str = "https://registry.example.com";
/// Its project, as a path and in a URL.
const PROJECT: &str = "acme/network";
const ENCODED: &str = "acme%2Fnetwork";

/// A file that publishes modules.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// Where it is for.
    pub title: &'static str,
    /// The language that Markdown calls its block.
    pub language: &'static str,
    /// The file for the example.
    text: &'static str,
}

/// All of them, as they are shown.
pub const TEMPLATES: [Template; 5] = [
    Template {
        title: "GitLab CI, without a stored secret",
        language: "yaml",
        text: include_str!("templates/gitlab-ci.yml"),
    },
    Template {
        title: "GitLab CI, with a token",
        language: "yaml",
        text: include_str!("templates/gitlab-ci-token.yml"),
    },
    Template {
        title: "GitHub Actions",
        language: "yaml",
        text: include_str!("templates/github-actions.yml"),
    },
    Template { title: "Jenkins", language: "groovy", text: include_str!("templates/Jenkinsfile") },
    Template {
        title: "Any other system: a shell script",
        language: "sh",
        text: include_str!("templates/publish.sh"),
    },
];

impl Template {
    /// The file for a project of a server.
    pub fn filled(&self, url: &str, project: &str) -> String {
        // The URL comes last: it may hold anything, and is not to be looked through.
        self.text.replace(ENCODED, &project.replace('/', "%2F")).replace(PROJECT, project).replace(URL, url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../README.md");

    #[test]
    fn the_readme_has_every_template_word_for_word() {
        for template in TEMPLATES {
            let block = format!("```{}\n{}```\n", template.language, template.text);
            assert!(README.contains(&block), "README.md lacks {}:\n{block}", template.title);
            assert!(README.contains(template.title), "README.md does not call it {}", template.title);
        }
    }

    #[test]
    fn each_is_filled_with_the_values_of_its_project() {
        for template in TEMPLATES {
            assert_eq!(template.filled(URL, PROJECT), template.text, "{}", template.title);
            let filled = template.filled("https://r.test:8443", "acme/network/acme.b");
            assert!(filled.contains("https://r.test:8443"), "{filled}");
            assert!(
                filled.contains("acme/network/acme.b") || filled.contains("acme%2Fnetwork%2Facme.b"),
                "{filled}"
            );
            assert!(!filled.contains("example") && !filled.contains("acme.b/"), "{filled}");
        }
    }

    #[test]
    fn pipelines_are_one_line() {
        for template in TEMPLATES.iter().filter(|template| template.language != "sh") {
            let publishing = template.text.lines().filter(|line| line.trim_start().contains("cairn publish"));
            let lines: Vec<&str> = publishing.map(str::trim).collect();
            assert_eq!(lines.len(), 1, "{}", template.title);
            assert!(
                ["- cairn publish", "- run: cairn publish", "sh 'cairn publish'"].contains(&lines[0]),
                "{lines:?}"
            );
        }
    }
}
