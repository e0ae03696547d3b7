//! `cairn admin`: every noun is created, listed, shown and deleted, with a server and without one.

use serde_json::Value;

use crate::support::server::{ROOT_TOKEN, Server};
use crate::{running_and_stopped, shown};

#[test]
fn users() {
    for server in running_and_stopped() {
        let ada = "id:          2\nusername:    ada\nname:        Ada L.\nemail:       ada@example.com\n\
                   state:       active\nis_admin:    false\ncreated_at:  TIME\n";
        let create = ["admin", "user", "create", "ada", "--name", "Ada L.", "--email", "ada@example.com"];
        assert_eq!(shown(&server.cli_ok(&create)), ada);
        server.cli(&create).refused(1, "error: Username has already been taken: choose another");
        assert_eq!(shown(&server.cli_ok(&["admin", "user", "show", "ADA"])), ada, "names have no case");
        assert_eq!(shown(&server.cli_ok(&["admin", "user", "show", "2"])), ada, "by number");
        assert_eq!(
            shown(&server.cli_ok(&["admin", "user", "list"])),
            "ID  USERNAME  NAME           EMAIL            STATE   IS_ADMIN  CREATED_AT\n\
             2   ada       Ada L.         ada@example.com  active  false     TIME\n\
             1   root      Administrator  -                active  true      TIME\n"
        );
        assert_eq!(server.cli_ok(&["admin", "user", "delete", "ada"]), "deleted user ada\n");
        let gone = "there is no user ada: see `cairn admin user list`";
        server.cli(&["admin", "user", "show", "ada"]).refused(1, gone);
        server.cli(&["admin", "user", "delete", "ada"]).refused(1, gone);
        server.cli(&["admin", "user", "show", "99"]).refused(1, "there is no user 99");
        server.cli(&["admin", "user", "delete", "root"]).refused(1, "the last active administrator");
        server.cli(&["admin", "user", "create", "a b"]).refused(1, "use letters and digits");
        server.cli(&["admin", "user", "create", "admin"]).refused(1, "reserved");
    }
}

#[test]
fn groups() {
    for server in running_and_stopped() {
        let top = server.cli_ok(&["admin", "group", "create", "acme", "--visibility", "public"]);
        assert!(top.contains("full_path:   acme\n") && top.contains("visibility:  public\n"), "{top}");
        let below = ["admin", "group", "create", "acme/platform", "--name", "Platform"];
        let below = shown(&server.cli_ok(&below));
        assert_eq!(
            below,
            "id:          3\nfull_path:   acme/platform\nname:        Platform\nvisibility:  private\n\
             created_at:  TIME\n"
        );
        assert_eq!(shown(&server.cli_ok(&["admin", "group", "show", "acme/platform"])), below);
        let list = server.cli_ok(&["admin", "group", "list"]);
        assert_eq!(list.lines().count(), 3, "{list}");
        let missing = "there is no group nowhere: see `cairn admin group list`";
        server.cli(&["admin", "group", "create", "nowhere/x"]).refused(1, missing);
        server.cli(&["admin", "group", "show", "nowhere"]).refused(1, missing);
        server.cli(&["admin", "group", "create", "acme"]).refused(1, "has already been taken");
        server
            .cli(&["admin", "group", "create", "acme/platform/x", "--visibility", "public"])
            .refused(1, "is not allowed in acme/platform, which is private");
        server
            .cli(&["admin", "group", "create", "x", "--visibility", "open"])
            .refused(2, "[possible values: private, internal, public]");
        assert_eq!(server.cli_ok(&["admin", "group", "delete", "acme"]), "deleted group acme\n");
        server.cli(&["admin", "group", "show", "acme/platform"]).refused(1, "there is no group");
    }
}

#[test]
fn projects() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli_ok(&["admin", "user", "create", "ada"]);
        let made = shown(&server.cli_ok(&["admin", "project", "create", "acme/network"]));
        assert_eq!(
            made,
            "id:                             1\npath_with_namespace:            acme/network\n\
             name:                           network\nvisibility:                     private\n\
             package_registry_access_level:  enabled\ncreated_at:                     TIME\n"
        );
        assert_eq!(shown(&server.cli_ok(&["admin", "project", "show", "acme/network"])), made);
        server.cli_ok(&["admin", "project", "create", "ada/own"]);
        let list = server.cli_ok(&["admin", "project", "list"]);
        assert!(list.contains("acme/network") && list.contains("ada/own"), "{list}");
        server.cli(&["admin", "project", "create", "alone"]).refused(2, "such as acme/alone");
        server.cli(&["admin", "project", "create", "nowhere/x"]).refused(1, "there is no group nowhere");
        server
            .cli(&["admin", "project", "create", "acme/x", "--visibility", "public"])
            .refused(1, "is not allowed in acme, which is private");
        assert_eq!(
            server.cli_ok(&["admin", "project", "delete", "acme/network"]),
            "deleted project acme/network\n"
        );
        let gone = "there is no project acme/network: see `cairn admin project list`";
        server.cli(&["admin", "project", "show", "acme/network"]).refused(1, gone);
    }
}

#[test]
fn members() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli_ok(&["admin", "project", "create", "acme/network"]);
        for user in ["ada", "bob"] {
            server.cli_ok(&["admin", "user", "create", user]);
        }
        let developer = server.cli_ok(&["admin", "member", "create", "ada", "--group", "acme"]);
        assert_eq!(developer, "id:          2\nusername:    ada\nrole:        developer\nexpires_at:  -\n");
        let project = ["--project", "acme/network"];
        let end = ["--role", "maintainer", "--expires-at", "2999-01-31"];
        server.cli_ok(&[&["admin", "member", "create", "bob"][..], &project, &end].concat());
        assert_eq!(
            server.cli_ok(&[&["admin", "member", "list"][..], &project].concat()),
            "ID  USERNAME  ROLE        EXPIRES_AT\n2   ada       developer   -\n3   bob       maintainer  2999-01-31\n"
        );
        let inherited = server.cli_ok(&[&["admin", "member", "show", "ada"][..], &project].concat());
        assert_eq!(inherited, developer);
        server.cli(&["admin", "member", "create", "ada", "--group", "acme"]).refused(
            1,
            "ada is a member of group acme already: `cairn admin member delete ada --group acme` first",
        );
        assert_eq!(
            server.cli_ok(&["admin", "member", "delete", "ada", "--group", "acme"]),
            "deleted member ada of group acme\n"
        );
        server
            .cli(&["admin", "member", "show", "ada", "--group", "acme"])
            .refused(1, "there is no member ada of group acme: see `cairn admin member list --group acme`");
        for (arguments, code, said) in [
            (&["create", "ada"][..], 2, "<--group <GROUP>|--project <PROJECT>>"),
            (&["create", "ada", "--group", "a", "--project", "b/c"], 2, "cannot be used with"),
            (&["create", "ada", "--group", "acme", "--role", "boss"], 2, "guest, reporter, developer"),
            (&["create", "ada", "--group", "acme", "--expires-at", "soon"], 2, "such as 2030-01-31"),
            (&["create", "eve", "--group", "acme"], 1, "there is no user eve"),
            (&["list", "--group", "nowhere"], 1, "there is no group nowhere"),
            (&["list", "--project", "acme/nothing"], 1, "there is no project acme/nothing"),
        ] {
            server.cli(&[&["admin", "member"], arguments].concat()).refused(code, said);
        }
    }
}

#[test]
fn tokens() {
    let server = Server::start();
    server.cli_ok(&["admin", "user", "create", "ada"]);
    let create = ["admin", "token", "create", "--user", "ada", "--name", "ci", "--scope", "read_api"];
    let printed = server.cli_ok(&create);
    let secret = printed.strip_suffix('\n').unwrap();
    assert!(secret.starts_with("cairn_pat_") && !secret.contains(char::is_whitespace), "{printed}");
    let ada = server.client().token(secret);
    assert_eq!(ada.get("/api/v4/user").must(200).json()["username"], "ada");
    let number = ada.get("/api/v4/personal_access_tokens/self").must(200).json()["id"].to_string();
    let list = server.cli_ok(&["admin", "token", "list", "--user", "ada"]);
    assert!(list.contains("read_api  true"), "{list}");
    assert!(!list.contains(secret), "a secret is shown once");
    let one = server.cli_ok(&["admin", "token", "show", &number]);
    assert!(one.contains("name:          ci\nscopes:        read_api\nactive:        true\n"), "{one}");
    assert_eq!(server.cli_ok(&["admin", "token", "delete", &number]), format!("deleted token {number}\n"));
    ada.get("/api/v4/user").must(401);
    let gone = server.cli_ok(&["admin", "token", "show", &number]);
    assert!(gone.contains("active:        false"), "{gone}");
    for (arguments, code, said) in [
        (&["create", "--name", "x", "--user", "eve"][..], 1, "there is no user eve"),
        (&["create", "--name", "x", "--scope", "all"], 2, "[possible values: api, read_api]"),
        (&["create", "--name", "x", "--expires-at", "2020-01-01"], 1, "give a date after today"),
        (&["create"], 2, "--name <NAME>"),
        (&["show", "99"], 1, "there is no token 99"),
        (&["delete", "99"], 1, "there is no token 99"),
        (&["show", "abc"], 2, "invalid digit"),
    ] {
        server.cli(&[&["admin", "token"], arguments].concat()).refused(code, said);
    }
}

#[test]
fn a_token_made_without_a_server_is_good_for_the_next_one() {
    let mut server = Server::start();
    server.stop();
    let secret = server.cli_ok(&["admin", "token", "create", "--name", "ci", "--json"]);
    let secret: Value = serde_json::from_str(&secret).unwrap();
    server.restart();
    let answer = server.client().token(secret["token"].as_str().unwrap()).get("/api/v4/user").must(200);
    assert_eq!(answer.json()["username"], "root");
    server.client().token(ROOT_TOKEN).get("/api/v4/user").must(200);
}

#[test]
fn deploy_tokens() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli_ok(&["admin", "project", "create", "acme/network"]);
        let noun = |arguments: &[&str]| server.cli(&[&["admin", "deploy-token"], arguments].concat());
        let project = ["--project", "acme/network"];
        let made = noun(&[&["create", "--name", "ci", "--username", "robot"][..], &project].concat());
        assert!(made.stdout.starts_with("cairn_dt_") && made.stdout.lines().count() == 1, "{made:?}");
        let other = noun(&["create", "--name", "up", "--group", "acme", "--scope", "write_package_registry"]);
        assert_eq!(other.code, Some(0), "{other:?}");
        let list = noun(&[&["list"][..], &project].concat()).stdout;
        assert_eq!(
            list,
            "ID  NAME  USERNAME  SCOPES                 EXPIRES_AT\n2   ci    robot     read_package_registry  -\n"
        );
        let one = noun(&[&["show", "2"][..], &project].concat()).stdout;
        assert!(one.contains("username:    robot\n"), "{one}");
        noun(&[&["show", "3"][..], &project].concat())
            .refused(1, "there is no deploy token 3 of project acme/network: see `cairn admin deploy-token list --project acme/network`");
        let deleted = noun(&[&["delete", "2"][..], &project].concat());
        assert_eq!(deleted.stdout, "deleted deploy token 2 of project acme/network\n");
        noun(&[&["delete", "2"][..], &project].concat()).refused(1, "there is no deploy token 2");
        noun(&["create", "--name", "x", "--group", "acme", "--scope", "all"])
            .refused(2, "[possible values: read_package_registry, write_package_registry]");
        noun(&["list", "--group", "nowhere"]).refused(1, "there is no group nowhere");
    }
}

#[test]
fn trusted_publishers() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli_ok(&["admin", "project", "create", "acme/network"]);
        let noun = |arguments: &[&str]| server.cli(&[&["admin", "trusted-publisher"], arguments].concat());
        let project = ["--project", "acme/network"];
        let made = noun(
            &[
                &["create", "--issuer", "https://gitlab.example", "--name", "releases", "--once"][..],
                &["--claim", "project_path=acme/vpc", "--claim", "ref=v*", "--role", "maintainer"],
                &project,
            ]
            .concat(),
        );
        assert_eq!(
            shown(&made.stdout),
            "id:          1\nname:        releases\nissuer:      https://gitlab.example\n\
             claims:      project_path=acme/vpc,ref=v*\nrole:        maintainer\nonce:        true\ncreated_at:  TIME\n",
            "{made:?}"
        );
        let issuer = "https://token.actions.githubusercontent.com";
        let added = noun(
            &[&["add", "--issuer", issuer, "--claim", "repository=acme/a=b", "--json"][..], &project]
                .concat(),
        );
        let added: Value = serde_json::from_str(&added.stdout).unwrap();
        assert_eq!(added["claims"]["repository"], "acme/a=b", "only the first = is one");
        assert_eq!((&added["name"], added["access_level"].as_u64()), (&added["issuer"], Some(30)));
        let list = shown(&noun(&[&["list"][..], &project].concat()).stdout);
        let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["ID", "NAME", "ISSUER", "CLAIMS", "ROLE", "ONCE", "CREATED_AT"]);
        assert_eq!(rows[2], ["2", issuer, issuer, "repository=acme/a=b", "developer", "false", "TIME"]);
        let removed = noun(&[&["remove", "1"][..], &project].concat());
        assert_eq!(removed.stdout, "deleted trusted publisher 1 of project acme/network\n");
        noun(&[&["delete", "1"][..], &project].concat()).refused(
            1,
            "there is no trusted publisher 1 of project acme/network: see `cairn admin trusted-publisher list --project acme/network`",
        );
        for (arguments, code, said) in [
            (&["--claim", "ref=v*"][..], 2, "--issuer <URL>"),
            (&["--issuer", issuer], 2, "--claim <NAME=PATTERN>"),
            (&["--issuer", issuer, "--claim", "ref"], 2, "such as project_path=acme/vpc"),
            (&["--issuer", issuer, "--claim", "ref=a", "--claim", "ref=b"], 2, "--claim ref is given twice"),
            (
                &["--issuer", issuer, "--claim", "ref=a", "--role", "owner"],
                2,
                "reporter, developer, maintainer",
            ),
            (&["--issuer", "gitlab", "--claim", "ref=a"], 1, "the issuer must be a URL"),
            (&["--issuer", issuer, "--claim", "ref=*"], 1, "nothing but * matches everything"),
        ] {
            noun(&[&["create"], &project[..], arguments].concat()).refused(code, said);
        }
        noun(&["list", "--project", "acme/nothing"]).refused(1, "there is no project acme/nothing");
    }
}
