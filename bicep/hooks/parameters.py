"""The parameters that a deployment will have: those of main.bicep, main.parameters.json and azd."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[1]
Parameters = dict[str, str | int | bool]
_DEFAULT = re.compile(r"^param (\w+) (?:int|bool|string) = (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{(\w+)(?:=([^}]*))?\}")


def parameters(known: Mapping[str, str], folder: Path = FOLDER) -> Parameters:
    """Plain values by name; `known` are azd's variables. Lists and objects are left out."""
    text = (folder / "main.bicep").read_text(encoding="utf-8")
    found: Parameters = {}
    for name, default in _DEFAULT.findall(text):
        value = _literal(default.partition(" //")[0].strip())
        if value is not None:
            found[name] = value
    file = json.loads((folder / "main.parameters.json").read_text(encoding="utf-8"))
    for name, given in file["parameters"].items():
        value = given["value"]
        if isinstance(value, str):
            found[name] = _VARIABLE.sub(lambda each: known.get(each[1]) or each[2] or "", value)
        elif isinstance(value, int):
            found[name] = value
    return found


def _literal(text: str) -> str | int | bool | None:
    if text in {"true", "false"}:
        return text == "true"
    if text.isdecimal():
        return int(text)
    if re.fullmatch(r"'[^'$\\]*'", text):
        return text[1:-1]
    return None  # a default that is computed
