"""The official clients understand every answer of the stand-in, streamed and not."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.local_stack.official import anthropic, openai

QUESTION = [{"role": "user", "content": "Where does a token go when it was counted? " * 20}]
TOKENS = {"x-model-tokens": "prompt=2048,cached=1024,completion=427,reasoning=192"}


@pytest.fixture
async def plain(model_url: str) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(
        base_url=f"{model_url}/openai/v1", api_key="k", max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def azure(model_url: str) -> AsyncIterator[Any]:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=model_url, api_version="2024-10-21", api_key="k", max_retries=0
    ) as client:
        yield client


@pytest.fixture
async def claude(model_url: str) -> AsyncIterator[Any]:
    async with anthropic.AsyncAnthropic(
        base_url=f"{model_url}/anthropic", api_key="k", max_retries=0
    ) as client:
        yield client


async def test_chat_reports_the_ordered_tokens(plain: Any) -> None:
    answer = await plain.chat.completions.create(
        model="gpt-5-mini", messages=QUESTION, extra_headers=TOKENS
    )
    assert answer.model == "gpt-5-mini-2025-08-07"
    assert answer.usage.prompt_tokens == 2048
    assert answer.usage.prompt_tokens_details.cached_tokens == 1024
    assert answer.usage.completion_tokens_details.reasoning_tokens == 192
    assert answer.choices[0].message.content


async def test_streamed_chat_tells_usage_only_when_asked(azure: Any) -> None:
    for asked in (True, False):
        options = {"stream_options": {"include_usage": True}} if asked else {}
        stream = await azure.chat.completions.create(
            model="gpt-4.1-mini", messages=QUESTION, stream=True, extra_headers=TOKENS, **options
        )
        chunks = [chunk async for chunk in stream]
        usages = [chunk.usage for chunk in chunks if chunk.usage]
        assert [usage.completion_tokens for usage in usages] == ([427] if asked else [])
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert len(text.split()) == 32


async def test_the_same_request_gives_the_same_counts_and_words(plain: Any) -> None:
    first, second = [
        await plain.chat.completions.create(model="gpt-5", messages=QUESTION) for _ in range(2)
    ]
    assert first.usage == second.usage
    assert first.choices[0].message.content == second.choices[0].message.content
    assert first.id != second.id
    assert first.usage.completion_tokens_details.reasoning_tokens > 0
    other = await plain.chat.completions.create(model="gpt-5", messages=[*QUESTION, *QUESTION])
    assert other.usage.prompt_tokens > first.usage.prompt_tokens


async def test_a_limit_on_the_answer_is_kept(plain: Any) -> None:
    answer = await plain.chat.completions.create(
        model="gpt-4.1-mini", messages=QUESTION, max_completion_tokens=5
    )
    assert answer.usage.completion_tokens <= 5


async def test_older_completions_answer_and_stream(azure: Any) -> None:
    answer = await azure.completions.create(model="davinci-002", prompt="Once")
    assert answer.choices[0].text
    stream = await azure.completions.create(
        model="davinci-002", prompt="Once", stream=True, stream_options={"include_usage": True}
    )
    assert [chunk async for chunk in stream][-1].usage == answer.usage


async def test_responses_report_usage_plain_and_streamed(plain: Any, azure: Any) -> None:
    answer = await azure.responses.create(model="gpt-5", input="Hello", extra_headers=TOKENS)
    assert answer.output_text
    assert answer.usage.input_tokens_details.cached_tokens == 1024
    stream = await plain.responses.create(
        model="gpt-5", input="Hello", stream=True, extra_headers=TOKENS
    )
    events = [event async for event in stream]
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage == answer.usage
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == answer.output_text


async def test_embeddings_have_the_asked_size_and_encoding(plain: Any) -> None:
    for encoding in ("float", "base64"):
        answer = await plain.embeddings.create(
            model="text-embedding-3-small",
            input=["a", "b"],
            dimensions=8,
            encoding_format=encoding,
        )
        vectors = [entry.embedding for entry in answer.data]
        if encoding == "base64":
            assert [len(base64.b64decode(vector)) for vector in vectors] == [32, 32]
        else:
            assert [len(vector) for vector in vectors] == [8, 8]
        assert answer.usage.total_tokens == answer.usage.prompt_tokens > 0


async def test_images_report_the_usage_of_an_image_model(plain: Any) -> None:
    answer = await plain.images.generate(model="gpt-image-1", prompt="a ledger", n=2)
    assert len(answer.data) == 2
    assert answer.usage.output_tokens == 2 * 1056


async def test_messages_count_outside_the_cache(claude: Any) -> None:
    order = {"x-model-tokens": "prompt=3000,cached=2000,cache_write=600,completion=50"}
    asked = {"model": "claude-local", "max_tokens": 100, "messages": QUESTION}
    answer = await claude.messages.create(**asked, extra_headers=order)
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (400, 2000)
    assert (usage.cache_creation_input_tokens, usage.output_tokens) == (600, 50)
    async with claude.messages.stream(**asked, extra_headers=order) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        last = await stream.get_final_message()
    assert text == answer.content[0].text
    assert (last.usage.input_tokens, last.usage.output_tokens) == (400, 50)


async def test_failures_come_as_the_clients_know_them(plain: Any, claude: Any) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        await plain.chat.completions.create(model="fail-429", messages=QUESTION)
    assert limited.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.InternalServerError):
        await plain.chat.completions.create(model="fail-500", messages=QUESTION)
    with pytest.raises(openai.BadRequestError) as filtered:
        await plain.chat.completions.create(
            model="gpt-5", messages=QUESTION, extra_headers={"x-model-status": "400"}
        )
    assert filtered.value.code == "content_filter"
    with pytest.raises(anthropic.RateLimitError):
        await claude.messages.create(model="fail-429", max_tokens=9, messages=QUESTION)
