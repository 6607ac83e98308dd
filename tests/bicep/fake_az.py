"""A stand-in for the Azure CLI: a directory, vaults and a registry in one JSON file.

The hooks run it as they would run `az`. It knows the commands that they use, and refuses others.
"""

import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

STATE = Path(os.environ["FAKE_AZ_STATE"])
Body = dict[str, Any]


def flag(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words else ""


def refuse(text: str) -> None:
    sys.stderr.write(text)
    sys.exit(1)


def shown(item: Body) -> Body:
    """As Graph shows an application: with properties that it does not take back."""
    found = dict(item)
    if "appRoles" in item:
        found["appRoles"] = [{**role, "origin": "Application"} for role in item["appRoles"]]
        scopes = [{**scope, "origin": "x"} for scope in item["api"]["oauth2PermissionScopes"]]
        found["api"] = {**item["api"], "oauth2PermissionScopes": scopes}
    if "web" in item:
        uris = [{"uri": uri, "index": None} for uri in item["web"]["redirectUris"]]
        found["web"] = {**item["web"], "redirectUriSettings": uris}
    return found


def directory(state: Body, method: str, url: str, body: Body) -> Any:
    """Microsoft Graph: applications and service principals."""
    parts = urlsplit(url)
    kind, *rest = parts.path.removeprefix("/v1.0/").split("/")
    items = state.setdefault(kind, [])
    if method == "get" and not rest:
        wanted = parse_qs(unquote(parts.query))["$filter"][0]
        field, value = wanted.split(" eq ")
        found = [each for each in items if each.get(field) == value.strip("'")]
        return {"value": [shown(each) for each in found]}
    scopes = body.get("api", {}).get("oauth2PermissionScopes", [])
    if any("origin" in part for part in (*body.get("appRoles", []), *scopes)):
        refuse("Bad Request: origin is read-only")
    if "redirectUriSettings" in body.get("web", {}):
        refuse("Bad Request: redirectUriSettings contradicts redirectUris")
    if state.get("denied") and method != "get":
        refuse("Forbidden: Authorization_RequestDenied Insufficient privileges")
    if not rest:
        made = {"id": str(uuid.uuid4()), **body}
        if kind == "applications":
            made["appId"] = str(uuid.uuid4())
        items.append(made)
        return shown(made)
    item = next(each for each in items if each["id"] == rest[0])
    if rest[1:] == ["addPassword"]:
        item.setdefault("passwords", []).append("one")
        return {"secretText": f"password-{len(item['passwords'])}"}
    if rest[1:] == ["appRoleAssignedTo"]:
        given = item.setdefault("given", [])
        if method == "get":
            return {"value": given}
        given.append(body)
        return body
    item.update(body)
    return None


def resources(state: Body, method: str, url: str, body: Body) -> Any:
    """Azure Resource Manager: secrets of vaults, keys of the gateway's subscriptions, programs."""
    path = urlsplit(url).path
    if path.endswith("/listSecrets"):
        return {"primaryKey": f"key-of-{path.split('/')[-2]}"}
    if method == "post" and "/Microsoft.App/containerApps/" in path:
        app, _, word = path.rpartition("/")
        state.setdefault("switched", []).append([word, app.rpartition("/")[2]])
        return None
    vault, _, name = path.partition("/secrets")
    if state.get("vaults_down"):
        refuse("Service unavailable")
    secrets = state.setdefault("vaults", {}).setdefault(vault, {})
    if method == "get":
        return {"value": [{"name": each} for each in secrets]}
    secrets[name.strip("/")] = body["properties"]["value"]
    return {"id": path}


def registry(state: Body, words: list[str]) -> Any:
    """`az acr`."""
    tags = state.setdefault("tags", [])
    if words[1] == "build":
        tags.append(flag(words, "--image").split(":")[1])
        state["builds"] = state.get("builds", 0) + 1
        return None
    if words[2] == "list":
        return ["chargeback"] if tags else []
    return tags if words[2] == "show-tags" else {"digest": "sha256:" + "a" * 64}


def main(words: list[str]) -> None:
    state: Body = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
    file = flag(words, "--body").removeprefix("@")
    body = json.loads(Path(file).read_text(encoding="utf-8")) if file else {}
    url = flag(words, "--url")
    state.setdefault("asked", []).append(words)
    if words[0] == "rest":
        answers = directory if "graph.microsoft.com" in url else resources
        answer = answers(state, flag(words, "--method"), url, body)
    elif words[0] == "acr":
        answer = registry(state, words)
    elif words[:3] == ["deployment", "sub", "show"]:
        outputs = {name: {"value": value} for name, value in state["outputs"].items()}
        answer = {"properties": {"outputs": outputs}}
    else:
        refuse(f"unknown command: {words}")
    STATE.write_text(json.dumps(state), encoding="utf-8")
    if answer is not None:
        print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
