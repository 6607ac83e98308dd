"""A gateway with real parts around it: broker, model stand-in, compiled policies, free ports."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from local_stack.gateway.server import Served, serving
from local_stack.gateway.settings import POLICIES, Settings
from local_stack.model.server import serving as model_serving

USAGE_HUB, DIAGNOSTICS_HUB = "llm-usage", "apim-diagnostics"
PARTITIONS = 4
REPORTED_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStack:
    served: Served
    broker: Broker
    model_url: str

    @property
    def url(self) -> str:
        """Of the API."""
        return f"http://127.0.0.1:{self.served.port}/llm"

    async def reported(self) -> None:
        """Until every call so far has ended and its reports stand in the hubs."""
        async with asyncio.timeout(REPORTED_TIMEOUT_S):
            await self.served.proxy.settled()

    async def usage_events(self, session: str) -> list[dict[str, Any]]:
        """Those of the calls that were made with this `x-session-id`."""
        await self.reported()
        events = [json.loads(event.body) for _, event in self.hub(USAGE_HUB)]
        return [event for event in events if event["data"]["session"] == session]

    async def records(self, call_id: str) -> list[dict[str, Any]]:
        """The call's records of the gateway's log."""
        await self.reported()
        records = [
            record
            for _, event in self.hub(DIAGNOSTICS_HUB)
            for record in json.loads(event.body)["records"]
        ]
        return [record for record in records if record["correlationId"] == call_id]

    def hub(self, name: str) -> list[tuple[str, Any]]:
        """Every event with its partition."""
        partitions = map(str, range(PARTITIONS))
        return [(each, event) for each in partitions for event in self.broker.read(name, each)]


@contextlib.asynccontextmanager
async def gateway_stack(**changes: Any) -> AsyncIterator[GatewayStack]:
    """`changes` are settings of the gateway; `backend` "" stands for the model stand-in."""
    hubs = tuple(
        HubConfig(
            name=name, partitions=PARTITIONS, consumer_groups=("metering", "pairing", "check")
        )
        for name in (USAGE_HUB, DIAGNOSTICS_HUB)
    )
    async with (
        running_broker(config=BrokerConfig(hubs=hubs)) as broker,
        model_serving() as model_port,
    ):
        model_url = f"http://127.0.0.1:{model_port}"
        settings = replace(make_settings(model_url, broker.connection_string), **changes)
        async with serving(settings) as served:
            yield GatewayStack(served=served, broker=broker, model_url=model_url)


def make_settings(backend: str, event_hubs: str) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=0,
        backend=backend,
        backend_token="local-managed-identity",
        event_hubs=event_hubs,
        diagnostics_hub=DIAGNOSTICS_HUB,
        diagnostics_delay_s=0.0,
        traps=(),
        drop=0.0,
        seed=0,
        policies=POLICIES,
        cache=None,
        named_values=(),
        subscriptions=None,
        metrics_file=None,
    )
