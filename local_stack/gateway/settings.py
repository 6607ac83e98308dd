"""The gateway's settings: one frozen value, from flags and environment variables. Flags win."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.gateway.cached_policies import CachePlace
from local_stack.gateway.reporting.missettings import Missetting
from local_stack.gateway.reporting.trap import Trap

POLICIES = Path(__file__).parents[2] / "apim_policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """docs/gateway.md lists all of it."""

    host: str
    port: int
    backend: str
    """Scheme, host and path prefix of the models."""
    backend_token: str
    """Replaces the managed identity: the model gets it as a bearer token."""
    event_hubs: str
    """Connection string of the namespace."""
    diagnostics_hub: str
    diagnostics_delay_s: float
    traps: tuple[Trap, ...]
    drop: float
    """Share of usage events to lose, from 0 to 1."""
    seed: int
    policies: Path
    cache: CachePlace | None
    """Where a response cache stores answers; None without one."""
    named_values: tuple[tuple[str, str], ...]
    """Named values that replace those of the policies' own file."""
    subscriptions: Path | None
    metrics_file: Path | None
    insights: str = ""
    """Connection string of Application Insights; empty without one."""
    insights_share: float = 1.0
    """Share of the calls that are described there."""
    missettings: tuple[Missetting, ...] = ()


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Ends the process with a message when a value cannot be read."""
    options = _parser(environment).parse_args(arguments)
    values = vars(options)
    values["policies"] = values["policies"] or POLICIES
    values["named_values"] = tuple(values["named_values"])
    return Settings(**values)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_stack.gateway",
        description="Runs the gateway's policies around calls to a model.",
    )

    def add(flag: str, variable: str, text: str, *, default: str | None, type: Any = str) -> None:
        value = environment.get(variable, default)
        shown = f" ({default})" if default else ""
        parser.add_argument(
            f"--{flag}",
            default=value,
            required=value is None,
            type=type,
            help=f"{text}; {variable}{shown}",
        )

    _add_gateway(add)
    _add_telemetry(add)
    parser.add_argument(
        "--named-value", dest="named_values", action="append", type=_pair, default=[],
        metavar="NAME=VALUE", help="replaces one of named_values.json; may be repeated",
    )  # fmt: skip
    return parser


def _add_gateway(add: Callable[..., None]) -> None:
    add("host", "GATEWAY_HOST", "address to listen on", default="127.0.0.1")
    add("port", "GATEWAY_PORT", "port; 0 takes a free port", default="8080", type=int)
    add("backend", "GATEWAY_BACKEND", "URL of the models", default="http://127.0.0.1:8090")
    add(
        "backend-token",
        "GATEWAY_BACKEND_TOKEN",
        "bearer token for the models, instead of a managed identity",
        default="local-managed-identity",
    )
    add(
        "event-hubs",
        "EVENTHUB_CONNECTION_STRING",
        "connection string of the namespace",
        default=None,
    )
    add("diagnostics-hub", "GATEWAY_DIAGNOSTICS_HUB", "hub of the log", default="apim-diagnostics")
    add(
        "diagnostics-delay-s",
        "GATEWAY_DIAGNOSTICS_DELAY_S",
        "seconds that the log is late",
        default="0",
        type=_seconds,
    )
    traps = ", ".join(Trap)
    add("traps", "GATEWAY_TRAPS", f"oddities of real logs: {traps}", default="", type=_traps)
    mistakes = ", ".join(Missetting)
    add(
        "missettings",
        "GATEWAY_MISSETTINGS",
        f"mistakes in the log's settings: {mistakes}",
        default="",
        type=_missettings,
    )
    add("drop", "GATEWAY_DROP", "share of usage events to lose", default="0", type=_share)
    add("seed", "GATEWAY_SEED", "random seed for --drop and --traps", default="0", type=int)
    add(
        "policies",
        "GATEWAY_POLICIES",
        "folder; default apim_policies",
        default="",
        type=_path,
    )
    add(
        "cache",
        "GATEWAY_CACHE",
        f"add a response cache, {' or '.join(CachePlace)} the policies' outbound; default: none",
        default="",
        type=_place,
    )
    add(
        "subscriptions",
        "GATEWAY_SUBSCRIPTIONS",
        "JSON file of keys; default: one key, local-key",
        default="",
        type=_path,
    )


def _add_telemetry(add: Callable[..., None]) -> None:
    add(
        "insights",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "connection string of Application Insights, without sign-in; default: none",
        default="",
    )
    add(
        "insights-share",
        "GATEWAY_INSIGHTS_SHARE",
        "share of calls that are described there",
        default="1",
        type=_share,
    )
    add(
        "metrics-file",
        "GATEWAY_METRICS_FILE",
        "file for token metrics as JSON lines; default: none",
        default="",
        type=_path,
    )


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _place(text: str) -> CachePlace | None:
    return CachePlace(text) if text else None


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share, expected a number from 0 to 1")
    return share


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text} seconds, expected 0 to 3600")
    return seconds


def _traps(text: str) -> tuple[Trap, ...]:
    try:
        return tuple(Trap(name.strip()) for name in text.split(",") if name.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, expected some of {', '.join(Trap)}") from error


def _missettings(text: str) -> tuple[Missetting, ...]:
    try:
        return tuple(Missetting(name.strip()) for name in text.split(",") if name.strip())
    except ValueError as error:
        known = ", ".join(Missetting)
        raise argparse.ArgumentTypeError(f"{error}, expected some of {known}") from error


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}, expected NAME=VALUE")
    return name, value
