"""What somebody reads who lacks a right: whom to ask, and no command or button that cannot help."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import streamlit as st

from local_stack.identity.ask import access_token
from local_stack.identity.config import demo_config
from table_api.http_api.access.settings import AccessSettings, AuthMode
from tests.fixtures.calls import book
from tests.fixtures.provider import running_provider
from tests.pricing_rules.books import ALIAS, base_rule, compile_text
from tests.ui.opening import opened, said
from tests.ui.signed_in.company import ACCOUNTS
from tests.ui.stand import ADA, UNPRICED, InventedCall, Stand, standing
from tests.ui.walking import free_port
from ui.api.me_answer import KEEPERS

SignIn = Callable[[str], Stand]


@pytest.fixture
def signed_in(calls: list[InventedCall], monkeypatch: pytest.MonkeyPatch) -> Iterator[SignIn]:
    """The pages as the person with this key sees them, over an API without a price book."""
    config = demo_config(port=free_port(), ui_url="http://127.0.0.1:9")
    access = AccessSettings(
        auth_mode=AuthMode.OIDC, issuers=(config.issuer,), audiences=(config.audience,)
    )
    with (
        running_provider(config, ACCOUNTS, now=time.time),
        standing(access, access_token(config, "admin")) as stand,
    ):
        stand.save_people()
        stand.post(calls)
        monkeypatch.setenv("API_URL", stand.url)

        def sign_in(key: str) -> Stand:
            st.cache_data.clear()
            st.cache_resource.clear()
            stand.late.token = access_token(config, key)
            return stand

        yield sign_in
        st.cache_resource.clear()  # closes the pages' connections


def prices() -> str:
    st.cache_data.clear()
    app = opened("prices")
    assert not app.exception
    assert not app.error
    return said(app)


NO_BOOK = "No metering consumer has started yet: it says which price book is in use."
OLD = "1 price in use, checked more than 1 day ago:"
RERATED = "prices these calls from their stored usage."


def test_before_a_consumer_ran_an_employee_is_told_whom_to_ask(signed_in: SignIn) -> None:
    signed_in("ada")
    assert f"{NO_BOOK} Ask {KEEPERS}." in prices()
    signed_in("finance")
    assert f"{NO_BOOK} Start one with `chargeback consumer run`." in prices()


def test_of_old_prices_an_employee_is_told_who_checks_them(
    signed_in: SignIn, tmp_path: Path
) -> None:
    stand = signed_in("ada")
    stand.publish_prices(compile_text(tmp_path, base_rule(), ALIAS), age_days_max=1)
    text = prices()
    assert f"{OLD} ask {KEEPERS} to check them." in text
    assert "`chargeback" not in text
    signed_in("finance")
    assert f"{OLD} compare with `chargeback prices fetch-azure`" in prices()


def test_of_a_call_without_a_price_an_employee_is_told_who_adds_it(
    signed_in: SignIn, today: date
) -> None:
    stand = signed_in("ada")
    call = InventedCall(number=9_000, subject=ADA, day=today, deployment=UNPRICED, input=7)
    stand.post([call])  # on the first of a month the others may all be of earlier ones
    stand.publish_prices(book(), age_days_max=10_000)
    text = prices()
    asked = f"Ask {KEEPERS} to add the lines to the price book; a re-rating then {RERATED}"
    assert "**lab-model-x**: " in text
    assert asked in text
    assert "`chargeback" not in text
    signed_in("finance")
    added = "Add the lines to the price book; then `chargeback rerate stage`"
    assert f"{added} {RERATED}" in prices()


def test_at_list_price_an_employee_is_not_told_that_there_is_no_discount(
    signed_in: SignIn,
) -> None:
    stand = signed_in("ada")
    stand.publish_prices(book(), age_days_max=10_000)
    said_to_ada = "tokens, at list price; what you are charged may differ."
    text = prices()
    assert said_to_ada in text
    assert "no discount" not in text
    signed_in("finance")
    assert said_to_ada not in prices()


@pytest.mark.parametrize(
    ("key", "page", "role"),
    [
        ("ada", "reratings", "Billing.Read.All or Billing.Admin"),
        ("ada", "completeness", "Billing.Read.All or Billing.Admin"),
        ("ada", "admin", "Billing.Read.All or Billing.Admin"),
        ("ada", "access_log", "Billing.Admin"),
        ("finance", "access_log", "Billing.Admin"),
    ],
)
def test_a_page_without_the_right_says_who_gives_it_and_has_no_button(
    signed_in: SignIn, key: str, page: str, role: str
) -> None:
    signed_in(key)
    app = opened(page)
    assert not app.exception
    (error,) = app.error
    text = said(app)
    assert "**You may not see this**" in text
    assert f"For more, ask {KEEPERS}. The right is an app role, which an administrator" in text
    assert f"this needs the app role {role}, which your token does not have" in text
    labels = [button.label for button in app.button]
    assert not {"Try again", "Show everything"} & set(labels), labels
    assert error.icon


@pytest.mark.parametrize("page", ["usage", "people", "cost_centres", "models"])
def test_a_page_with_a_part_of_the_numbers_says_so(signed_in: SignIn, page: str) -> None:
    owner = ACCOUNTS["owner"]
    signed_in("owner").save_owner(owner.person.subject, "R&D")
    part = "You see your own calls and those of cost centre R&D."
    app = opened(page)
    assert not app.exception
    assert part in [caption.value.replace("\\", "") for caption in app.main.caption]
    signed_in("finance")
    assert "You see " not in said(opened(page))
