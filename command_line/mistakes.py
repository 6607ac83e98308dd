"""What is said about a command line that cannot be used: the flag, its value, what was expected."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import typer
from typer.exceptions import TyperException


class NoVerb(TyperException):
    """Nothing was asked: the message is the help page."""

    exit_code = 2


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the nearest word, or nothing where none is near."""
    names = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""


def unknown_verb(word: str, commands: Mapping[str, Any], context: Any) -> TyperException:
    """The error for a verb that is not there. It also finds a verb whose group was left out."""
    inner = {
        verb: f"{name} {verb}"
        for name, command in commands.items()
        for verb in getattr(command, "commands", {})
    }
    if word in inner:
        said = f"; did you mean {inner[word]}?"
    else:
        said = did_you_mean(word, commands) or did_you_mean(word, inner.values())
    return typer.BadParameter(f"there is no verb {word!r}{said}", ctx=context)


def explain(error: TyperException) -> str:
    """The lines for stderr."""
    context = getattr(error, "ctx", None)
    if isinstance(error, NoVerb) or context is None:
        return error.message
    path = context.command_path
    return f"{path}: {_reason(error)}\n`{path} --help` shows what it takes."


def _reason(error: TyperException) -> str:
    possible = getattr(error, "possibilities", None)
    if possible is not None:  # Typer's error for a flag that it does not know
        flag = getattr(error, "option_name", "")
        return f"there is no flag {flag}" + (f"; did you mean {possible[0]}?" if possible else "")
    param = getattr(error, "param", None)
    if param is None:
        return error.message[:1].lower() + error.message[1:].rstrip(".")
    if hasattr(error, "param_type"):  # Typer's error for a value that was not given
        return f"{name_of(param)} is missing: {param.help}"
    return f"{name_of(param)}: {error.message}"


def name_of(param: Any) -> str:
    """A flag with the variable that it may come from, or an argument as the help page names it."""
    if param.param_type_name == "argument":
        return str(param.display_name_raw)
    return " / ".join(param.opts) + (f" ({param.envvar})" if param.envvar else "")
