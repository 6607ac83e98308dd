"""Unsigned JWTs: the harness checks a token's tenant, audience and times, not its signature."""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any


def make_token(claims: Mapping[str, Any]) -> str:
    """Valid for ten minutes unless the claims say otherwise."""
    parts = [{"alg": "none"}, {"exp": int(time.time()) + 600, **claims}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), "c2ln"])
