"""The app registrations of API and UI in Entra, made or brought up to date: repeating changes
nothing. What somebody else added to them stays.
"""

import json
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bicep.hooks.azure_cli import AzError, graph

ROLES_FILE = Path(__file__).parents[1] / "app_roles.json"
NAMESPACE = uuid.UUID("6e0f7a8e-6a0b-4d2f-9f3d-0d9f6b0f4c11")
"""Ids of roles and of the scope are made from it and their names, so they never change."""
TRIES_MAX = 6
RETRY_DELAY_S = 10.0
"""A new application is known everywhere in the directory within a minute."""

Application = dict[str, Any]
Part = dict[str, Any]
"""A role or scope of an application."""


class Ambiguous(Exception):
    """Several applications have the name that ours has."""


def register_api(environment: str) -> Application:
    """The API: its roles, its one scope, tokens of version 2."""
    spoken = json.loads(ROLES_FILE.read_text(encoding="utf-8"))
    name = f"llm-chargeback-api-{environment}"
    found = _find(name)
    body = {
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "appRoles": _merged(
            found.get("appRoles", []), [_role(value, why) for value, why in spoken["roles"].items()]
        ),
        "api": {
            **found.get("api", {}),
            "requestedAccessTokenVersion": 2,
            "oauth2PermissionScopes": _merged(
                found.get("api", {}).get("oauth2PermissionScopes", []), [_scope(spoken["scope"])]
            ),
        },
    }
    api = _save(found, body)
    uri = f"api://{api['appId']}"
    if uri not in api.get("identifierUris", []):
        uris = [*api.get("identifierUris", []), uri]
        _patiently("patch", f"applications/{api['id']}", {"identifierUris": uris})
    _principal_of(api)
    return api


def register_ui(environment: str, api: Application, ui_url: str) -> Application:
    """The UI: where people come back to, and the API's scope, which nobody has to consent to."""
    name = _ui_name(environment)
    found = _find(name)
    scope = _id("scope", json.loads(ROLES_FILE.read_text(encoding="utf-8"))["scope"])
    back = f"{ui_url}/oauth2callback"
    known = found.get("web", {}).get("redirectUris", [])
    needs = [
        *(
            each
            for each in found.get("requiredResourceAccess", [])
            if each["resourceAppId"] != api["appId"]
        ),
        {"resourceAppId": api["appId"], "resourceAccess": [{"id": scope, "type": "Scope"}]},
    ]
    body = {
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "web": {
            **_without(found.get("web", {}), "redirectUriSettings"),
            "redirectUris": [*known, *([] if back in known else [back])],
        },
        "requiredResourceAccess": needs,
    }
    ui = _save(found, body)
    _principal_of(ui)
    others = [
        each
        for each in api["api"].get("preAuthorizedApplications", [])
        if each["appId"] != ui["appId"]
    ]
    allowed = [*others, {"appId": ui["appId"], "delegatedPermissionIds": [scope]}]
    scopes = [_without(each, "origin") for each in api["api"]["oauth2PermissionScopes"]]
    settings = {
        **api["api"],
        "oauth2PermissionScopes": scopes,
        "preAuthorizedApplications": allowed,
    }
    _patiently("patch", f"applications/{api['id']}", {"api": settings})
    return ui


def ui_of(environment: str) -> Application:
    """The UI as it is registered; AzError where it is not."""
    name = _ui_name(environment)
    found = _find(name)
    if not found:
        raise AzError(f"no application has the name {name}")
    return found


def new_password(application: Application) -> str:
    """Another password of the application; Entra shows it this once."""
    body = {"passwordCredential": {"displayName": "chargeback"}}
    return str(
        _patiently("post", f"applications/{application['id']}/addPassword", body)["secretText"]
    )


def give_role(api: Application, role: str, principal_id: str) -> bool:
    """Give somebody a role of the API; whether they had not got it."""
    resource = _principal_of(api)
    path = f"servicePrincipals/{resource['id']}/appRoleAssignedTo"
    wanted = _id("role", role)
    for each in graph("get", f"{path}?$top=999")["value"]:
        if (each["principalId"], each["appRoleId"]) == (principal_id, wanted):
            return False
    body = {"principalId": principal_id, "resourceId": resource["id"], "appRoleId": wanted}
    _patiently("post", path, body)
    return True


def _ui_name(environment: str) -> str:
    return f"llm-chargeback-ui-{environment}"


def _find(name: str) -> Application:
    """The application of that name; empty where there is none."""
    quoted = name.replace("'", "''")
    found = graph("get", f"applications?$filter=displayName eq '{quoted}'")["value"]
    if len(found) > 1:
        ids = ", ".join(each["appId"] for each in found)
        raise Ambiguous(f"several applications have the name {name}: {ids}. Delete all but one.")
    return found[0] if found else {}


def _save(found: Application, body: Application) -> Application:
    if not found:
        return dict(graph("post", "applications", body))
    graph("patch", f"applications/{found['id']}", body)
    return {**found, **body}


def _principal_of(application: Application) -> dict[str, Any]:
    """Its enterprise application in this directory, made where there is none."""
    app_id = application["appId"]
    found = graph("get", f"servicePrincipals?$filter=appId eq '{app_id}'")["value"]
    return dict(found[0] if found else _patiently("post", "servicePrincipals", {"appId": app_id}))


def _patiently(method: str, path: str, body: Any) -> Any:
    """Again, while the directory does not know yet what was just made."""
    for attempt in range(TRIES_MAX):
        try:
            return graph(method, path, body)
        except AzError as error:
            if error.denied or attempt + 1 == TRIES_MAX:
                raise
            time.sleep(RETRY_DELAY_S)
    raise AssertionError("the last try returns or raises")


def _merged(theirs: Sequence[Part], ours: Sequence[Part]) -> list[Part]:
    """Theirs with ours, which take the place of those with the same id."""
    ids = {each["id"] for each in ours}
    return [*(_without(each, "origin") for each in theirs if each["id"] not in ids), *ours]


def _without(part: Part, name: str) -> Part:
    """Graph shows some properties that it does not take back."""
    return {each: part[each] for each in part if each != name}


def _id(kind: str, name: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{name}"))


def _role(value: str, why: str) -> dict[str, Any]:
    return {
        "id": _id("role", value),
        "value": value,
        "displayName": value,
        "description": why,
        "allowedMemberTypes": ["User", "Application"],
        "isEnabled": True,
    }


def _scope(value: str) -> dict[str, Any]:
    words = "See what language models cost, as the person who is signed in"
    return {
        "id": _id("scope", value),
        "value": value,
        "type": "User",
        "isEnabled": True,
        "adminConsentDisplayName": words,
        "adminConsentDescription": words,
        "userConsentDisplayName": words,
        "userConsentDescription": words,
    }
