"""Generated requests as every kind of caller: the API keeps to its description, and shows nobody a
mark of what is not theirs, in bodies, headers, errors or files.
"""

import asyncio
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from pypdf import PdfReader
from schemathesis import Case, Response
from schemathesis.specs.openapi.checks import positive_data_acceptance, unsupported_method

from table_api.http_api.app import create_app
from table_api.http_api.conventions.cursor import from_base64url
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.insights import KEY, running_insights
from tests.fixtures.office import (
    ANN,
    BEN,
    CAT,
    CENTRE_A,
    CENTRE_B,
    DAN,
    MARK,
    NOW,
    SUBJECTS,
    TEAM,
    Office,
    issuer_of_office,
    open_office,
)
from tests.table_api.http_api.asking import description_of

EXAMPLES_MAX = 20
"""Requests per endpoint, each by every caller."""
ALL = {"from": "2026-10-01", "to": "2027-01-01"}
EVERY = ("nobody", *SUBJECTS)


class World(NamedTuple):
    """The company, and what each caller must never see."""

    office: Office
    known: dict[str, list[str]]
    hidden: dict[str, set[str]]

    def __repr__(self) -> str:
        """Short: hypothesis prints it with each request, and refuses 30,000 letters."""
        return "World"


async def known_values(office: Office) -> dict[str, list[str]]:
    """Values of parameters that exist: random ones would find nothing."""
    async with office.client("admin") as api:
        calls = []
        for subject in (ANN, BEN, CAT, DAN, TEAM):
            page = await api.get(f"/v1/subjects/{subject}/calls", params=ALL | {"limit": "200"})
            calls += [call | {"subject": subject} for call in page.json()["data"]]
        numbers, files = [], ["cost_and_usage.csv", "cost_and_usage.parquet"]
        for kind in ("invoice", "statement"):
            for month in ("2026-10", "2026-11"):
                answer = await api.get("/v1/invoices", params={"kind": kind, "month": month})
                numbers += [each["number"] for each in answer.json()["data"]]
        runs = (await api.get("/v1/reratings")).json()["data"]
        subjects = await api.get("/v1/subjects", params=ALL | {"limit": "1"})
    files += [f"{number}.{ending}" for number in numbers for ending in ("csv", "xlsx", "pdf")]
    return {
        "subject": [ANN, BEN, CAT, DAN, TEAM],
        "call_id": [call["id"] for call in calls],
        "call": [f"{call['subject']} {call['day']} {call['id']}" for call in calls],
        "request": [f"{call['id']} {call['call_id']}" for call in calls],
        "number": [*numbers, "2026-10", "2026-11"],
        "month": ["2026-10", "2026-11"],
        "file": files,
        "run": [each["run"] for each in runs],
        "cursor": [subjects.json()["page"]["next_cursor"]],
        "q": ["xq", "cat", "CC", *(call["call_id"] for call in calls[::3]), calls[-1]["session"]],
        "status": ["200", "2xx", "4xx"],
        "state": ["priced", "unpriced"],
        "cost_centre": [CENTRE_A, CENTRE_B],
        "group_by": [
            "subject,day",
            "subject,model",
            "cost_centre",
            "day,model",
            "session",
            "deployment,api",
        ],
        "model": [f"{MARK}model-cat", "gpt-4.1-mini"],
    }


def visible(caller: str, subject: str, day: str) -> bool:
    """Whether a caller sees a subject's calls of a day, written down by hand."""
    if caller == "employee":
        return subject == BEN
    if caller != "owner":
        return False
    return (
        subject == ANN
        or (subject == BEN and day < "2026-11-15")
        or (subject == DAN and day < "2026-11-01")
        or (subject == TEAM and day >= "2026-11-15")
    )


ENDS = '",;<\n'
"""What follows a marked text in an answer: `cat` is not the `cat5` that somebody may see."""
TAGS = {ANN: "ann", BEN: "ben", CAT: "cat", DAN: "dan", TEAM: "team"}
TAG_OF_DAY = {"2026-10-05": "", "2026-11-05": "5", "2026-11-20": "20", "2026-12-05": "dec"}


def hidden_texts(caller: str, known: dict[str, list[str]]) -> set[str]:
    """Everything that carries a mark, and the ids, of what a caller does not see."""
    if caller in {"reader", "admin"}:
        return set()
    texts = {f"{MARK}operator", f"{MARK}why", f"{MARK}name-cat", f"{MARK}name-dan", CAT}
    texts |= {"nothing"} if caller == "employee" else {CENTRE_B}
    texts |= {ANN, DAN, TEAM} if caller == "employee" else set()
    texts |= {ANN, BEN, DAN, TEAM} if caller in {"nobody", "service"} else set()
    request_ids = dict(line.split(" ") for line in known["request"])
    for line in known["call"]:
        subject, day, opaque = line.split(" ")
        if visible(caller, subject, day):
            continue
        texts |= {opaque, request_ids[opaque]}
        tag = TAGS[subject] + TAG_OF_DAY[day]
        texts |= {f"{MARK}{what}-{tag}" + end for what in ("session", "response") for end in '",;'}
        texts |= {f"{MARK}model-{tag}" + end for end in ENDS}
    return texts


@pytest.fixture(scope="module", autouse=True)
def world() -> Iterator[World]:
    with issuer_of_office() as (issuer, access), running_insights(lambda: NOW, KEY) as running:
        office = asyncio.run(open_office(issuer, access))
        asyncio.run(running.publish(office.storage))
        office.insights = running.insights
        known = asyncio.run(known_values(office))
        CURRENT.append(World(office, known, {each: hidden_texts(each, known) for each in EVERY}))
        yield CURRENT[-1]


def text_of(response: Response) -> str:
    """The headers, and everything that a body says, also inside of files and cursors."""
    heads = repr({name: value for name, value in response.headers.items()})
    said = f"{heads}\n{text_in(response.content)}"
    cursors = re.findall(r'(?:next_cursor": ?"|cursor=)([\w-]+)', said)
    return "\n".join([said, *(repr(from_base64url(cursor)) for cursor in cursors)])


def text_in(content: bytes) -> str:
    """What a file says, by its first bytes; a ZIP and a workbook hold further files."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(f"{name}\n{text_in(parts.read(name))}" for name in parts.namelist())
    if content.startswith(b"%PDF-"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode(errors="replace")


def asked_of(case: Case[Any]) -> set[str]:
    """What the request itself said, which an answer may repeat."""
    given = (*(case.path_parameters or {}).values(), *(case.query or {}).values())
    return {str(value) for value in given}


def pick(known: dict[str, list[str]], given: dict[str, Any]) -> dict[str, Any]:
    """The same parameters, most of them with a value that exists: chosen by what was generated."""
    chosen = dict(given)
    for name, value in given.items():
        values, number = known.get(name, []), crc32(repr(value).encode())
        if values and number % 4:
            chosen[name] = values[number % len(values)]
    return chosen


CURRENT: list[World] = []
"""Whom requests are generated for: hooks get no fixture."""

schema = description_of(create_app(MemoryTableStorage(), MemoryBlobStore()))
# test_api_schema asks for the limits of each parameter; here they would be most of the requests.
schema.config.phases.coverage.enabled = False


def known_now() -> dict[str, list[str]]:
    """Values that exist; none while pytest collects, when the examples of a body are made."""
    return CURRENT[-1].known if CURRENT else {}


@schema.hook
def map_path_parameters(_: Any, path_parameters: Any) -> Any:
    return path_parameters and pick(known_now(), path_parameters)


@schema.hook
def map_query(_: Any, query: Any) -> Any:
    query = pick(known_now(), query or {})
    if {"from", "to"} & set(query) and crc32(repr(query).encode()) & 3:
        return query | ALL
    return query


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_nobody_is_shown_what_is_not_theirs(case: Case[Any], world: World) -> None:
    for caller in EVERY:  # each asks the same: to make a request takes as long as to answer it
        ask(case, world.office, caller, world.hidden[caller])


def ask(case: Case[Any], office: Office, caller: str, hidden: set[str]) -> None:
    # A made-up cursor fits its schema, and is rightly refused. Nobody learns which methods exist.
    excluded: list[Any] = [positive_data_acceptance]
    if caller == "nobody":
        excluded.append(unsupported_method)
    response = case.call_and_validate(
        headers=office.headers(caller), app=office.app, excluded_checks=excluded
    )
    said = text_of(response)
    asked = asked_of(case)
    repeated = {text for text in hidden if any(text.rstrip(ENDS) in each for each in asked)}
    leaked = {text for text in hidden - repeated if text in said}
    assert leaked == set(), f"{caller} {case.path} {asked}"
    if caller == "nobody" and case.path != "/healthz":
        assert response.status_code == 401
