"""A local Event Hubs broker: AMQP 1.0 for the Azure clients, a journal, and faults on demand."""

from local_stack.broker.broker import Broker, Listen, TlsFiles
from local_stack.broker.config import BrokerConfig, HubConfig

__all__ = ["Broker", "BrokerConfig", "HubConfig", "Listen", "TlsFiles"]
