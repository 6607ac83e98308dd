"""A broker in the foreground, until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path

from local_stack.broker.config import BrokerConfig
from local_stack.broker.errors import BrokerError, ConfigError
from local_stack.broker.listening import Listen, TlsFiles, listening_broker
from local_stack.broker.store import data_directory


def run_broker(
    config: Path, data: Path, listen: Listen, *, certificate: Path | None, key: Path | None
) -> int:
    """The exit code: 0 after a signal, 1 where the broker cannot start."""
    try:
        tls = _tls_files(certificate, key)
        asyncio.run(_serve(config, data, replace(listen, tls=tls)))
    except BrokerError as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1
    return 0


def _tls_files(certificate: Path | None, key: Path | None) -> TlsFiles | None:
    """Both or neither; ConfigError when one of them is missing."""
    if certificate is not None and key is not None:
        return TlsFiles(certificate=certificate, key=key)
    if certificate is not key:
        raise ConfigError("--tls-cert and --tls-key belong together, one of them was given")
    return None


async def _serve(config_file: Path, data: Path, listen: Listen) -> None:
    config = BrokerConfig.load(config_file)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with listening_broker(config=config, data=data, listen=listen) as broker:
        ports = {"amqp": broker.port, "admin": broker.admin_port}
        if broker.tls_port:
            ports["amqps"] = broker.tls_port
        data_directory.write_ports(data, ports)
        served = ", ".join(f"{name} {port}" for name, port in ports.items())
        hubs = ", ".join(hub.name for hub in config.hubs)
        print(f"broker: ready on {listen.host} ({served}), hubs {hubs}", file=sys.stderr)
        await stop.wait()
