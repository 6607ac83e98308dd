"""The deployments that the demonstration calls, and how. Prices are in the books."""

from dataclasses import dataclass

from pricing_rules.types import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment as the gateway sees it, with the shape of its calls."""

    name: str
    model: str
    """What its answers report as `model`."""
    weight: int
    """Calls in 1,000 of the workload."""
    operation: Operation = Operation.CHAT_COMPLETIONS
    prompt_median: int = 900
    completion_median: int = 180
    reasons: bool = False
    """Whether its completions contain hidden reasoning tokens."""
    caches: bool = True
    """Whether it reads repeated prompt starts from a cache."""
    since_days: int = 0
    """It is new so many days after the workload's start; its calls go to `before` until then."""
    before: str | None = None
    """Another deployment of the same shape."""


UNPRICED_DEPLOYMENT = "lab-model-x"
"""No price book has it, on purpose: its calls show what an unpriced call looks like."""

DEPLOYMENTS = (
    Deployment(name="gpt-4.1-mini", model="gpt-4.1-mini-2025-04-14", weight=150),
    Deployment(
        name="gpt-5-mini",
        model="gpt-5-mini-2025-08-07",
        weight=120,
        completion_median=420,
        reasons=True,
    ),
    Deployment(
        name="gpt-4.1",
        model="gpt-4.1-2025-04-14",
        weight=70,
        prompt_median=2400,
        completion_median=320,
    ),
    Deployment(
        name="gpt-4o-mini", model="gpt-4o-mini-2024-07-18", weight=80, completion_median=140
    ),
    Deployment(
        name="gpt-5",
        model="gpt-5-2025-08-07",
        weight=80,
        prompt_median=3200,
        completion_median=900,
        reasons=True,
    ),
    Deployment(
        name="o4-mini",
        model="o4-mini-2025-04-16",
        weight=40,
        prompt_median=1500,
        completion_median=800,
        reasons=True,
    ),
    Deployment(
        name="gpt-5",
        model="gpt-5-2025-08-07",
        weight=20,
        operation=Operation.RESPONSES,
        prompt_median=5200,
        completion_median=1100,
        reasons=True,
    ),
    # Agents: each step sends the whole history again, most of it from the cache.
    Deployment(
        name="gpt-5.4",
        model="gpt-5.4-2026-03-05",
        weight=150,
        operation=Operation.RESPONSES,
        prompt_median=100_000,
        completion_median=6_000,
        reasons=True,
        since_days=44,
        before="gpt-5",
    ),
    Deployment(
        name="o3-pro",
        model="o3-pro-2025-06-10",
        weight=210,
        operation=Operation.RESPONSES,
        prompt_median=100_000,
        completion_median=12_000,
        reasons=True,
        caches=False,
    ),
    Deployment(
        name="text-embedding-3-small",
        model="text-embedding-3-small",
        weight=70,
        operation=Operation.EMBEDDINGS,
        prompt_median=260,
        completion_median=0,
        caches=False,
    ),
    Deployment(name=UNPRICED_DEPLOYMENT, model="lab-model-x-0.3", weight=10, caches=False),
)
