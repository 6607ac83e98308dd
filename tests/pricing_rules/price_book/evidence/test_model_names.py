"""One model under many spellings, and names that say nothing of a model."""

import pytest

from pricing_rules.price_book.evidence.model_names import ModelNames, spelled
from pricing_rules.price_book.rate_card import Family

NAMES = ModelNames(
    (
        Family(
            name="openai",
            begins=("gpt-", "o3", "o5"),
            models=("gpt-35-turbo", "gpt-35-turbo-16k", "gpt-4", "gpt-4-32k", "gpt-4o", "gpt-5",
                    "gpt-5-mini", "gpt-5-chat", "gpt-5.1", "o3"),
            floating=("gpt-chat-latest", "gpt-5-chat-latest"),
        ),
        Family(
            name="anthropic",
            begins=("claude-",),
            models=("claude-opus-4-5", "claude-3-5-haiku"),
            spelled=(("claude-opus-4", "claude-opus-4-0"),),
        ),
    ),
    [("gpt-4", ("turbo-2024-04-09", "0613")), ("DeepSeek-V3", ()), ("DeepSeek-V3-0324", ())],
)  # fmt: skip


@pytest.mark.parametrize(
    ("reported", "model", "version"),
    [
        ("gpt-4o", "gpt-4o", None),
        ("GPT-4o-2024-11-20", "gpt-4o", "2024-11-20"),
        ("gpt-4o-20241120", "gpt-4o", "2024-11-20"),
        ("openai/gpt-4o@20241120", "gpt-4o", "2024-11-20"),
        ("azure_ai/gpt-5-mini-2025-08-07", "gpt-5-mini", "2025-08-07"),
        ("gpt-5.1-2025-11-13", "gpt-5.1", "2025-11-13"),
        ("gpt-3.5-turbo-0125", "gpt-35-turbo", "0125"),
        ("gpt-3.5-turbo-16k-0613", "gpt-35-turbo-16k", "0613"),
        ("gpt-4-32k", "gpt-4-32k", None),
        ("gpt-4-1106-preview", "gpt-4", "1106-preview"),
        ("gpt-4-turbo-2024-04-09", "gpt-4", "turbo-2024-04-09"),
        ("ft:gpt-4o-2024-08-06:contoso::9abc", "gpt-4o", "2024-08-06"),
        ("gpt-4o-2024-08-06.ft-0123abcd", "gpt-4o", "2024-08-06"),
        ("claude-opus-4-20250514", "claude-opus-4-0", "2025-05-14"),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5", "2025-11-01"),
        ("claude-opus-4-5:20251101", "claude-opus-4-5", "2025-11-01"),
        ("anthropic.claude-opus-4-5-2025-11-01-v2", "claude-opus-4-5", "2025-11-01"),
        ("claude-opus-4-5@latest", "claude-opus-4-5", None),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku", None),
        ("deepseek-v3", "deepseek-v3", None),
        ("DeepSeek-V3-0324", "deepseek-v3-0324", None),
        ("gpt-5-chat-latest", "gpt-5-chat", None),
    ],
)
def test_the_longest_known_name_is_the_model(
    reported: str, model: str, version: str | None
) -> None:
    found = NAMES.find(spelled(reported).name)
    assert found is not None
    assert (found.model, found.version) == (model, version)


@pytest.mark.parametrize(
    "reported", ["gpt-5-super", "gpt-5.2", "o365", "llama", "gpt-chat-latest", "gpt", "o5", ""]
)
def test_what_is_longer_or_other_than_a_known_name_is_no_known_model(reported: str) -> None:
    assert NAMES.find(spelled(reported).name) is None


def test_the_alias_s_own_model_is_known_to_every_book() -> None:
    found = NAMES.find(
        spelled("Contoso-Legal-7B-2026-01-31").name, NAMES.canonical("contoso-legal-7b")
    )
    assert found is not None
    assert (found.model, found.version) == ("contoso-legal-7b", "2026-01-31")


@pytest.mark.parametrize(
    ("name", "has_family", "floats"),
    [
        ("gpt-5-super", True, False),
        ("gpt-chat-latest", True, True),
        ("o3-ultra", True, False),
        ("o5", True, False),
        ("o365", False, False),
        ("gpt", False, False),
        ("contoso-legal-7b", False, False),
        ("claude", False, False),
    ],
)
def test_a_family_is_known_by_how_its_names_begin(
    name: str, has_family: bool, floats: bool
) -> None:
    assert (NAMES.has_family(name), NAMES.floats(name)) == (has_family, floats)
