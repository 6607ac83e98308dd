"""Runs in the worker's own environment: `python worker_driver.py FOLDER` indexes the function app
in FOLDER, invokes every function, and prints what each answered as JSON.

The worker's own library does it all; only the protobuf messages of the host are stand-ins.
"""

import asyncio
import importlib
import json
import sys
from types import SimpleNamespace
from typing import Any


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


async def main(folder: str) -> dict[str, Any]:
    """Bindings and answers by function."""
    library: Any = importlib.import_module("azure_functions_runtime")
    init = SimpleNamespace(capabilities={}, function_app_directory=folder)
    properties = {"protos": Messages(), "host": "127.0.0.1"}
    started = await library.worker_init_request(
        SimpleNamespace(request=SimpleNamespace(worker_init_request=init), properties=properties)
    )
    assert started.result.status == 1, vars(started.result.exception)
    indexed = await library.functions_metadata_request(SimpleNamespace())
    found = {}
    for function in indexed.function_metadata_results:
        bindings = [json.loads(each) for each in function.raw_bindings]
        answer = await _invoke(library, function, bindings)
        found[function.name] = {"bindings": bindings, "answer": answer}
    return found


async def _invoke(library: Any, function: Any, bindings: list[dict[str, Any]]) -> dict[str, Any]:
    trigger = bindings[0]
    is_http = trigger["type"] == "httpTrigger"
    data = Message(http=_request(function.name)) if is_http else Message(json=_timer())
    invocation = _invocation(function.function_id, Message(data=data, name=trigger["name"]))
    request = SimpleNamespace(invocation_request=invocation)
    answered = await library.invocation_request(SimpleNamespace(request=request))
    if answered.result.status != 1:
        return {"failed": str(getattr(answered.result.exception, "message", answered.result))}
    if not is_http:
        return {}
    http = answered.return_value.http
    return {
        "status": http.status_code,
        "type": http.headers.get("content-type"),
        "body": http.body.bytes.decode(),
    }


def _request(name: str) -> SimpleNamespace:
    """One question as the host sends it: a GET with a wrong parameter, or a POST without a body."""
    prices = name == "azFn-AoAiModel-Pricing"
    route = "v1/rate" if prices else "v1/usage"
    return SimpleNamespace(
        method="POST" if prices else "GET",
        url=f"https://contoso.azurewebsites.net/{route}?form=1",
        headers={"accept": "application/json"},
        params={"route": route},
        query={"form": "1"},
        body=Message(),
    )


def _timer() -> str:
    return json.dumps({"Schedule": {}, "ScheduleStatus": None, "IsPastDue": False})


def _invocation(function_id: str, trigger: Message) -> SimpleNamespace:
    none = SimpleNamespace(
        trace_parent="", trace_state="", attributes={},
        retry_count=0, max_retry_count=0, exception=None,
    )  # fmt: skip
    return SimpleNamespace(
        invocation_id="1", function_id=function_id, input_data=[trigger], trigger_metadata={},
        trace_context=none, retry_context=none,
    )  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    print("ANSWERS " + json.dumps(asyncio.run(main(sys.argv[1]))))
