"""Table Storage as Azure has it: TLS and tokens of an identity, in front of an Azurite.

Requests whose token is good are signed with the account's key and passed on.
"""

import asyncio
import contextlib
import json
import ssl
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from aiohttp import ClientSession, web
from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from local_stack.demo.azurite import ACCOUNT, ACCOUNT_KEY
from table_api.storage.direct.authorization import TOKEN_SCOPE, SharedKey
from table_api.storage.settings import parts_of
from table_api.storage.timestamp import now_utc

HOUR_S = 3_600
BODY_BYTES_MAX = 8 * 1024 * 1024
_PASSED_ON = ("content-type", "accept", "dataserviceversion", "x-ms-version")
_PASSED_BACK = (
    "content-type", "x-ms-continuation-nextpartitionkey", "x-ms-continuation-nextrowkey",
)  # fmt: skip


@dataclass(slots=True)
class Identity:
    """Gives tokens, each of a number and with the claims it was asked for."""

    lifetime_s: float = HOUR_S
    given: list[str] = field(default_factory=list)
    closed: int = 0

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """See azure.core.credentials_async.AsyncSupportsTokenInfo."""
        assert scopes == (TOKEN_SCOPE,)
        await asyncio.sleep(0)
        claims = (options.get("claims") if options else None) or ""
        self.given.append(f"token-{len(self.given)}-{urlsafe_b64encode(claims.encode()).decode()}")
        return AccessTokenInfo(self.given[-1], int(time.time() + self.lifetime_s))

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: object,
    ) -> AccessToken:
        """See azure.core.credentials_async.AsyncTokenCredential: older identities have it alone."""
        info = await self.get_token_info(*scopes, options={"claims": claims or ""})
        return AccessToken(info.token, info.expires_on)

    async def close(self) -> None:
        """Counted."""
        self.closed += 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@dataclass(slots=True)
class SecuredTables:
    """The stand-in. It trusts the tokens of one identity."""

    azurite: str
    """URL of Azurite's account."""
    identity: Identity = field(default_factory=Identity)
    expired: set[str] = field(default_factory=set)
    """Tokens that are good no more."""
    claims: str = ""
    """What a token must claim."""
    resets: list[bool] = field(default_factory=list)
    """For each of the next requests whether it is done before its connection is reset."""
    refusals: list[int] = field(default_factory=list)
    """HTTP status of each of the next answers."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each request."""
    url: str = ""
    connections: set[int] = field(default_factory=set)

    async def serve(self, session: ClientSession, request: web.Request) -> web.StreamResponse:
        """One request."""
        assert request.transport is not None
        self.connections.add(id(request.transport))
        self.asked.append(f"{request.method} {request.path}")
        if (refusal := self._refusal(request)) is not None:
            return refusal
        if self.refusals:
            return web.json_response({}, status=self.refusals.pop(0), headers={"Retry-After": "0"})
        is_done = self.resets.pop(0) if self.resets else None
        if is_done is not False:
            answer = await self._pass_on(session, request)
        if is_done is not None:
            request.transport.abort()
            return web.Response()
        return answer

    def _refusal(self, request: web.Request) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.identity.given or token in self.expired:
            return _unauthorized('Bearer error="invalid_token"')
        if self.claims and not token.endswith(urlsafe_b64encode(self.claims.encode()).decode()):
            coded = urlsafe_b64encode(self.claims.encode()).decode().rstrip("=")
            return _unauthorized(
                'Bearer authorization_uri="https://login.invalid/t", '
                f'error="insufficient_claims", claims="{coded}"'
            )
        return None

    async def _pass_on(self, session: ClientSession, request: web.Request) -> web.Response:
        date = formatdate(usegmt=True)
        url = URL(self.azurite.removesuffix(f"/{ACCOUNT}") + request.raw_path, encoded=True)
        path = request.raw_path.partition("?")[0]
        key = SharedKey(ACCOUNT, ACCOUNT_KEY)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers |= {"x-ms-date": date, "Authorization": key.sign(date, path)}
        async with session.request(
            request.method, url, headers=headers, data=await request.read()
        ) as answer:
            kept = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
            response = web.Response(status=answer.status, body=await answer.read(), headers=kept)
        response.enable_chunked_encoding()  # as Azure answers
        return response


@contextlib.asynccontextmanager
async def secured_tables(
    connection_string: str, certificate: Path, ip: str = "127.0.0.1"
) -> AsyncIterator[SecuredTables]:
    """In front of an Azurite, with a certificate that `make_certificate` made."""
    tables = SecuredTables(azurite=parts_of(connection_string)["TableEndpoint"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    async with ClientSession() as session:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", partial(tables.serve, session))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, ip, 0, ssl_context=tls).start()
        tables.url = f"https://{ip}:{runner.addresses[0][1]}/{ACCOUNT}"
        try:
            yield tables
        finally:
            await runner.cleanup()


@dataclass(slots=True)
class TunnelProxy:
    """A proxy that opens tunnels for those who log in."""

    login: str = ""
    """The header `Proxy-Authorization` that it wants."""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        self.asked.append(head.split("\r\n")[0])
        with contextlib.closing(writer):
            if self.login and f"Proxy-Authorization: {self.login}\r\n" not in head:
                writer.write(b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n")
                return
            host, _, port = head.split(" ")[1].rpartition(":")
            there, back = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.closing(back):
                await asyncio.wait(
                    {asyncio.create_task(_copy(reader, back)),
                     asyncio.create_task(_copy(there, writer))},
                    return_when=asyncio.FIRST_COMPLETED,
                )  # fmt: skip


@contextlib.asynccontextmanager
async def tunnel_proxy(login: str = "") -> AsyncIterator[TunnelProxy]:
    """Listening on `port`."""
    proxy = TunnelProxy(login)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


def _unauthorized(challenge: str) -> web.Response:
    body = json.dumps({"odata.error": {"code": "AuthenticationFailed"}})
    return web.Response(status=401, text=body, headers={"WWW-Authenticate": challenge})


def make_certificate(path: Path, host: str = "127.0.0.1") -> Path:
    """A key and a certificate for an address, which signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = now_utc()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.replace(year=now.year - 1))
        .not_valid_after(now.replace(year=now.year + 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
