"""docs/cli.md, made from the Typer apps: `python -m chargeback.reference` prints it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import typer

from apim_policies.app import app as policies
from chargeback.app import Everything, app
from command_line.help_page import ARGUMENTS, FLAGS, section_of, shown_name
from consumers.verbs.app import app as consumers
from local_stack.app import broker, demo, identity, insights, send
from pricing_rules.verbs.app import app as prices
from table_api.verbs.app import app as tables

MODULES = {
    "consumers": consumers,
    "table_api": tables,
    "pricing_rules": prices,
    "apim_policies": policies,
    "local_stack.identity": identity,
}
"""Packages whose verbs can be called without `chargeback`, as `python -m PACKAGE VERB`."""
ALONE = {
    "local_stack.demo": demo,
    "local_stack.broker": broker,
    "local_stack.send": send,
    "local_stack.insights": insights,
}
"""Modules that are a verb by themselves."""

HEAD = """\
# The command line

`chargeback` is one command over all packages. `make setup` installs it as `.venv/bin/chargeback`;
outside a checkout, install the wheel that `.venv/bin/uv build --wheel` writes to `dist/`.
`chargeback --help` lists the verbs, and `chargeback VERB --help` explains one. Data goes to stdout,
words to stderr.

This page is made from the commands themselves by `make fmt`; a test compares them.

## Exit codes
| code | meaning |
|---|---|
| 0 | It is done. A check found nothing. |
| 1 | It failed, or a check found something; stderr says what. |
| 2 | The command line cannot be used. `api`, `people`, `invoice` and `package` also end so for a \
setting or folder that they cannot use; the consumers' verbs end with 1 for such a setting. |
| 3 | `consumer run` and `consumer pair`: too many events cannot be metered, a person has to look. |
| 4 | `consumer run` and `consumer pair`: events wait and none arrives, also with new clients. |
| 130 | Ctrl-C interrupted it. |

## Flags and variables
Each setting is a flag and an environment variable: `--linger-s` is `LINGER_S`. The flag is
stronger, and an empty variable counts as not set. A flag that takes several values may be repeated,
or take them in a row: `--book a.toml b.toml`.

An error names the flag, the value and what was expected. What ends a verb is one line on stderr
that begins with `error:`; only `consumer run` and `consumer pair` write it as a log line. For a
misspelt verb, flag or choice the error names the nearest word:

```console
$ chargeback consumer lagg
chargeback consumer: there is no verb 'lagg'; did you mean lag?
`chargeback consumer --help` shows what it takes.
```

## Output for programs
Every verb that prints data takes `--json`: stdout then has one JSON document and nothing else.
Amounts are decimal strings, and `null` where nobody knows them. The exit code is the same.

## Shell completion
`chargeback --install-completion` makes bash, zsh, fish or PowerShell complete verbs, flags and
choices. `chargeback --show-completion` prints the script instead.
"""


@dataclass(frozen=True, slots=True)
class _Verb:
    """One verb as the page shows it."""

    path: str
    command: Any
    module: str | None
    """How it is called without `chargeback`."""


@dataclass(slots=True)
class _Settings:
    """Every setting of one section, of whatever verb."""

    rows: dict[str, str] = field(default_factory=dict)


def reference() -> str:
    """The whole page."""
    root: Any = typer.main.get_command(app)
    modules = _modules()
    sections: dict[str, _Settings] = {}
    parts = [HEAD]
    for title, names in Everything.sections.items():
        parts.append(f"\n## {title}\n")
        for name in names:
            for verb in _verbs(f"chargeback {name}", root.commands[name], modules):
                parts.append(_shown(verb, sections))
    for title, settings in sections.items():
        parts.append(f"\n## {title}\n| flag | variable | default | meaning |\n|---|---|---|---|\n")
        parts.extend(settings.rows.values())
    return "".join(parts)


def verbs_by_function(part: typer.Typer, path: str = "") -> dict[int, str]:
    """What is typed for each verb of an app, by the identity of the function that it calls."""
    command = typer.main.get_command(part)
    return {_identity(verb.command): verb.path.strip() for verb in _verbs(path, command, {})}


def _modules() -> dict[int, str]:
    """How each verb is called by `python -m`."""
    found: dict[int, str] = {}
    for module, part in (MODULES | ALONE).items():
        found |= verbs_by_function(part, f"python -m {module}")
    return found


def _identity(command: Any) -> int:
    return id(command.callback.__wrapped__)


def _verbs(path: str, command: Any, modules: dict[int, str]) -> Iterator[_Verb]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _verbs(f"{path} {name}", inner, modules)
    else:
        yield _Verb(path, command, modules.get(_identity(command)))


def _shown(verb: _Verb, sections: dict[str, _Settings]) -> str:
    usage = " ".join([verb.path, *(shown_name(each) for each in _arguments(verb.command))])
    lines = [f"\n### {usage}", verb.command.help or ""]
    if verb.module is not None:
        lines += [f"Also `{verb.module}`."]
    own = [each for each in verb.command.params if section_of(each) in {ARGUMENTS, FLAGS}]
    titles = dict.fromkeys(section_of(each) for each in verb.command.params if each not in own)
    for each in verb.command.params:
        if each not in own:
            rows = sections.setdefault(section_of(each), _Settings()).rows
            rows.setdefault(each.name, _setting_row(each))
    if titles:
        links = [f"[{title[:1].lower()}{title[1:]}](#{_anchor(title)})" for title in titles]
        lines.append("It takes the " + ",\n".join(links) + ".")
    if own:
        lines += ["", "| argument | meaning |", "|---|---|", *map(_own_row, own)]
    return "\n".join(lines) + "\n"


def _arguments(command: Any) -> list[Any]:
    return [each for each in command.params if section_of(each) == ARGUMENTS]


def _own_row(param: Any) -> str:
    name, meaning = shown_name(param), str(param.help)
    if section_of(param) == FLAGS:
        name = param.opts[0] + ("" if param.is_flag else f" {param.metavar}")
        if param.required:
            meaning += "; required"
        elif param.show_default and param.default not in (None, False):
            meaning += f"; default: {param.default}"
    return f"| `{_cell(name)}` | {_cell(meaning)} |"


def _setting_row(param: Any) -> str:
    meaning = str(param.help).rpartition(" [")[0]
    default = f"`{param.default}`" if param.default else "—"
    return f"| `{param.opts[0]}` | `{param.envvar}` | {_cell(default)} | {_cell(meaning)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


if __name__ == "__main__":
    print(reference(), end="")
