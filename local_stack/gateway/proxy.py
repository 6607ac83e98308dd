"""The gateway's HTTP side: which requests are calls and whose they are. Each call ends by itself,
even if its caller has hung up."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from apim_policies.harness.call import Request
from apim_policies.harness.policies import Policies
from local_stack.gateway.backend import Backend, header_lines
from local_stack.gateway.identity import Credential, Subscription, identify, key_refusal
from local_stack.gateway.passing import Passing
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.operation import operation_of
from local_stack.gateway.reporting.reports import Counts, Reports

API_ID = API_PATH = "llm"
NOT_FOUND = {"statusCode": 404, "message": f"No API here, expected a path below /{API_PATH}/."}


class Proxy:
    """Handles all calls. `policies` are compiled once per kind of credential: a real gateway has
    one value of `chargeback-authentication`, this one has both."""

    def __init__(
        self,
        policies: Mapping[Credential, Policies],
        subscriptions: Mapping[str, Subscription],
        *,
        backend: Backend,
        reports: Reports,
        keys_file: Path | None = None,
    ) -> None:
        """`keys_file` is where the subscriptions are from; None for the one of the stack."""
        self._policies = policies
        self._subscriptions = subscriptions
        self._backend = backend
        self._reports = reports
        self._keys_file = keys_file
        self._open: set[asyncio.Task[web.StreamResponse]] = set()

    @property
    def counts(self) -> Counts:
        return self._reports.counts(open_calls=len(self._open))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Assumes that the server cancels it when the caller hangs up."""
        if not request.path.startswith(f"/{API_PATH}/"):
            return web.json_response(NOT_FOUND, status=404)
        credential, subscription = identify(request.headers, request.query, self._subscriptions)
        call = CallLog(request=await _asked(request, subscription))
        policies = self._policies[credential]
        refusal = None
        if credential is Credential.SUBSCRIPTION_KEY and subscription is None:
            refusal = key_refusal(request.headers, request.query, self._keys_file)
        passing = Passing(
            call, policies, backend=self._backend, reports=self._reports, refusal=refusal
        )
        running = passing.start(request)
        self._open.add(running)
        running.add_done_callback(self._open.discard)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            passing.leave()
            raise

    async def settled(self) -> Counts:
        """Wait until every call has ended and all its reports have been sent."""
        await self.drain()
        await self._reports.sent()
        return self.counts

    async def drain(self) -> None:
        """Wait until every call that has begun has ended."""
        while self._open:
            await asyncio.wait(self._open)


async def _asked(request: web.Request, subscription: Subscription | None) -> Request:
    operation = operation_of(request.path)
    return Request(
        method=request.method,
        # The path as it was on the wire: decoding and encoding it again would change some paths.
        url=f"{request.scheme}://{request.host}{request.raw_path}",
        headers=header_lines(request.headers),
        body=await request.read(),
        subscription=subscription.subscription if subscription else None,
        product=subscription.product if subscription else None,
        operation=operation.id if operation else None,
        ip=request.remote or "-",
    )
