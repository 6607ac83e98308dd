"""Where telemetry goes: one frozen value, read once from an environment.

VARIABLES is the list; docs/telemetry.md explains each, and a test compares.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

KEY_CHARS_MIN = 32
"""A key of 32 hex digits has 128 bits: no table of all subjects undoes a pseudonym."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class BadTelemetry(ValueError):
    """A variable of telemetry that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment."""

    name: str
    meaning: str


CONNECTION_STRING = Variable(
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "of Application Insights; the process signs in by its identity",
)
OTLP_ENDPOINT = Variable(
    "OTEL_EXPORTER_OTLP_ENDPOINT", "http(s)://HOST:PORT of an OpenTelemetry collector"
)
SUBJECT_KEY = Variable(
    "TELEMETRY_SUBJECT_KEY",
    "key of the pseudonyms of subjects; without it subjects are sent as they are",
)
PUBLISH_FROM = Variable("PUBLISH_FROM", "first charge day that is published; default: all")
WORKSPACE_ID = Variable(
    "LOG_ANALYTICS_WORKSPACE_ID",
    "of the workspace behind Application Insights; without it nothing is read back",
)
QUERY_URL = Variable(
    "TELEMETRY_QUERY_URL", "where the workspace is asked; default: Azure. http is for this machine"
)
VARIABLES = (CONNECTION_STRING, OTLP_ENDPOINT, SUBJECT_KEY, PUBLISH_FROM)
"""Of who sends."""
READ_VARIABLES = (WORKSPACE_ID, QUERY_URL, SUBJECT_KEY)
"""Of who reads what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Where telemetry goes, and how subjects are named in it."""

    connection_string: str | None = None
    """Of Application Insights; it comes before the collector."""
    otlp_endpoint: str | None = None
    """Of a collector, without a path."""
    subject_key: str | None = None
    publish_from: date | None = None
    """First charge day that is published; None is the ledger's first."""
    workspace: str | None = None
    """Of Log Analytics, which is asked what Application Insights holds."""
    query_url: str | None = None
    """Where it is asked; None is Azure."""

    @property
    def is_on(self) -> bool:
        """Whether telemetry goes anywhere."""
        return bool(self.connection_string or self.otlp_endpoint)

    @property
    def signs_in(self) -> bool:
        """Whether Application Insights is asked with an identity: always but on this machine."""
        return self.connection_string is not None and _endpoint_of(
            self.connection_string
        ).startswith("https://")


def read_telemetry(environment: Mapping[str, str]) -> TelemetrySettings:
    """BadTelemetry names the variable that cannot be used."""
    settings = TelemetrySettings(
        connection_string=environment.get(CONNECTION_STRING.name) or None,
        otlp_endpoint=(environment.get(OTLP_ENDPOINT.name) or "").rstrip("/") or None,
        subject_key=environment.get(SUBJECT_KEY.name) or None,
        publish_from=_day(environment.get(PUBLISH_FROM.name) or None),
        workspace=environment.get(WORKSPACE_ID.name) or None,
        query_url=(environment.get(QUERY_URL.name) or "").rstrip("/") or None,
    )
    if settings.connection_string is not None:
        _check_connection_string(settings.connection_string)
    if settings.otlp_endpoint is not None:
        _check_url(OTLP_ENDPOINT.name, settings.otlp_endpoint, ("http", "https"))
    if settings.query_url is not None:
        _check_secure_url(QUERY_URL.name, settings.query_url)
    if settings.subject_key is not None and len(settings.subject_key) < KEY_CHARS_MIN:
        raise BadTelemetry(
            f"{SUBJECT_KEY.name} has {len(settings.subject_key)} characters; "
            f"expected at least {KEY_CHARS_MIN}"
        )
    return settings


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        message = f"{PUBLISH_FROM.name} {text!r} is not a day; expected one as in 2026-11-20"
        raise BadTelemetry(message) from None


def _check_connection_string(text: str) -> None:
    name = CONNECTION_STRING.name
    if "instrumentationkey" not in _parts(text):
        raise BadTelemetry(f"{name} has no InstrumentationKey=")
    _check_secure_url(f"IngestionEndpoint of {name}", _endpoint_of(text))


def _check_secure_url(what: str, url: str) -> None:
    _check_url(what, url, ("http", "https"))
    if url.startswith("http://") and urlsplit(url).hostname not in LOOPBACK:
        raise BadTelemetry(f"{what} {url!r} does not start with https://")


def _check_url(what: str, url: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise BadTelemetry(f"{what} {url!r} is not a URL that starts with http:// or https://")


def _parts(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if value}


def _endpoint_of(connection_string: str) -> str:
    """Where items are sent; the default is Microsoft's global endpoint."""
    found = _parts(connection_string).get("ingestionendpoint")
    return found or "https://dc.services.visualstudio.com"
