"""What the gateway's log says of tokens and nobody reads: it is named, wherever it stands."""

from pathlib import Path
from typing import Any

import pytest

from consumers.verbs.rate import rated
from pricing_rules.price_book.book import load_book
from table_api.open_calls.facts import decode_fact, encode_fact
from tests.consumers.gateway_log.test_decode import CALL, changed, tokens
from tests.consumers.pairing.gateway import envelope
from tests.fixtures.calls import DEMO_BOOK


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"audioTokens": "1e3"}, (("audiotokens", "1e3"),)),
        ({"audioTokens": 12.5}, (("audiotokens", "12.5"),)),
        ({"audioTokens": -1}, (("audiotokens", "-1"),)),
        ({"audioTokens": True}, (("audiotokens", "true"),)),
        ({"audioTokens": 10**15}, (("audiotokens", str(10**15)),)),
        ({"audioTokens": "many of them"}, (("audiotokens", "text of 12 characters"),)),
        ({"audioTokens": [0, 7]}, (("audiotokens[1]", 7),)),
        (
            {"promptTokensDetails": {"audioTokens": 300, "textTokens": 0, "byTool": {"a": "2"}}},
            (("prompttokensdetails.audiotokens", 300), ("prompttokensdetails.bytool.a", 2)),
        ),
        (
            {"promptTokensDetails": '{"audioTokens": 300, "textTokens": null}'},
            (("prompttokensdetails.audiotokens", 300),),
        ),
        ({"promptTokensDetails": {"audioTokens": 0.0, "imageTokens": "0"}}, ()),
        (
            {"audioTokens": " 0 ", "imageTokens": "0.0", "videoTokens": " ", "hasTokens": "False"},
            (),
        ),
    ],
    ids=str,
)
def test_whatever_a_field_of_tokens_holds_is_named_but_zero(
    said: dict[str, Any], named: tuple[tuple[str, int | str], ...]
) -> None:
    found = tokens(**said)
    assert found.others == named
    assert decode_fact(encode_fact(found)) == found


@pytest.mark.parametrize(
    ("harmless", "others", "state"),
    [
        (19, {}, "priced"),
        (19, {"xAudioTokens": 300}, "unpriced"),
        (20, {"xAudioTokens": 300}, "unpriced"),
        (25, {"xAudioTokens": 300}, "unpriced"),
    ],
)
def test_no_count_hides_behind_harmless_ones(
    tmp_path: Path, harmless: int, others: dict[str, int], state: str
) -> None:
    company = tmp_path / "company.toml"
    many = [f"n{number}tokens" for number in range(harmless)]
    listed = ", ".join(f'"gateway_log.{name}"' for name in many)
    company.write_text(f"[usage]\nharmless = [{listed}]", encoding="utf-8")
    log = changed(CALL.llm_record(), **dict.fromkeys(many, 1), **others)
    book = load_book([DEMO_BOOK, company])
    [answer] = rated([CALL.event(), envelope(log)], book)
    assert answer["state"] == state
