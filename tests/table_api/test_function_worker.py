"""The worker that Azure runs indexes the package and answers a request through it.

The worker's own library does it all; only the protobuf messages of the host are stand-ins.
"""

import importlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.verbs.package import write_package

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 13), reason="azure-functions-runtime needs Python 3.13"
)


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


class Worker:
    """The worker that indexed a package."""

    def __init__(self, library: Any, functions: list[Any]) -> None:
        self._library = library
        self.bindings = {
            function.name: [json.loads(each) for each in function.raw_bindings]
            for function in functions
        }
        self._ids = {function.name: function.function_id for function in functions}

    async def run(self, name: str, data: Message) -> Any:
        """The host's request to run a function, as the library answers it."""
        trigger = Message(data=data, name=self.bindings[name][0]["name"])
        request = SimpleNamespace(invocation_request=invocation(self._ids[name], trigger))
        answered = await self._library.invocation_request(SimpleNamespace(request=request))
        assert answered.result.status == 1, vars(answered.result.exception)
        return answered


@pytest.fixture
async def worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_azurite: AzuritePorts
) -> AsyncIterator[Worker]:
    """The library over the folder that is deployed."""
    folder = tmp_path / "app"
    write_package(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", own_azurite.connection_string)
    sys.modules.pop("function_app", None)
    library: Any = importlib.import_module("azure_functions_runtime")
    init = SimpleNamespace(capabilities={}, function_app_directory=str(folder))
    properties = {"protos": Messages(), "host": "127.0.0.1"}
    started = await library.worker_init_request(
        SimpleNamespace(request=SimpleNamespace(worker_init_request=init), properties=properties)
    )
    assert started.result.status == 1, vars(started.result.exception)
    indexed = await library.functions_metadata_request(SimpleNamespace())
    yield Worker(library, indexed.function_metadata_results)
    app = sys.modules.pop("function_app")
    await app._storage.close()
    await app._blobs.close()


async def test_worker_finds_the_functions_and_passes_an_answer_on(worker: Worker) -> None:
    assert set(worker.bindings) == {"azFn-AoAiModel-Pricing", "http_app_func", "purge_access_log"}
    binding = worker.bindings["http_app_func"][0]
    assert (binding["authLevel"], binding["route"]) == ("ANONYMOUS", "/{*route}")
    answered = await worker.run("http_app_func", Message(http=get_request()))
    http = answered.return_value.http
    assert http.status_code == "400"
    assert http.headers["content-type"] == "application/problem+json"
    assert json.loads(http.body.bytes)["errors"][0]["field"] == "form"


def get_request() -> SimpleNamespace:
    """One GET as the host sends it."""
    return SimpleNamespace(
        method="GET",
        url="https://contoso.azurewebsites.net/v1/usage?form=1",
        headers={"accept": "application/json"},
        params={"route": "v1/usage"},
        query={"form": "1"},
        body=Message(),
    )


def invocation(function_id: str, trigger: Message) -> SimpleNamespace:
    """The host's request to run a function."""
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
