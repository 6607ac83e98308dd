"""A GatewayLogs record → the outcome of a call, with the caller where the trace is in it. Pure."""

import re

from consumers.gateway_log.record_fields import TEXT_CHARS_MAX, Fields
from consumers.gateway_log.trace_record import identity_of
from consumers.gateway_log.unmetered import (
    RESPONSES_SOCKET,
    may_be_socket,
    path_and_query,
    unmetered_operation,
)
from pricing_rules.decoding.invalid_event import InvalidCode
from pricing_rules.decoding.wire_event import STATUS_MAX
from pricing_rules.types import CACHE_HIT, Operation
from table_api.open_calls.facts import RequestRecord

URL_CHARS_MAX = 4_096
"""What follows is a query that nobody needs."""
SWITCHED = 101
"""The status of a request that became a WebSocket."""

# The paths that the policy makes events of: chargeback-capture-call.fragment.xml has the same. What
# a caller writes behind the path names nothing.
_CALL = re.compile(
    r"/(chat/completions|completions|responses(?:/compact)?|embeddings"
    r"|images/(?:generations|edits|variations)|audio/(?:transcriptions|translations|speech)"
    r"|v1/messages)/?$",
    re.IGNORECASE,
)
_FETCH = re.compile(r"/responses/([^/\s]{1,128})/?$", re.IGNORECASE)
_STREAMED = re.compile(r"(?:^|&)stream=true(?:&|$)", re.IGNORECASE)
_DEPLOYMENT = re.compile(r"/deployments/([!-.0-~]{1,128})/", re.IGNORECASE)
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#@:]{1,253})", re.IGNORECASE)
_REVISION = re.compile(r";rev=\d+$", re.IGNORECASE)
_BY_PATH = {
    "chat/completions": Operation.CHAT_COMPLETIONS,
    "completions": Operation.COMPLETIONS,
    "responses": Operation.RESPONSES,
    "embeddings": Operation.EMBEDDINGS,
    "images": Operation.IMAGES,
    "audio/speech": Operation.AUDIO_SPEECH,
    "audio": Operation.AUDIO_TRANSCRIPTIONS,
    "v1/messages": Operation.MESSAGES,
}


def outcome_of(record: Fields, properties: Fields, call_id: str) -> RequestRecord | None:
    """None for a request that is no call of a model (models, files, probes). May raise
    InvalidField.
    """
    service = _service(record)
    identity = identity_of(properties, call_id, service=service)
    url = properties.text("url", URL_CHARS_MAX) or ""
    method = (properties.text("method") or "POST").upper()
    path, query = path_and_query(url)
    operation = _operation(method, path)
    fetched = _FETCH.search(path) if method == "GET" else None
    unmetered = unmetered_operation(method, url) if operation is None else None
    if may_be_socket(method, path) and properties.count("responsecode") == SWITCHED:
        unmetered = RESPONSES_SOCKET
    if not (operation or identity or fetched or unmetered):
        return None
    status = properties.count("responsecode")
    if status is None or status > STATUS_MAX:
        raise properties.wrong(InvalidCode.OUT_OF_RANGE, "responsecode", f"0 to {STATUS_MAX}")
    deployment = _DEPLOYMENT.search(path)
    return RequestRecord(
        time=record.time("time"),
        status=status,
        backend_status=properties.count("backendresponsecode"),
        backend_ms=properties.count("backendtime"),
        operation=Operation.RESPONSES if fetched else operation,
        api=_without_revision(properties.text("apiid")),
        deployment=deployment[1] if deployment else None,
        service=service,
        subscription=_last_part(properties.text("apimsubscriptionid", URL_CHARS_MAX)),
        product=properties.text("productid"),
        error=properties.text("lasterrorreason"),
        cache=CACHE_HIT if (properties.text("cache") or "").lower() == CACHE_HIT else None,
        fetches=fetched[1] if fetched else None,
        fetches_stream=fetched is not None and _STREAMED.search(query) is not None,
        unmetered=unmetered,
        backend_host=_host(properties.text("backendurl", URL_CHARS_MAX)),
        identity=identity,
    )


def _service(record: Fields) -> str | None:
    name = record.text("servicename")
    if name is None:
        name = (record.text("resourceid", URL_CHARS_MAX) or "").rpartition("/")[2]
    return name.lower() or None


def _without_revision(api: str | None) -> str | None:
    """`chat;rev=3` is a revision of the API `chat`."""
    return None if api is None else _REVISION.sub("", api) or None


def _last_part(path: str | None) -> str | None:
    """The name, where the gateway writes a resource's whole path."""
    return None if path is None else path.rstrip("/").rpartition("/")[2][:TEXT_CHARS_MAX] or None


def _host(url: str | None) -> str | None:
    found = _HOST.match(url or "")
    return found[1].lower() if found else None


def _operation(method: str, path: str) -> Operation | None:
    found = _CALL.search(path)
    if found is None or method != "POST":
        return None
    name = found[1].lower()
    return _BY_PATH.get(name) or _BY_PATH[name.partition("/")[0]]
