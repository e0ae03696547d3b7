//! Environments as the systems make them, and what is read from each.

use super::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn detect(pairs: &[(&str, &str)]) -> Option<CiEnvironment> {
    CiEnvironment::detect(&|name| {
        pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn project(environment: &CiEnvironment) -> Option<(&str, &str)> {
    environment.project.as_ref().map(|found| (found.value.as_str(), found.variable))
}

#[test]
fn no_other_environment_is_taken_for_a_job() {
    for (situation, pairs) in [
        ("a desk", &[("HOME", "/root"), ("CI_PROJECT_PATH", "a/b")][..]),
        ("switched off", &[("GITLAB_CI", "false"), ("GITHUB_ACTIONS", "false")]),
        ("set to nothing", &[("GITLAB_CI", ""), ("JENKINS_URL", " ")]),
        ("a system that only says it is one", &[("CI", "true")]),
    ] {
        assert_eq!(detect(pairs), None, "{situation}");
    }
}

#[test]
fn a_job_of_gitlab() {
    let found = detect(&[
        ("GITLAB_CI", "true"),
        ("CI_SERVER_URL", "https://gitlab.example"),
        ("CI_PROJECT_PATH", "acme/net/network"),
        ("CI_PROJECT_NAME", "network"),
        ("CI_COMMIT_TAG", "v1.2.0"),
        ("CI_COMMIT_REF_NAME", "v1.2.0"),
        ("CI_COMMIT_SHA", SHA),
        ("CI_PIPELINE_ID", "77"),
        ("CI_PIPELINE_IID", "7"),
        ("CI_PIPELINE_URL", "https://gitlab.example/acme/net/network/-/pipelines/77"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_JOB_NAME", "publish"),
        ("CI_JOB_URL", "https://gitlab.example/acme/net/network/-/jobs/1"),
        ("GITLAB_USER_LOGIN", "ada"),
    ])
    .unwrap();
    assert_eq!(
        (found.system, project(&found)),
        (System::Gitlab, Some(("acme/net/network", "CI_PROJECT_PATH")))
    );
    assert_eq!(found.repository.unwrap().value, "network");
    assert_eq!(found.tag.as_deref(), Some("v1.2.0"));
    let said = found.provenance;
    assert_eq!(said.verified_by, VerifiedBy::Nobody);
    let pipeline = said.pipeline.unwrap();
    assert_eq!((pipeline.id, pipeline.iid, pipeline.source.unwrap().as_str()), (77, Some(7), "push"));
    assert_eq!(said.job.unwrap().name.unwrap().as_str(), "publish");
    assert_eq!((said.git_ref.unwrap().as_str(), said.sha.unwrap().as_str()), ("v1.2.0", SHA));
    assert_eq!(
        (said.source_project.unwrap().as_str(), said.user.unwrap().as_str()),
        ("acme/net/network", "ada")
    );
}

#[test]
fn a_job_of_github() {
    let of = |kind: &str| {
        detect(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REPOSITORY", "acme/terraform-aws-vpc"),
            ("GITHUB_REF_TYPE", kind),
            ("GITHUB_REF_NAME", "v2.0.0"),
            ("GITHUB_SHA", SHA),
            ("GITHUB_RUN_ID", "9000000000"),
            ("GITHUB_RUN_NUMBER", "12"),
            ("GITHUB_SERVER_URL", "https://github.example"),
            ("GITHUB_WORKFLOW", "publish"),
            ("GITHUB_JOB", "cairn"),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_ACTOR", "ada"),
        ])
        .unwrap()
    };
    let found = of("tag");
    assert_eq!(project(&found), Some(("acme/terraform-aws-vpc", "GITHUB_REPOSITORY")));
    assert_eq!(found.repository.unwrap().value, "terraform-aws-vpc");
    assert_eq!(found.tag.as_deref(), Some("v2.0.0"));
    let pipeline = found.provenance.pipeline.unwrap();
    assert_eq!((pipeline.id, pipeline.iid), (9_000_000_000, Some(12)));
    assert_eq!(
        pipeline.web_url.unwrap().as_str(),
        "https://github.example/acme/terraform-aws-vpc/actions/runs/9000000000"
    );
    assert_eq!(found.provenance.job.unwrap().name.unwrap().as_str(), "publish");
    assert_eq!(of("branch").tag, None, "a branch of that name is no tag");
}

#[test]
fn a_job_of_jenkins() {
    let found = detect(&[
        ("JENKINS_URL", "https://jenkins.example/"),
        ("BUILD_NUMBER", "31"),
        ("BUILD_URL", "https://jenkins.example/job/vpc/31/"),
        ("JOB_NAME", "vpc/main"),
        ("GIT_COMMIT", SHA),
        ("GIT_BRANCH", "origin/main"),
    ])
    .unwrap();
    assert_eq!((found.system, project(&found), &found.tag), (System::Jenkins, None, &None));
    assert_eq!(found.provenance.git_ref.unwrap().as_str(), "origin/main");
    let pipeline = found.provenance.pipeline.unwrap();
    assert_eq!(
        (pipeline.id, pipeline.web_url.unwrap().as_str()),
        (31, "https://jenkins.example/job/vpc/31/")
    );
}

#[test]
fn what_cannot_be_shown_is_left_out() {
    let found = detect(&[
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_ID", "many"),
        ("CI_JOB_URL", "javascript:alert(1)"),
        ("CI_COMMIT_REF_NAME", "a\nb"),
        ("CI_COMMIT_SHA", "HEAD"),
        ("GITLAB_USER_LOGIN", &"a".repeat(300)),
    ])
    .unwrap();
    assert_eq!(found.provenance, Provenance::verified_by(VerifiedBy::Nobody));
}

#[test]
fn tokens_are_taken_in_their_order_and_only_where_they_belong() {
    let gitlab = detect(&[("GITLAB_CI", "true")]);
    let github = detect(&[("GITHUB_ACTIONS", "true")]);
    let both = [("CAIRN_ID_TOKEN", "id"), ("CI_JOB_TOKEN", "job")];
    for (situation, pairs, environment, taken) in [
        ("both", &both[..], &gitlab, Some("CAIRN_ID_TOKEN")),
        ("GitLab's own", &both[1..], &gitlab, Some("CI_JOB_TOKEN")),
        ("GitLab's own, elsewhere", &both[1..], &github, None),
        ("an ID token, elsewhere", &both[..1], &None, Some("CAIRN_ID_TOKEN")),
        ("an empty one", &[("CAIRN_ID_TOKEN", "")], &gitlab, None),
    ] {
        let variables =
            |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let found = stored_token(&variables, environment.as_ref());
        assert_eq!(found.map(|token| token.variable), taken, "{situation}");
    }
}
