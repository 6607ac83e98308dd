"""What is read in one look is what the reader of every form says of it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import COUNT_MAX
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.provider_usage.plain_usage import plain_usage
from pricing_rules.types import Operation, Usage
from pricing_rules.units import Unit
from tests.fixtures.builders import chat_usage

COUNTS = st.sampled_from([0, 0, 1, 7, 50, COUNT_MAX - 7, COUNT_MAX, COUNT_MAX + 1, -1])
VALUES: st.SearchStrategy[Any] = st.one_of(
    COUNTS, st.sampled_from([None, True, False, 0.0, 7.0, "7", {}, [7]])
)
PROMPT = ("cached_tokens", "audio_tokens", "text_tokens", "image_tokens", "cache_write_tokens")
COMPLETION = ("reasoning_tokens", "audio_tokens", "text_tokens", "accepted_prediction_tokens")


def details(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Mostly counts, at times no object at all."""
    objects = st.dictionaries(st.sampled_from((*names, "unheard_of")), VALUES, max_size=3)
    return st.one_of(objects, objects, objects, st.sampled_from([None, [], 7]))


@st.composite
def usages(draw: st.DrawFn) -> dict[str, Any]:
    """Of chat's form, often with a total that agrees."""
    prompt, completion = draw(VALUES), draw(VALUES)
    total = draw(VALUES)
    if type(prompt) is int and type(completion) is int and draw(st.booleans()):
        total = prompt + completion
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total,
        "prompt_tokens_details": draw(details(PROMPT)),
        "completion_tokens_details": draw(details(COMPLETION)),
    }


def read(operation: Operation, usage: dict[str, Any]) -> Usage | str:
    """The counts, or why there are none."""
    try:
        return normalise(operation, usage)
    except InvalidUsage as error:
        return str(error)


@settings(max_examples=600)
@given(operation=st.sampled_from(Operation), usage=usages())
def test_it_says_what_the_other_reader_says(operation: Operation, usage: dict[str, Any]) -> None:
    # A tier that is null says nothing, and is a sixth field: only the other reader takes it.
    other = {**usage, "service_tier": None}
    assert plain_usage(operation, other) is None
    assert read(operation, usage) == read(operation, other)


def test_the_usage_of_a_chat_is_read_in_one_look() -> None:
    usage = plain_usage(Operation.CHAT_COMPLETIONS, chat_usage(reasoning=100))
    assert usage == Usage(
        counts={Unit.INPUT: 1024, Unit.CACHE_READ: 1024, Unit.OUTPUT: 427}, reasoning=100
    )
    predicted = chat_usage()
    predicted["completion_tokens_details"] |= dict.fromkeys(
        ("accepted_prediction_tokens", "rejected_prediction_tokens"), 0
    )
    assert plain_usage(Operation.CHAT_COMPLETIONS, predicted) is not None


def test_what_is_audio_is_left_to_the_other_reader() -> None:
    assert plain_usage(Operation.AUDIO_TRANSCRIPTIONS, chat_usage()) is None
    spoken = chat_usage()
    spoken["completion_tokens_details"]["audio_tokens"] = 3
    assert plain_usage(Operation.CHAT_COMPLETIONS, spoken) is None
