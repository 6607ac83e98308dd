"""What the policies read of a request's body: the model of a form, and nothing of a large body."""

import pytest

from apim_policies.harness.call import Request
from apim_policies.probe import travel
from tests.apim_policies.conftest import Load
from tests.apim_policies.test_policies import JSON, answer, chat, event_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def form(*parts: str, boundary: str = "b0") -> bytes:
    """Each part is its headers and its content, as they stand in the body."""
    return ("".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--").encode()


MODEL_PART = 'Content-Disposition: form-data; name="model"\r\n\r\n{}'


@pytest.mark.parametrize(
    ("body", "deployment"),
    [
        (form(MODEL_PART.format("whisper-1")), "whisper-1"),
        (form("content-disposition:form-data;name=model\r\nA: b\r\n\r\nwhisper-1"), "whisper-1"),
        (form(MODEL_PART.format("first"), MODEL_PART.format("second")), None),
        (form(MODEL_PART.format("")), None),
        (form(MODEL_PART.format("two words")), None),
        (form(MODEL_PART.format("m" * 129)), None),
        (form('Content-Disposition: form-data; name="model_name"\r\n\r\nwhisper-1'), None),
        (form('Content-Disposition: form-data; name="file"; filename="name=model"\r\n\r\nx'), None),
        (
            form(
                'Content-Disposition: form-data; name="f"; filename="a; name=model"\r\n\r\ncheap',
                MODEL_PART.format("whisper-1"),
            ),
            "whisper-1",
        ),
        (form('X: ; name=model\r\nContent-Disposition: form-data; name="f"\r\n\r\nx'), None),
        (form('Content-Disposition: form-data; name="f"\r\n\r\n' + MODEL_PART.format("x")), None),
        (form(MODEL_PART.format("whisper-1"), boundary="other"), None),
        (form(MODEL_PART.format("whisper-1"))[:40], None),
        (b"\xff\xfe\r\n" + form(MODEL_PART.format("whisper-1")), "whisper-1"),
        (b"", None),
    ],
    ids=range(15),
)  # fmt: skip
async def test_model_of_a_form_is_its_field_and_nothing_else(
    body: bytes, deployment: str | None, load: Load
) -> None:
    headers = (("Content-Type", "multipart/form-data; boundary=b0"),)
    url = "https://gateway/llm/openai/v1/audio/transcriptions"

    passage = await travel(await load({}), chat(body, url=url, headers=headers), answer())

    assert passage.faults == ()
    assert event_of(passage)["data"]["deployment"] == deployment


@pytest.mark.parametrize(
    ("length", "unread"),
    [(None, "no_length"), ("", "no_length"), ("2,2", "no_length"), ("1e3", "no_length"),
     ("99999999999999999999", "no_length"), ("1048577", "too_large"), ("1048576", None)],
)  # fmt: skip
async def test_body_is_read_by_its_stated_length_alone(
    length: str | None, unread: str | None, load: Load
) -> None:
    url = "https://gateway/llm/openai/v1/chat/completions"
    headers = JSON if length is None else (*JSON, ("Content-Length", length))
    request = Request(
        method="POST", url=url, headers=headers, body=b'{"model":"m"}', subscription="s"
    )

    data = event_of(await travel(await load({}), request, answer()))["data"]

    assert (data["body_unread"], data["deployment"]) == (unread, None if unread else "m")
