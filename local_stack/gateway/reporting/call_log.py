"""What the gateway notes about one call while it passes, for its log. Owns no format."""

import time
from dataclasses import dataclass, field

from apim_policies.harness.call import (
    Forward,
    GatewayError,
    Passage,
    Request,
    TokenMetric,
    Trace,
)
from local_stack.gateway.reporting.answer_watch import AnswerWatch


@dataclass(slots=True, kw_only=True)
class CallLog:
    """Filled step by step by the proxy. Times are of this process's clocks."""

    request: Request
    started_ns: int = field(default_factory=time.time_ns)
    """Seconds since 1970 at which the request arrived."""
    started_s: float = field(default_factory=time.monotonic)
    forward: Forward | None = None
    """None for a call that was refused before a model was asked."""
    backend_status: int = 0
    backend_began_s: float = 0.0
    """When the call was forwarded, by the monotonic clock; 0 before."""
    backend_s: float = 0.0
    """Seconds from forwarding to the end of the model's answer."""
    status: int = 0
    """The status that the caller got; 0 if it hung up before."""
    response_bytes: int = 0
    streamed: bool = False
    cache: str = "none"
    """hit, miss, or none where no policy looked for a stored answer."""
    error: GatewayError | None = None
    traces: list[Trace] = field(default_factory=list)
    metrics: tuple[TokenMetric, ...] = ()
    answer: AnswerWatch = field(default_factory=AnswerWatch)

    def note(self, passage: Passage) -> Passage:
        """One step of the policies, whose traces belong to the call."""
        self.traces.extend(passage.traces)
        self.metrics = passage.metrics
        self.error = passage.error or self.error
        self.forward = passage.forward or self.forward
        self.cache = passage.cache
        if passage.answer is not None:
            self.status = passage.answer.status
        return passage
