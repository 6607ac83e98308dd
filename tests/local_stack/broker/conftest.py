"""A broker with one hub `h` of two partitions, whose clock stands still until moved."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from local_stack.broker import Broker, BrokerConfig, HubConfig, running_broker
from tests.local_stack.broker.wire_client import WireClient

CONFIG = BrokerConfig(hubs=(HubConfig(name="h", partitions=2, consumer_groups=("g",)),))


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def broker(clock: HandClock) -> AsyncIterator[Broker]:
    async with running_broker(config=CONFIG, clock=clock) as running:
        yield running


@pytest.fixture
async def client(broker: Broker) -> AsyncIterator[WireClient]:
    async with WireClient.authorized(broker.port) as connected:
        yield connected
