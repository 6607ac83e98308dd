"""The Azure CLI as hooks use it: one command, its answer as JSON, its refusal as AzError.

A body is passed in a file that only its owner reads: the list of processes shows arguments to
everybody.
"""

import json
import os
import shutil
import subprocess
import tempfile
from typing import Any
from urllib.parse import quote

GRAPH = "https://graph.microsoft.com/v1.0"
ARM = "https://management.azure.com"
DENIED = ("Authorization_RequestDenied", "Insufficient privileges")
"""How a directory says that somebody may not register applications."""


class AzError(Exception):
    """The Azure CLI refused; the message is its own."""

    @property
    def denied(self) -> bool:
        """Whether the directory does not allow it to whoever is signed in."""
        return any(word in str(self) for word in DENIED)


def az(*words: str) -> Any:
    """The answer of `az WORDS`; None where it prints nothing."""
    program = shutil.which("az")
    if program is None:
        raise AzError("the Azure CLI is not installed: https://aka.ms/azure-cli")
    command = [program, *words, "--only-show-errors", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AzError(f"az {' '.join(words[:3])}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def az_shown(*words: str) -> None:
    """Run `az WORDS`, and show what it prints."""
    program = shutil.which("az")
    if program is None:
        raise AzError("the Azure CLI is not installed: https://aka.ms/azure-cli")
    if subprocess.run([program, *words, "--only-show-errors"], check=False).returncode:
        raise AzError(f"az {' '.join(words[:3])} failed; its words are above")


def rest(method: str, url: str, body: Any = None) -> Any:
    """The answer of a REST API of Azure to whoever is signed in."""
    words = ["rest", "--method", method, "--url", url]
    if body is None:
        return az(*words)
    descriptor, path = tempfile.mkstemp(suffix=".json")  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(body, file)
        return az(*words, "--headers", "Content-Type=application/json", "--body", f"@{path}")
    finally:
        os.unlink(path)


def graph(method: str, path: str, body: Any = None) -> Any:
    """The answer of Microsoft Graph."""
    return rest(method, f"{GRAPH}/{quote(path, safe='/?$&=,()')}", body)
