"""Every error of the gateway."""

from local_stack.errors import LocalStackError


class GatewayFault(LocalStackError):
    """The gateway cannot start. The message names the setting, what it is and what it should be."""
