"""Each query in both engines: Microsoft's parser takes it, and the stand-in gives the columns that
the parser infers."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from local_stack.insights.query import answer
from local_stack.insights.store import Store
from telemetry.queries import answers
from telemetry.queries.answers import Question
from telemetry.queries.query_text import QueryName, Value, bind, parameters_of, query_text
from telemetry.queries.schema import HERE
from tests.telemetry.queries.language import Checked, check_all

SAMPLES: dict[str, Value] = {
    "string": "x", "bool": True, "datetime": datetime(2026, 11, 1, tzinfo=UTC),
}  # fmt: skip
BOUND = {
    name: bind(name, **{each: SAMPLES[kind] for each, kind in parameters_of(name).items()})
    for name in QueryName
}
QUESTIONS: dict[QueryName, Question[answers.Row]] = {
    found.name: found for found in vars(answers).values() if isinstance(found, Question)
}
MISTAKES = {
    "a misspelt column": ("UserId == user", "Userid == user"),
    "a column of another table": ("project\n", "project Url, \n"),
    "a function that does not exist": ("sum(Calls)", "total(Calls)"),
    "an undeclared parameter": ("UserId == user", "UserId == person"),
    "a misspelt operator": ("| summarize", "| summarise"),
}


@pytest.fixture(scope="module")
def checked() -> dict[str, Checked]:
    """All that the parser is asked, in one run of Node."""
    asked: dict[str, str] = {f"file {name}": query_text(name) for name in QueryName}
    asked |= {f"bound {name}": text for name, text in BOUND.items()}
    right = query_text(QueryName.USER_BY_DAY)
    for what, change in MISTAKES.items():
        assert change[0] in right, what
        asked[what] = right.replace(*change)
    return check_all(asked)


def test_there_is_a_name_and_a_question_for_each_file() -> None:
    files = {path.stem for path in HERE.glob("*.kql")}
    assert files == {name.value for name in QueryName} == {name.value for name in QUESTIONS}


@pytest.mark.parametrize("name", QueryName)
def test_microsofts_parser_takes_the_file_and_its_bound_form(
    checked: dict[str, Checked], name: QueryName
) -> None:
    assert checked[f"file {name}"].errors == []
    assert checked[f"bound {name}"] == checked[f"file {name}"]


@pytest.mark.parametrize("what", MISTAKES)
def test_microsofts_parser_sees_a_mistake(checked: dict[str, Checked], what: str) -> None:
    assert checked[what].errors != []


@pytest.mark.parametrize("name", QueryName)
def test_the_stand_in_gives_the_columns_that_the_parser_infers(
    checked: dict[str, Checked], name: QueryName
) -> None:
    [table] = answer(Store(), BOUND[name])["tables"]
    given = [(column["name"], column["type"]) for column in table["columns"]]
    assert given == checked[f"file {name}"].columns


@pytest.mark.parametrize("name", QueryName)
def test_the_typed_row_has_the_columns_of_the_query(
    checked: dict[str, Checked], name: QueryName
) -> None:
    fields = [field.encode_name for field in msgspec.structs.fields(QUESTIONS[name].row)]
    assert fields == [column for column, _ in checked[f"file {name}"].columns]


@pytest.mark.parametrize("name", QueryName)
def test_a_file_takes_one_row_more_than_its_question_shows(name: QueryName) -> None:
    question = QUESTIONS[name]
    taken = [int(number) for number in re.findall(r"\| take (\d+)", query_text(name))]
    if question.most is not None:
        assert taken == [question.most + 1]


def test_no_query_has_a_value_but_by_its_parameters() -> None:
    for name in QueryName:
        assert "{" not in query_text(name), name
        assert query_text(name).count("declare query_parameters") == 1, name
