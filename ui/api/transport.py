"""How questions travel: pooled HTTP connections, the caller's token, and refusals as errors."""

from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import unquote

import httpx
import msgspec

from ui.api.errors import ApiRefused, ApiUnreachable, SignInNeeded

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 15.0

Parameters = tuple[tuple[str, str], ...]
Transport = Callable[[str, Parameters], bytes]
"""Path and query parameters to the body of a 200; raises ApiUnreachable or ApiRefused, which
SignInNeeded is one of."""
Poster = Callable[[str, bytes], bytes]
"""Path and JSON body to the body of a 200, for the questions that are too long for a URL."""


class ProblemField(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter that was refused."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details, as far as the UI shows them."""

    type: str = ""
    title: str = "no title"
    detail: str | None = None
    errors: list[ProblemField] = []


def open_http(api_url: str) -> httpx.Client:
    """Pooled connections to the API, safe to share between threads; the caller closes them."""
    timeout = httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # all callers share connections
    return httpx.Client(base_url=api_url, timeout=timeout, cookies=no_cookies)


def http_transport(http: httpx.Client, token: str | None = None) -> Transport:
    """GET over connections to the API, as the caller whose access token it is."""
    headers = _headers(token)

    def get(path: str, parameters: Parameters) -> bytes:
        query = httpx.QueryParams(list(parameters))
        return _asked(http, http.build_request("GET", path, params=query, headers=headers), token)

    return get


def http_poster(http: httpx.Client, token: str | None = None) -> Poster:
    """POST over connections to the API, as the caller whose access token it is."""
    headers = {"Content-Type": "application/json", **_headers(token)}

    def post(path: str, body: bytes) -> bytes:
        return _asked(http, http.build_request("POST", path, content=body, headers=headers), token)

    return post


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _asked(http: httpx.Client, request: httpx.Request, token: str | None) -> bytes:
    asked = f"{request.method} {unquote(request.url.path)}"
    try:
        answer = http.send(request)
    except httpx.RequestError as error:
        raise ApiUnreachable(
            f"The API at {http.base_url} gave no answer to {asked}: "
            f"{str(error) or type(error).__name__}"
        ) from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise SignInNeeded(_refusal(asked, answer), token=token)
    if answer.status_code != httpx.codes.OK:
        problem = _problem(answer)
        raise ApiRefused(
            _refusal(asked, answer),
            status=answer.status_code,
            kind=problem.type.rpartition("/")[2].rpartition(":")[2],
            fields={each.field: each.detail for each in problem.errors},
        )
    return answer.content


def _problem(answer: httpx.Response) -> Problem:
    """The problem of an answer; one without a title where it has none."""
    try:
        return msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        return Problem()


def _refusal(asked: str, answer: httpx.Response) -> str:
    """The problem in one sentence; a body that is not problem+json is never shown."""
    found = f"{asked} was answered {answer.status_code}"
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return f"{found} without a problem description"
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        return f"{found} with a problem description that cannot be read"
    return f"{found}: {problem.title}" + (f" ({problem.detail})" if problem.detail else "")
