"""llm-emit-token-metric as OpenTelemetry counters, for dashboards; billing never reads them."""

from collections.abc import Iterable

from opentelemetry.metrics import Counter, Meter, get_meter

from apim_policies.harness.call import TokenMetric


class TokenMetrics:
    """One counter per token count, such as `chargeback.prompt_cached_tokens`. OpenTelemetry does
    not allow blanks in names, so these differ from the names in Application Insights."""

    def __init__(self, meter: Meter | None = None) -> None:
        self._meter = meter or get_meter("local_stack.gateway")
        self._counters: dict[tuple[str, str], Counter] = {}

    def add(self, metrics: Iterable[TokenMetric]) -> None:
        """Metrics without tokens, such as those of failed calls, count nothing."""
        for metric in metrics:
            dimensions = {name: value for name, value in metric.dimensions.items() if value}
            for name, tokens in metric.tokens.items():
                self._counter(metric.namespace, name).add(tokens, dimensions)

    def _counter(self, namespace: str, count: str) -> Counter:
        found = self._counters.get((namespace, count))
        if found is None:
            name = f"{namespace}.{count}".lower().replace(" ", "_")
            found = self._meter.create_counter(name, unit="{token}")
            self._counters[namespace, count] = found
        return found
