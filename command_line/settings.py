"""Settings as flags: each has a variable of the same name as its twin, and the flag is stronger."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

Verb = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a process, as its environment spells it."""

    variable: str
    meaning: str
    default: str = ""
    spelled: str = ""
    """The flag, where it is not the variable in lower case."""

    @property
    def flag(self) -> str:
        """`--tables-url` for TABLES_URL."""
        return self.spelled or "--" + self.variable.lower().replace("_", "-")


def with_settings(verb: Verb, sections: Mapping[str, Sequence[Setting]]) -> Verb:
    """`verb(environment, …)` as a command: its own flags, then those of each section of settings.

    `environment` holds the text of each setting that is given or has a default, by its variable.
    """
    settings = {
        each.variable.lower(): (each, title)
        for title, section in sections.items()
        for each in section
    }
    own = list(inspect.signature(verb).parameters.values())[1:]

    def command(**given: Any) -> int:
        texts = {name.upper(): given.pop(name) for name in settings}
        return verb({name: text for name, text in texts.items() if text is not None}, **given)

    flags = [_parameter(name, *about) for name, about in settings.items()]
    signature = inspect.Signature([each.replace(kind=each.KEYWORD_ONLY) for each in own] + flags)
    command.__doc__, command.__name__ = verb.__doc__, verb.__name__
    command.__signature__ = signature  # type: ignore[attr-defined]  # how Typer learns the flags
    return command


def flag_of(setting: Setting, **more: Any) -> Any:
    """How `typer.Option` takes a setting: its help shows the variable and the default."""
    twin = f"{setting.variable}={setting.default}" if setting.default else setting.variable
    return typer.Option(
        setting.flag,
        envvar=setting.variable,
        show_envvar=False,
        show_default=False,
        help=f"{setting.meaning} [{twin}]",
        metavar="X",
        **more,
    )


def _parameter(name: str, setting: Setting, title: str) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=setting.default or None,
        annotation=Annotated[str | None, flag_of(setting, rich_help_panel=title)],
    )
