"""Puts the gateway together and serves it: policies compiled, hubs connected, port bound."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from aiohttp import web

from apim_policies.check import read_named_values
from apim_policies.harness.call import Gateway
from apim_policies.harness.policies import Policies
from local_stack.gateway.backend import Backend
from local_stack.gateway.cached_policies import with_cache
from local_stack.gateway.identity import (
    AUDIENCE,
    DEFAULT_SUBSCRIPTIONS,
    Credential,
    read_subscriptions,
)
from local_stack.gateway.proxy import API_ID, API_PATH, Proxy
from local_stack.gateway.reporting.diagnostics import Diagnostics
from local_stack.gateway.reporting.gateway_log import GatewayLog
from local_stack.gateway.reporting.hub_writer import HubWriter
from local_stack.gateway.reporting.insights import Insights
from local_stack.gateway.reporting.reports import USAGE_LOGGER, Counts, Reports
from local_stack.gateway.settings import Settings
from local_stack.traffic.usage_event import REGION, TENANT

SERVICE = "apim-local"
DRAIN_S_MAX = 10.0
"""Seconds that open answers have to end when the gateway stops."""
REQUEST_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A gateway that answers."""

    port: int
    proxy: Proxy


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Served]:
    """Run the gateway for the time of the block. Leaving the block answers open calls, then sends
    every report. InvalidPolicies, MonoMissing or GatewayFault when it cannot start."""
    known = DEFAULT_SUBSCRIPTIONS
    if settings.subscriptions is not None:
        known = read_subscriptions(settings.subscriptions)
    gateway = Gateway(
        service=SERVICE,
        region=REGION,
        api_id=API_ID,
        api_path=API_PATH,
        backend_url=settings.backend,
        managed_identity_token=settings.backend_token,
    )
    async with contextlib.AsyncExitStack() as stack:
        policies = await _load(stack, settings, gateway)
        backend = await stack.enter_async_context(Backend().running())
        reports = await _reports(stack, settings, gateway)
        proxy = Proxy(
            policies, known, backend=backend, reports=reports, keys_file=settings.subscriptions
        )
        stack.push_async_callback(proxy.drain)
        port = await stack.enter_async_context(_listening(settings, proxy))
        yield Served(port=port, proxy=proxy)


async def _load(
    stack: contextlib.AsyncExitStack, settings: Settings, gateway: Gateway
) -> Mapping[Credential, Policies]:
    values = {
        **read_named_values(settings.policies),
        "chargeback-tenant-id": TENANT,
        "chargeback-audience": AUDIENCE,
        **dict(settings.named_values),
    }
    loaded = {}
    folder = settings.policies
    if settings.cache is not None:
        temporary = stack.enter_context(TemporaryDirectory(prefix="cached_policies_"))
        folder = with_cache(folder, Path(temporary) / "policies", settings.cache)
        values["chargeback-gateway-cache"] = "on"
    for credential in Credential:
        values["chargeback-authentication"] = credential
        policies = await Policies.load(folder, values, gateway=gateway)
        loaded[credential] = await stack.enter_async_context(policies)
    return loaded


async def _reports(
    stack: contextlib.AsyncExitStack, settings: Settings, gateway: Gateway
) -> Reports:
    usage = HubWriter(settings.event_hubs, USAGE_LOGGER)
    log = HubWriter(settings.event_hubs, settings.diagnostics_hub)
    for writer in (usage, log):
        await stack.enter_async_context(writer.running())
    diagnostics = Diagnostics(
        log,
        GatewayLog(gateway=gateway, traps=settings.traps),
        delay_s=settings.diagnostics_delay_s,
        seed=settings.seed,
        missettings=settings.missettings,
    )
    await stack.enter_async_context(diagnostics.running())
    insights = None
    if settings.insights:
        insights = Insights(
            settings.insights, gateway, share=settings.insights_share, seed=settings.seed
        )
        await stack.enter_async_context(insights.running())
    return Reports(
        usage, log, diagnostics, insights=insights, drop=settings.drop, seed=settings.seed
    )


@contextlib.asynccontextmanager
async def _listening(settings: Settings, proxy: Proxy) -> AsyncIterator[int]:
    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def counts(_: web.Request) -> web.Response:
        return _told(proxy.counts)

    async def settled(_: web.Request) -> web.Response:
        return _told(await proxy.settled())

    app = web.Application(client_max_size=REQUEST_BYTES_MAX)
    app.router.add_get("/healthz", healthy)
    app.router.add_get("/counts", counts)
    app.router.add_get("/settled", settled)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=DRAIN_S_MAX
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _told(counts: Counts) -> web.Response:
    return web.Response(body=msgspec.json.encode(counts), content_type="application/json")
