"""A value stays a value, whatever it holds: in both engines, and in a real query."""

import random
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest

from local_stack.insights.query import answer
from local_stack.insights.store import Store
from telemetry.queries.errors import InvalidParameter
from telemetry.queries.query_text import TEXT_MAX, QueryName, Value, bind, literal
from tests.telemetry.queries.call_events import call_event
from tests.telemetry.queries.language import constants_of

START = datetime(2026, 11, 1, tzinfo=UTC)
UNICODE = [chr(code) for code in range(0xA1, 0x30000) if chr(code).isprintable()]
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


def hostile_texts() -> list[str]:
    """By hand what an attacker would try, and by chance what nobody thinks of."""
    chance = random.Random(20)
    by_hand = [
        "", " ", '"', "'", "\\", '\\"', '"\\', "\\\\", '" or true //', '"; AppEvents | take 9 //',
        '" | project Properties //', "' or 1 == 1", "x\\", "\\u0041", "\\n", "//", "/* */", "```",
        '@"', "h\"secret\"", "~", "{user}", "%s", "$(user)", "datetime(2026-01-01)", ");",
        "séance", "日本語", "😀\" or true //", "“”„‘’＂＇\"", "\u0130\\",
        "declare", PRINTABLE, "a" * TEXT_MAX, '"' * TEXT_MAX, "\\" * TEXT_MAX,
    ]  # fmt: skip
    nasty = "\"\\'|;/@` " + string.ascii_letters[:4]
    by_chance = [
        "".join(chance.choices(alphabet, k=chance.randint(1, 40)))
        for alphabet in (nasty, PRINTABLE)
        for _ in range(287)
    ]
    foreign = [
        "".join(chance.choices([*UNICODE, *nasty * 1_000], k=chance.randint(1, 40)))
        for _ in range(90)
    ]
    return by_hand + by_chance + foreign


def test_a_hostile_text_is_the_same_text_in_both_engines() -> None:
    texts = hostile_texts()
    assert len(texts) == 700
    literals = [literal(text, "string", "user") for text in texts]
    assert constants_of(literals) == texts
    store = Store()
    for start in range(0, len(texts), 55):
        printed = ", ".join(f"x{n} = {each}" for n, each in enumerate(literals[start : start + 55]))
        [table] = answer(store, f"print {printed}")["tables"]
        assert table["rows"] == [texts[start : start + 55]]


def test_a_hostile_user_is_only_a_user() -> None:
    store = Store()
    evil = '" or true //'
    users = ["ann", "bob", evil]
    store.add({"AppEvents": [call_event(user, time=START, user=user) for user in users]})
    text = bind(QueryName.SESSIONS, user=evil, start=START, stop=START + timedelta(days=1))
    [table] = answer(store, text)["tables"]
    calls = [column["name"] for column in table["columns"]].index("Calls")
    assert [row[calls] for row in table["rows"]] == [1]


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("a\nb", "string", "printable characters"),
        ("a\x00", "string", "printable characters"),
        ("\u202e", "string", "printable characters"),
        ("\u2028", "string", "printable characters"),
        ("\ud800", "string", "printable characters"),
        ("a" * (TEXT_MAX + 1), "string", "513 characters"),
        (5, "string", "expected a string"),
        ("5", "long", "expected a long"),
        (True, "long", "expected a long"),
        (2**63, "long", "64-bit"),
        (1, "bool", "expected a bool"),
        (datetime(2026, 11, 1), "datetime", "expected a datetime"),
        ("2026-11-01", "datetime", "expected a datetime"),
        ("x", "dynamic", "expected a dynamic"),
    ],
)
def test_a_value_that_no_query_takes_is_refused_by_name(
    value: Value, kind: str, words: str
) -> None:
    with pytest.raises(InvalidParameter, match=f"^user .*{words}"):
        literal(value, kind, "user")


def test_typed_values_are_written_as_kql() -> None:
    berlin = datetime(2026, 11, 1, 1, 2, 3, 456789, timezone(timedelta(hours=1)))
    assert literal(berlin, "datetime", "start") == "datetime(2026-11-01T00:02:03.456789Z)"
    assert literal(-5, "long", "n") == "long(-5)"
    assert literal(False, "bool", "b") == "false"


@pytest.mark.parametrize("values", [{"start": START}, {"start": START, "stop": START, "user": "x"}])
def test_a_missing_or_unknown_parameter_is_refused(values: dict[str, Value]) -> None:
    with pytest.raises(InvalidParameter, match="cells takes start, stop; got start"):
        bind(QueryName.CELLS, **values)
