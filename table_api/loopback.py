"""Which names and addresses lead to this machine only. Pure."""

import ipaddress

LOOPBACK_NAME = "localhost"


def is_loopback(host: str) -> bool:
    """Whether a host cannot be reached from elsewhere; other names are never looked up."""
    if host == LOOPBACK_NAME:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
