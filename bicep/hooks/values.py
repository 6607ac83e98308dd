"""What a hook knows of the deployment, and what the next pass has to know.

Both are kept by azd's environment, or by the outputs of `az deployment sub create` and by a person.
"""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from bicep.hooks.azure_cli import az

PARAMETERS = {"IMAGE": "image", "API_CLIENT_ID": "apiClientId", "UI_CLIENT_ID": "uiClientId"}
"""Parameters of main.bicep by the variable that main.parameters.json reads."""


class Missing(Exception):
    """A value that a hook needs is not there; the message names it."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values by name, and whether azd keeps them."""

    known: Mapping[str, str]
    by_azd: bool

    def __getitem__(self, name: str) -> str:
        value = self.known.get(name)
        if not value:
            raise Missing(f"{name} is not known: deploy first, or say --deployment NAME")
        return value

    def get(self, name: str) -> str:
        """Empty where it is not known."""
        return self.known.get(name, "")

    def save(self, changed: Mapping[str, str]) -> None:
        """Let the next pass know; a value that is as before is not saved again."""
        new = {name: value for name, value in changed.items() if self.get(name) != value}
        if self.by_azd:
            for name, value in new.items():
                before = f" (before: {self.get(name)})" if self.get(name) else ""
                print(f"the next pass has {name} {value}{before}")
                subprocess.run(
                    [shutil.which("azd") or "azd", "env", "set", name, value], check=True
                )
        else:
            print("Deploy again with these parameters:")
            for name, value in changed.items():
                print(f"  {PARAMETERS[name]}={value}")


def values_of(environment: Mapping[str, str], deployment: str | None) -> Values:
    """azd hands its values over as variables; otherwise a deployment's outputs are read."""
    if deployment is None:
        return Values(environment, by_azd=True)
    outputs = az("deployment", "sub", "show", "--name", deployment)["properties"]["outputs"]
    known = {name.upper(): str(output["value"]) for name, output in outputs.items()}
    return Values({**environment, **known}, by_azd=False)
