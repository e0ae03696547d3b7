"""Hooks of the schemathesis runs: real things in paths, and nothing that would end the run for all that follows.

CAIRN_WORLD holds JSON: {"kept": {place: [value, ...]}, "changed": {...}, "deleted": {...}, "protected": {...},
"archive": base64, "bodies": {path: body}}. A place is a part of a path such as "projects/{id}". Requests that only
look, and those that add something, get what is kept; those that change or delete a thing get what is there for that.
Bodies that are hardly ever made up well enough are given, too. Every third request keeps what was generated.

What is never sent, because it would take the credential, the registry or its contents away from the rest of the run:
- `packages_enabled` in the settings: switching the registry off answers 404 everywhere;
- changing, deleting or blocking the user of the run, and revoking or rotating its token;
- changing or deleting the group and the project that all other requests are about.
The last two hit something else instead.
"""

import base64
import itertools
import json
import os
import re
from urllib.parse import quote, unquote

import schemathesis

WORLD = json.loads(os.environ["CAIRN_WORLD"])
ARCHIVE = base64.b64decode(WORLD["archive"])
TURNS = itertools.count()
ACTION = re.compile("/(block|unblock|rotate)$")


def pool(case):
    """What the last variable part of the path may name."""
    if case.method == "DELETE":
        return "deleted"
    if case.method == "PUT" or case.path.endswith(("block", "rotate")):
        return "changed"
    return "kept"


@schemathesis.hook
def before_call(context, case, kwargs):
    # Only texts come encoded. A list with "?" in it would end the path, and ask for another URL.
    for name, value in (case.path_parameters or {}).items():
        if not isinstance(value, str):
            case.path_parameters[name] = quote(str(value), safe="")
    protect(case)
    if case.meta is None or "stateful" in str(case.meta.phase.name).lower():
        return  # The things of such a request come from answers to others.
    turn = next(TURNS)
    if turn % 3 == 0:
        return
    # Segments overlap ("{name}/{system}"), so they are searched one by one.
    segments = case.path.strip("/").split("/")
    places = [
        (f"{before}/{segment}", segment[1:-1])
        for before, segment in zip(segments, segments[1:])
        if segment.startswith("{")
    ]
    for place, name in places:
        last = (place, name) == places[-1]
        values = WORLD[pool(case) if last else "kept"].get(place)
        if values:
            case.path_parameters[name] = quote(str(values[turn // 3 % len(values)]), safe="")
    if case.method == "POST" and case.path in WORLD["bodies"]:
        case.body, case.media_type = dict(WORLD["bodies"][case.path]), "application/json"
    if case.path.endswith("/{version}/file"):
        case.body, case.media_type = ARCHIVE, "application/octet-stream"
        if case.headers and "X-Cairn-Provenance" in case.headers:
            case.headers["X-Cairn-Provenance"] = '{"ref": "main"}'


def protect(case):
    if case.path.endswith("/application/settings"):
        for part in (case.body, case.query):
            if isinstance(part, dict):
                part.pop("packages_enabled", None)
    if pool(case) == "kept" or not case.path_parameters:
        return
    place = "/".join(ACTION.sub("", case.path).split("/")[-2:])
    name = place.rpartition("/")[2][1:-1]
    value = unquote(str(case.path_parameters.get(name, ""))).lower()
    value = value.lstrip("0") if value.isdecimal() else value
    if value in WORLD["protected"].get(place, []):
        case.path_parameters[name] = quote(str(WORLD[pool(case)][place][0]), safe="")
