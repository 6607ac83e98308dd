"""`python -m local_stack.broker`: a broker in the foreground until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from local_stack.broker.config import BrokerConfig
from local_stack.broker.errors import BrokerError, ConfigError
from local_stack.broker.listening import Listen, TlsFiles, listening_broker
from local_stack.broker.store import data_directory


def main() -> int:
    """The exit status: 0 after a signal, 1 where the broker cannot start."""
    options = _parser().parse_args()
    try:
        asyncio.run(_serve(options))
    except BrokerError as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_stack.broker", description="A local Event Hubs broker."
    )
    parser.add_argument("--config", type=Path, required=True, help="the emulator's Config.json")
    parser.add_argument("--data", type=Path, required=True, help="directory of the journals")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5672, help="AMQP; 0 takes a free one")
    parser.add_argument("--admin-port", type=int, default=5300, help="HTTP, on loopback only")
    parser.add_argument("--tls-cert", type=Path, help="PEM; also serves AMQP over TLS")
    parser.add_argument("--tls-key", type=Path, help="PEM")
    parser.add_argument("--tls-port", type=int, default=5671)
    return parser


def _listen(options: argparse.Namespace) -> Listen:
    if (options.tls_cert is None) != (options.tls_key is None):
        raise ConfigError("--tls-cert and --tls-key belong together, one of them was given")
    tls = (
        TlsFiles(certificate=options.tls_cert, key=options.tls_key)
        if options.tls_cert is not None
        else None
    )
    return Listen(
        host=options.host,
        port=options.port,
        admin_port=options.admin_port,
        tls_port=options.tls_port,
        tls=tls,
    )


async def _serve(options: argparse.Namespace) -> None:
    config = BrokerConfig.load(options.config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with listening_broker(
        config=config, data=options.data, listen=_listen(options)
    ) as broker:
        ports = {"amqp": broker.port, "admin": broker.admin_port}
        if broker.tls_port:
            ports["amqps"] = broker.tls_port
        data_directory.write_ports(options.data, ports)
        served = ", ".join(f"{name} {port}" for name, port in ports.items())
        hubs = ", ".join(hub.name for hub in config.hubs)
        print(f"broker: ready on {options.host} ({served}), hubs {hubs}", file=sys.stderr)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
