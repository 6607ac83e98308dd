"""`python3 -m bicep.hooks preprovision|postprovision|postdeploy`: what azd runs by itself, and what
a person runs who deploys with `az` alone. `register`, `rotate`, `stop` and `start` are for people.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bicep.hooks import consumers, costs, gateway_check, image, once, registrations
from bicep.hooks.azure_cli import AzError
from bicep.hooks.parameters import parameters
from bicep.hooks.prices import list_price
from bicep.hooks.registrations import Ambiguous
from bicep.hooks.values import Missing, Values, values_of

FOLDER = Path(__file__).parents[1]
SECRETS = json.loads((FOLDER / "secrets.json").read_text(encoding="utf-8"))
REGION = "eastus"
REFUSED = """\
This directory does not let you register applications. Somebody who may do that runs

  python3 -m bicep.hooks register --environment {environment} --ui-url {ui_url} --ui-vault {vault}

and gives you the two ids that it prints. Then run

  azd env set API_CLIENT_ID ...
  azd env set UI_CLIENT_ID ...

and deploy again. Until then nobody can sign in, and the UI is not deployed."""


class Unknown(Exception):
    """A parameter names a setting that no program reads, or gives it what is no text."""


def preprovision(values: Values) -> None:
    """Say what it costs, and refuse a setting that nobody reads."""
    check_settings(FOLDER / "main.parameters.json")
    new = not values.get("EXISTING_GATEWAY_ID")
    if new and not values.get("GATEWAY_PUBLISHER_EMAIL"):
        raise Missing(
            "GATEWAY_PUBLISHER_EMAIL is not set, and a new gateway needs it: "
            "azd env set GATEWAY_PUBLISHER_EMAIL you@contoso.com"
        )
    if values.get("IMAGE"):
        return  # the second pass: it was said before the first
    region = values.get("AZURE_LOCATION") or REGION  # azd may ask for it only after this hook
    for line in costs.lines(region, parameters(values.known), list_price):
        print(line)


def check_settings(parameters: Path) -> None:
    """Unknown names each setting of the parameters that no program reads, or whose value is no
    text: a variable of the environment is one.
    """
    given = json.loads(parameters.read_text(encoding="utf-8"))["parameters"]["settings"]["value"]
    programs = json.loads((FOLDER / "settings.json").read_text(encoding="utf-8"))
    known = {name for program in programs.values() for name in program}
    if unknown := sorted(given.keys() - known):
        raise Unknown(
            f"{parameters.name}: no program reads the setting {', '.join(unknown)}; "
            "bicep/settings.json has all that can be set"
        )
    if numbers := [name for name, value in sorted(given.items()) if not isinstance(value, str)]:
        raise Unknown(
            f"{parameters.name}: the value of {', '.join(numbers)} is no text; put it in quotes"
        )


def postprovision(values: Values) -> None:
    """Secrets made once, app registrations, image; and what the second pass has to know."""
    vault, key = values["TELEMETRY_VAULT_ID"], SECRETS["telemetryVault"]["subjectKey"]
    if once.keep(vault, key, once.random_key):
        print(f"made the secret {key}, which is never made again")
    name = SECRETS["uiVault"]["cookieSecret"]
    if once.keep(values["UI_VAULT_ID"], name, once.random_key):
        print(f"made the secret {name}")
    changed = _registered(values)
    registry = values["AZURE_CONTAINER_REGISTRY_NAME"]
    server, base = values["AZURE_CONTAINER_REGISTRY_ENDPOINT"], values.get("PYTHON_IMAGE")
    changed["IMAGE"] = image.build(registry, server, base)
    values.save(changed)


def _registered(values: Values) -> dict[str, str]:
    environment, ui_url = values["ENVIRONMENT_NAME"], values["UI_URL"]
    vault = values["UI_VAULT_ID"]
    try:
        return register(environment, ui_url, vault, values.get("OPERATOR_ID"))
    except AzError as error:
        if not error.denied:
            raise
        words = REFUSED.format(environment=environment, ui_url=ui_url, vault=vault)
        print(words, file=sys.stderr)
        return {}


def register(environment: str, ui_url: str, vault: str, principal_id: str = "") -> dict[str, str]:
    """Both app registrations, and the UI's password in its vault; their client ids."""
    api = registrations.register_api(environment)
    ui = registrations.register_ui(environment, api, ui_url)
    once.keep(vault, SECRETS["uiVault"]["clientSecret"], lambda: registrations.new_password(ui))
    if principal_id and registrations.give_role(api, "Billing.Admin", principal_id):
        print("whoever deploys has the role Billing.Admin now")
    print(f"API_CLIENT_ID {api['appId']}\nUI_CLIENT_ID  {ui['appId']}")
    return {"API_CLIENT_ID": api["appId"], "UI_CLIENT_ID": ui["appId"]}


def rotate(values: Values, name: str) -> None:
    """Replace a secret of the UI, which reads the new one within half an hour.

    Everybody signs in again after another cookie secret. An old password of the app registration
    stays valid until it expires: delete it there when the UI has the new one.
    """
    vault = values["UI_VAULT_ID"]
    if name == SECRETS["uiVault"]["cookieSecret"]:
        once.replace(vault, name, once.random_key())
    else:
        ui = registrations.ui_of(values["ENVIRONMENT_NAME"])
        once.replace(vault, name, registrations.new_password(ui))
    print(f"replaced the secret {name}")


def main(words: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(words)
    try:
        if given.hook == "register":
            register(given.environment, given.ui_url, given.ui_vault)
            return 0
        values = values_of(os.environ, given.deployment)
        if given.hook == "postdeploy":
            return gateway_check.check(values, os.environ)
        if given.hook == "rotate":
            rotate(values, given.secret)
            return 0
        if given.hook in {"stop", "start"}:
            consumers.switch(values, given.hook)
            return 0
        {"preprovision": preprovision, "postprovision": postprovision}[given.hook](values)
    except (AzError, Ambiguous, Missing, Unknown) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m bicep.hooks", description=__doc__)
    hooks = parser.add_subparsers(dest="hook", required=True)
    rotating = hooks.add_parser("rotate", help="replace a secret of the UI")
    rotating.add_argument("secret", choices=sorted(SECRETS["uiVault"].values()))
    others = [hooks.add_parser(name) for name in ("preprovision", "postprovision", "postdeploy")]
    others += [
        hooks.add_parser(word, help=f"{word} metering and pairing") for word in ("stop", "start")
    ]
    for hook in (rotating, *others):
        hook.add_argument(
            "--deployment", metavar="NAME", help="of `az deployment sub create`; default: azd's"
        )
    register_words = hooks.add_parser("register", help="make the app registrations alone")
    for flag in ("--environment", "--ui-url", "--ui-vault"):
        register_words.add_argument(flag, required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
