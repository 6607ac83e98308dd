"""What a function reads from a file when a template is compiled."""

import json
from pathlib import Path
from typing import Any

from bicep.check.language.kinds import Type, of_json

LOADING = {"loadJsonContent", "loadTextContent", "loadYamlContent", "loadFileAsBase64"}


class NotLoaded(Exception):
    """The file or what is wanted of it is not there; the message says it."""


def loaded(name: str, file: Path, path: str, part: str | None) -> Type:
    """The type of what `name('path', 'part')` returns."""
    if not file.is_file():
        raise NotLoaded(f"there is no file '{path}'")
    if name != "loadJsonContent":
        return "any" if name == "loadYamlContent" else "string"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotLoaded(f"'{path}' is no JSON: {error}") from error
    return of_json(_part(content, path, part))


def _part(content: Any, path: str, part: str | None) -> Any:
    """`$.a.b` of a document."""
    for name in (part or "$").split(".")[1:]:
        if not isinstance(content, dict) or name not in content:
            raise NotLoaded(f"'{path}' has nothing at '{part}'")
        content = content[name]
    return content
