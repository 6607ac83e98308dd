"""The worker that Azure runs indexes the package and answers a request through it.

The worker's own library does it all; only the protobuf messages of the host are stand-ins.
"""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="azure-functions-runtime needs Python 3.13"
)

ROOT = Path(__file__).parent.parent.parent
CONNECTION = "AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a"


class Message:
    """A protobuf message: fields by name, and which of them is set."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def WhichOneof(self, _: str) -> str | None:
        """Which field of several is set: here always the first one given."""
        return next(iter(self.__dict__), None)


class Messages:
    """Makes a message class of any name, as the host's protobuf module has them."""

    def __init__(self) -> None:
        directions = {"in": 0, "out": 1, "inout": 2, "undefined": 0}
        self.BindingInfo = type("BindingInfo", (Message,), directions)
        self.StatusResult = type("StatusResult", (Message,), {"Failure": 0, "Success": 1})

    def __getattr__(self, name: str) -> Any:
        return type(name, (Message,), {})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is deployed: function app and host file at the root, our packages beside them."""
    for name in ("function_app.py", "host.json"):
        (tmp_path / name).write_bytes((ROOT / "table_api" / name).read_bytes())
    for name in ("table_api", "pricing_rules"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", CONNECTION)
    return tmp_path


async def test_worker_finds_the_function_and_passes_its_answer_on(package: Path) -> None:
    worker: Any = importlib.import_module("azure_functions_runtime")
    init = SimpleNamespace(capabilities={}, function_app_directory=str(package))
    properties = {"protos": Messages(), "host": "127.0.0.1"}
    started = await worker.worker_init_request(
        SimpleNamespace(request=SimpleNamespace(worker_init_request=init), properties=properties)
    )
    assert started.result.status == 1, vars(started.result.exception)
    indexed = await worker.functions_metadata_request(SimpleNamespace())
    [function] = indexed.function_metadata_results
    [binding, _] = [json.loads(each) for each in function.raw_bindings]
    assert (binding["authLevel"], binding["route"]) == ("FUNCTION", "/{*route}")
    answered = await worker.invocation_request(
        SimpleNamespace(
            request=SimpleNamespace(invocation_request=invocation(function.function_id, binding))
        )
    )
    assert answered.result.status == 1, vars(answered.result.exception)
    http = answered.return_value.http
    assert http.status_code == "400"
    assert http.headers["content-type"] == "application/problem+json"
    assert json.loads(http.body.bytes)["errors"][0]["field"] == "form"


def invocation(function_id: str, binding: dict[str, Any]) -> SimpleNamespace:
    """The host's request to run the function for one GET."""
    http = SimpleNamespace(
        method="GET",
        url="https://contoso.azurewebsites.net/v1/usage?form=1",
        headers={"accept": "application/json"},
        params={"route": "v1/usage"},
        query={"form": "1"},
        body=Message(),
    )
    trigger = Message(data=Message(http=http), name=binding["name"])
    none = SimpleNamespace(
        trace_parent="",
        trace_state="",
        attributes={},
        retry_count=0,
        max_retry_count=0,
        exception=None,
    )
    return SimpleNamespace(
        invocation_id="1",
        function_id=function_id,
        input_data=[trigger],
        trigger_metadata={},
        trace_context=none,
        retry_context=none,
    )
