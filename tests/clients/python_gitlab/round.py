"""What people do with python-gitlab, step by step. Arguments: the server's URL and a module's archive."""

import hashlib
import os
import sys

import gitlab
from gitlab.const import AccessLevel
from gitlab.exceptions import (
    GitlabAuthenticationError,
    GitlabCreateError,
    GitlabDeleteError,
    GitlabGetError,
    GitlabHttpError,
    GitlabListError,
    GitlabUpdateError,
)

URL, ARCHIVE = sys.argv[1:]
with open(ARCHIVE, "rb") as archive:
    BYTES = archive.read()


def connect(token, **options):
    return gitlab.Gitlab(URL, private_token=token, **options)


def refused(error, status, act):
    """Asserts that `act` is refused with that class of error and that status, and with a sentence."""
    try:
        act()
    except error as refusal:
        assert refusal.response_code == status, (refusal.response_code, status, refusal.error_message)
        assert refusal.error_message, "a refusal without words"
        return
    raise AssertionError(f"{error.__name__} expected")


def modules(project):
    return f"/projects/{project.encoded_id}/packages/terraform/modules"


def publish(client, project, name, version):
    return client.http_put(f"{modules(project)}/{name}/aws/{version}/file", post_data=BYTES, raw=True)


def versions(packages):
    return [package.version for package in packages]


def sign_in(root):
    root.auth()
    assert root.user.username == "root" and root.user.is_admin
    version, revision = root.version()
    assert version != "unknown" and revision
    assert root.http_get("/metadata")["version"] == version
    refused(GitlabAuthenticationError, 401, lambda: connect("glpat-nobody-has-this").auth())
    refused(GitlabAuthenticationError, 401, lambda: gitlab.Gitlab(URL).http_get("/user"))
    bearer = gitlab.Gitlab(URL, oauth_token=os.environ["ROOT_TOKEN"])
    bearer.auth()
    assert bearer.user.id == root.user.id


def people(root):
    ada = root.users.create({"username": "ada", "name": "Ada L.", "email": "ada@example.com", "password": "a long password"})
    assert (ada.username, ada.state, ada.email) == ("ada", "active", "ada@example.com")
    refused(GitlabCreateError, 409, lambda: root.users.create({"username": "ADA", "name": "x", "email": "x@example.com"}))
    refused(GitlabCreateError, 400, lambda: root.users.create({"username": "a b", "name": "x", "email": "y@example.com"}))
    assert [user.id for user in root.users.list(username="ada")] == [ada.id]
    assert [user.username for user in root.users.list(search="ada@example.com", iterator=True)] == ["ada"]
    assert [user.username for user in root.users.list(active=True, get_all=True)] == ["ada", "root"]
    ada.name = "Ada Lovelace"
    ada.save()
    assert root.users.get(ada.id).name == "Ada Lovelace"
    ada.block()
    assert [user.username for user in root.users.list(blocked=True, get_all=True)] == ["ada"]
    ada.unblock()
    refused(GitlabGetError, 404, lambda: root.users.get(999))
    return ada


def tokens(root, ada):
    made = ada.personal_access_tokens.create({"name": "api", "scopes": ["api"]})
    client = connect(made.token)
    client.auth()
    assert client.user.username == "ada"
    own = client.http_post("/user/personal_access_tokens", post_data={"name": "own", "scopes": ["read_api"]})
    reader = connect(own["token"])
    reader.auth()
    refused(GitlabCreateError, 403, lambda: reader.groups.create({"name": "x", "path": "x"}))
    assert {token.name for token in client.personal_access_tokens.list(get_all=True)} == {"api", "own"}
    assert {token.user_id for token in root.personal_access_tokens.list(user_id=ada.id, get_all=True)} == {ada.id}
    assert client.personal_access_tokens.get("self").id == made.id
    assert client.personal_access_tokens.get(own["id"]).scopes == ["read_api"]
    refused(GitlabGetError, 404, lambda: client.personal_access_tokens.get(1))
    refused(GitlabListError, 403, lambda: client.personal_access_tokens.list(user_id=root.user.id, get_all=True))
    rotated = client.personal_access_tokens.get(own["id"])
    rotated.rotate()
    assert rotated.token != own["token"]
    refused(GitlabAuthenticationError, 401, reader.auth)
    connect(rotated.token).personal_access_tokens.get("self").delete()
    refused(GitlabAuthenticationError, 401, connect(rotated.token).auth)
    new = client.personal_access_tokens.rotate("self")
    refused(GitlabAuthenticationError, 401, client.auth)
    return connect(new["token"], per_page=2)


def groups(root, user):
    acme = root.groups.create({"name": "Acme", "path": "acme", "visibility": "private", "description": "All of it"})
    sub = root.groups.create({"name": "Platform", "path": "platform", "parent_id": acme.id})
    deep = root.groups.create({"name": "Deep", "path": "deep", "parent_id": sub.id})
    assert (sub.full_path, sub.visibility, sub.parent_id) == ("acme/platform", "private", acme.id)
    refused(GitlabCreateError, 400, lambda: root.groups.create({"name": "x", "path": "ACME"}))
    refused(GitlabCreateError, 400, lambda: root.groups.create({"name": "x", "path": "a.b"}))
    refused(GitlabCreateError, 404, lambda: user.groups.create({"name": "x", "path": "x", "parent_id": acme.id}))
    refused(GitlabGetError, 404, lambda: user.groups.get("acme"))
    assert root.groups.get("acme").id == acme.id == root.groups.get(acme.id).id
    assert [group.full_path for group in root.groups.list(search="plat", get_all=True)] == ["acme/platform/deep", "acme/platform"]
    assert [group.path for group in root.groups.list(top_level_only=True, get_all=True)] == ["acme"]
    assert [group.path for group in root.groups.list(skip_groups=[sub.id, deep.id], get_all=True)] == ["acme"]
    assert [group.id for group in acme.subgroups.list(get_all=True)] == [sub.id]
    assert [group.id for group in acme.descendant_groups.list(order_by="id", get_all=True)] == [sub.id, deep.id]
    assert user.groups.list(get_all=True) == []
    assert len(root.groups.list(owned=True, get_all=True)) == 3
    acme.description = "Everything"
    acme.terraform_module_duplicates_allowed = True
    acme.save()
    again = root.groups.get(acme.id)
    assert (again.description, again.terraform_module_duplicates_allowed) == ("Everything", True)
    again.visibility = "secret"
    refused(GitlabUpdateError, 400, again.save)
    deep.delete()
    refused(GitlabGetError, 404, lambda: root.groups.get(deep.id))
    return acme, sub


def projects(root, user, sub):
    project = root.projects.create({"name": "Network Modules", "namespace_id": sub.id})
    assert project.path_with_namespace == "acme/platform/network-modules"
    refused(GitlabCreateError, 400, lambda: root.projects.create({"name": "network-modules", "namespace_id": sub.id}))
    refused(GitlabCreateError, 404, lambda: user.projects.create({"name": "x", "namespace_id": sub.id}))
    refused(GitlabGetError, 404, lambda: user.projects.get(project.id))
    found = root.projects.get("acme/platform/network-modules")
    assert found.id == project.id and found.permissions["group_access"]["access_level"] == AccessLevel.OWNER
    own = user.projects.create({"name": "mine", "visibility": "public"})
    assert own.path_with_namespace == "ada/mine" and own.namespace["kind"] == "user"
    assert [row.path for row in user.projects.list(owned=True, get_all=True)] == ["mine"]
    assert [row.id for row in root.projects.list(get_all=True)] == [own.id, project.id]
    keyset = root.projects.list(pagination="keyset", order_by="id", sort="asc", per_page=1, iterator=True)
    assert [row.id for row in keyset] == [project.id, own.id]
    assert [row.id for row in root.projects.list(search="network", simple=True, get_all=True)] == [project.id]
    assert [row.id for row in root.groups.get("acme").projects.list(include_subgroups=True, get_all=True)] == [project.id]
    project.description = "Networks"
    project.package_registry_access_level = "private"
    project.save()
    assert root.projects.get(project.id).package_registry_access_level == "private"
    refused(GitlabDeleteError, 404, lambda: user.projects.delete(project.id))
    own.delete()
    return root.projects.get(project.id)


def members(root, user, acme, project):
    member = project.members.create({"user_id": user.user.id, "access_level": AccessLevel.DEVELOPER})
    assert (member.username, member.access_level) == ("ada", AccessLevel.DEVELOPER)
    refused(GitlabCreateError, 409, lambda: project.members.create({"user_id": user.user.id, "access_level": 30}))
    refused(GitlabCreateError, 400, lambda: project.members.create({"user_id": user.user.id, "access_level": 31}))
    refused(GitlabCreateError, 404, lambda: project.members.create({"user_id": 999, "access_level": 30}))
    seen = user.projects.get(project.id)
    assert seen.permissions["project_access"]["access_level"] == 30 and seen.permissions["group_access"] is None
    assert [row.path for row in user.groups.list(get_all=True)] == ["acme", "platform"]
    refused(GitlabCreateError, 403, lambda: seen.members.create({"user_id": root.user.id, "access_level": 30}))
    refused(GitlabUpdateError, 403, lambda: user.projects.update(project.id, {"description": "x"}))
    refused(GitlabDeleteError, 403, lambda: user.projects.delete(project.id))
    assert [row.username for row in project.members.list(get_all=True)] == ["ada"]
    assert {row.username for row in project.members_all.list(get_all=True)} == {"ada", "root"}
    assert [row.id for row in project.members_all.list(user_ids=[user.user.id], get_all=True)] == [user.user.id]
    member.access_level = AccessLevel.MAINTAINER
    member.expires_at = "2999-01-01"
    member.save()
    assert project.members.get(user.user.id).expires_at == "2999-01-01"
    refused(GitlabDeleteError, 403, lambda: acme.members.delete(root.user.id))
    project.members.update(user.user.id, {"access_level": AccessLevel.DEVELOPER})


def deploy_tokens(root, project, acme):
    made = project.deploytokens.create({"name": "ci", "scopes": ["write_package_registry"], "username": "robot"})
    assert (made.username, made.scopes, made.revoked) == ("robot", ["write_package_registry"], False)
    robot = gitlab.Gitlab(URL)
    robot.session.headers["DEPLOY-TOKEN"] = made.token
    publish(robot, project, "vpc", "1.0.0")
    shared = acme.deploytokens.create({"name": "all", "scopes": ["read_package_registry"], "expires_at": "2999-01-01"})
    assert shared.expires_at.startswith("2999-01-01") and shared.username.startswith("gitlab+deploy-token-")
    assert [token.id for token in project.deploytokens.list(get_all=True)] == [made.id]
    assert acme.deploytokens.get(shared.id).name == "all"
    refused(GitlabCreateError, 400, lambda: project.deploytokens.create({"name": "x", "scopes": ["sudo"]}))
    made.delete()
    shared.delete()
    refused(GitlabAuthenticationError, 401, lambda: publish(robot, project, "vpc", "9.9.9"))
    refused(GitlabGetError, 404, lambda: project.deploytokens.get(made.id))


def packages(root, user, project, acme):
    for version in ["1.0.1", "1.1.0", "1.2.0-rc.1", "2.0.0"]:
        assert publish(user, project, "vpc", version)
    publish(user, project, "subnet", "1.0.0")
    refused(GitlabHttpError, 403, lambda: publish(user, project, "vpc", "1.0.0"))
    refused(GitlabHttpError, 400, lambda: publish(user, project, "vpc", "v1"))
    refused(GitlabHttpError, 422, lambda: publish(user, project, "v.p.c", "1.0.0"))
    mine = user.projects.get(project.id)
    everything = mine.packages.list(get_all=True, per_page=2)
    assert versions(everything) == ["1.0.0", "1.0.1", "1.1.0", "1.2.0-rc.1", "2.0.0", "1.0.0"]
    assert len(mine.packages.list(page=2, per_page=4)) == 2
    lazy = mine.packages.list(iterator=True, per_page=4)
    assert (lazy.total, lazy.total_pages, len(list(lazy))) == (6, 2, 6)
    assert versions(mine.packages.list(package_name="subnet", get_all=True)) == ["1.0.0"]
    assert versions(mine.packages.list(package_version="1.1.0", get_all=True)) == ["1.1.0"]
    assert versions(mine.packages.list(order_by="created_at", sort="desc", get_all=True))[-1] == "1.0.0"
    assert mine.packages.list(package_type="npm", get_all=True) == []
    refused(GitlabListError, 400, lambda: mine.packages.list(package_type="wheel", get_all=True))
    in_group = acme.packages.list(get_all=True, package_type="terraform_module")
    assert len(in_group) == 6 and in_group[0].project_path == project.path_with_namespace
    assert acme.packages.list(exclude_subgroups=True, get_all=True) == []
    one = mine.packages.get(everything[0].id)
    assert (one.name, one.package_type, one.status) == ("vpc/aws", "terraform_module", "default")
    files = one.package_files.list(get_all=True)
    assert [row.file_name for row in files] == ["vpc-aws-1.0.0.tgz"]
    assert files[0].file_sha256 == hashlib.sha256(BYTES).hexdigest() and files[0].size == len(BYTES)
    path = f"/projects/{mine.id}/packages/{one.id}/package_files/{files[0].id}/download"
    assert user.http_get(path, raw=True).content == BYTES
    assert user.http_get(f"{modules(mine)}/vpc/aws/1.0.0", raw=True).content == BYTES
    refused(GitlabDeleteError, 403, one.delete)
    refused(GitlabDeleteError, 403, files[0].delete)
    ours = project.packages.get(one.id)
    ours.package_files.list(get_all=True)[0].delete()
    assert ours.package_files.list(get_all=True) == []
    ours.delete()
    refused(GitlabGetError, 404, lambda: project.packages.get(one.id))
    refused(GitlabDeleteError, 404, lambda: project.packages.delete(one.id))


def settings(root, user):
    current = root.settings.get()
    assert current.packages_enabled
    current.default_project_visibility = "internal"
    current.save()
    assert root.settings.get().default_project_visibility == "internal"
    current.default_project_visibility = "private"
    current.save()
    refused(GitlabGetError, 403, user.settings.get)
    assert root.http_get("/application/plan_limits")["terraform_module_max_file_size"] > 0


def namespaces(root, user):
    assert [row.full_path for row in user.namespaces.list(get_all=True)] == ["ada"]
    assert {row.kind for row in root.namespaces.list(get_all=True)} == {"user", "group"}
    assert root.namespaces.get("acme").kind == "group"
    assert root.namespaces.exists("acme").exists and not root.namespaces.exists("nobody").exists
    refused(GitlabGetError, 404, lambda: user.namespaces.get("root"))


def renames(root, user, acme, sub, project):
    project.path = "network"
    project.save()
    sub.path = "base"
    sub.save()
    acme.path = "umbrella"
    acme.save()
    for path in ["acme/platform/network-modules", "acme/platform/network", "umbrella/base/network"]:
        assert user.projects.get(path).path_with_namespace == "umbrella/base/network", path
    assert user.groups.get("acme").full_path == "umbrella"
    assert len(user.projects.get("acme/platform/network-modules").packages.list(get_all=True)) == 5
    refused(GitlabUpdateError, 404, lambda: root.groups.update("acme", {"description": "x"}))
    person = root.users.get(user.user.id)
    person.username = "lovelace"
    person.save()
    user.auth()
    assert user.user.username == "lovelace" and user.namespaces.get("ada").full_path == "lovelace"


def removal(root, acme, project):
    project.delete()
    refused(GitlabGetError, 404, lambda: root.projects.get(project.id))
    acme.delete()
    refused(GitlabGetError, 404, lambda: root.groups.get(acme.id))
    root.users.delete(root.users.list(username="lovelace")[0].id)
    assert root.users.list(username="lovelace") == []


def pipelines(project):
    for package in project.packages.list(get_all=True):
        assert package.pipelines.list(get_all=True) == []


def main():
    root = connect(os.environ["ROOT_TOKEN"])
    sign_in(root)
    ada = people(root)
    user = tokens(root, ada)
    user.auth()
    acme, sub = groups(root, user)
    project = projects(root, user, sub)
    members(root, user, acme, project)
    deploy_tokens(root, project, acme)
    packages(root, user, project, acme)
    settings(root, user)
    namespaces(root, user)
    renames(root, user, acme, sub, project)
    pipelines(project)
    removal(root, acme, project)
    print("everything works")


if __name__ == "__main__":
    main()
