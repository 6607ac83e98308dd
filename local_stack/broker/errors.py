"""What can go wrong in the broker: one base, one class per kind of failure."""


class BrokerError(Exception):
    """The broker cannot do what it was asked; the message says what was found and expected."""


class ConfigError(BrokerError):
    """A configuration file or option is not usable."""


class JournalError(BrokerError):
    """The journal on disk is damaged beyond its last record, or is not of this configuration."""


class PortTakenError(BrokerError):
    """Another process listens on a wanted port."""


class UnknownTargetError(BrokerError):
    """A hub, partition or fault that does not exist was named."""


class AmqpError(BrokerError):
    """A refusal the peer must be told: an AMQP error condition with its description."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description


class DecodeError(AmqpError):
    """Bytes from the peer are not the AMQP value they should be."""

    def __init__(self, description: str) -> None:
        super().__init__("amqp:decode-error", description)


class EncodeError(AmqpError):
    """A value has no AMQP encoding here: a peer sent it, or it should never have been made."""

    def __init__(self, description: str) -> None:
        super().__init__("amqp:not-implemented", description)
