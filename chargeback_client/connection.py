"""GET over HTTP with the caller's token. Knows no route."""

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from chargeback_client.errors import ApiRefused, ApiUnreachable, ClientError, NotSignedIn

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
CSV, XLSX = ".csv", ".xlsx"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
Parameters = Mapping[str, str | None]
Json = dict[str, Any]
_TOKEN = re.compile(r"[!-~]+")
"""Printable ASCII without blanks: what a header can carry."""


class Connection:
    """Connections to one API, as one caller."""

    def __init__(self, api_url: str, token: str | None = None) -> None:
        is_https = _is_https(api_url)
        if token and not is_https and httpx.URL(api_url).host not in LOOPBACK:
            raise ClientError(f"{api_url} is not https: a token is not sent in the clear")
        if token and not _TOKEN.fullmatch(token):
            raise NotSignedIn("what was given as token is none: it has characters no token has")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=api_url.rstrip("/"), timeout=TIMEOUT, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def json(self, path: str, parameters: Parameters | None = None) -> Json:
        """The answer. Raises ClientError."""
        found = _object(self.content(path, parameters))
        if found is None:
            raise self._other_server()
        return found

    def content(self, path: str, parameters: Parameters | None = None) -> bytes:
        """The bytes of an answer; with `.csv` or `.xlsx` after the path, of a list's file, which is
        whole or one page that was asked for by its `limit`. ClientError where lines would be lost.
        """
        given = {name: text for name, text in (parameters or {}).items() if text is not None}
        answer = self._answer("GET", path, params=given)
        is_csv = answer.headers.get("content-type", "").startswith("text/csv")
        if path.endswith(CSV) and not is_csv:
            raise self._other_server()
        if path.endswith((CSV, XLSX)) and "limit" not in given and "next" in answer.links:
            raise ClientError(
                f"the list of {path} is longer than one file: ask for fewer days, or for its pages "
                "by `limit` and `cursor`"
            )
        return answer.content

    def post(self, path: str, body: object) -> bytes:
        """The bytes of the answer to a JSON body."""
        headers = {"Content-Type": "application/json"}
        answer = self._answer("POST", path, content=msgspec.json.encode(body), headers=headers)
        return answer.content

    def _other_server(self) -> ClientError:
        return ClientError(f"{self._http.base_url} answers, and is not this API: see API_URL")

    def _answer(self, method: str, path: str, **asked: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **asked)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            said = str(error) or type(error).__name__
            if said.startswith("[SSL"):
                raise ApiUnreachable(
                    f"{self._http.base_url} answers, but not by a TLS that can be trusted: {said}"
                ) from error
            raise ApiUnreachable(f"nothing answers at {self._http.base_url}: {said}") from error
        if answer.status_code == httpx.codes.OK:
            return answer
        raise _refusal(answer)


def _is_https(api_url: str) -> bool:
    """ClientError where it is no address of an API."""
    try:
        url, port = httpx.URL(api_url), urlsplit(api_url).port
    except (httpx.InvalidURL, ValueError):
        url, port = httpx.URL(""), None
    if url.scheme not in ("http", "https") or not url.host or port == 0:
        raise ClientError(f"{api_url!r} is no address; expected one as https://api.contoso.com")
    return url.scheme == "https"


def _object(content: bytes) -> Json | None:
    """A JSON object; None where it is something else."""
    try:
        return msgspec.json.decode(content, type=Json)
    except msgspec.DecodeError:
        return None


def _refusal(answer: httpx.Response) -> ClientError:
    """In the API's own words; of an answer that is none of the API's, the status alone."""
    kind, said = "", ""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = _object(answer.content) or {}
        kind = str(problem.get("type", "")).removeprefix("urn:problem:")
        said = problem.get("detail") or problem.get("title") or ""
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return NotSignedIn(f"the API wants you to sign in ({said}): see `chargeback login --help`")
    message = said or f"{answer.url} was answered {answer.status_code}"
    return ApiRefused(message, status=answer.status_code, kind=kind)
