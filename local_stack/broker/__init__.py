"""A local Event Hubs broker: AMQP 1.0 for the Azure clients, a journal, and faults on demand."""

from local_stack.broker.broker import Broker
from local_stack.broker.config import BrokerConfig, HubConfig
from local_stack.broker.listening import TlsFiles, running_broker

__all__ = ["Broker", "BrokerConfig", "HubConfig", "TlsFiles", "running_broker"]
