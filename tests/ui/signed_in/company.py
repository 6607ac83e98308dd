"""A company that signs in: provider, API with AUTH_MODE=oidc, and the UI, on free ports."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, expect

from local_stack.identity.accounts import ADMIN_ROLE, READER_ROLE, Account
from local_stack.identity.ask import access_token
from local_stack.identity.config import UI_CLIENT, demo_config
from local_stack.identity.server import Provider
from local_stack.traffic.people import Person
from table_api.http_api.access.settings import AccessSettings, AuthMode
from tests.fixtures.calls import book
from tests.fixtures.provider import running_provider
from tests.ui.stand import ADA, BOB, InventedCall, Stand, standing
from tests.ui.walking import STEP_TIMEOUT_MS, Watched, free_port, running_ui

NO_GATEWAY = "http://127.0.0.1:9/llm/openai/v1"
"""Nobody listens there: the playground is drawn, and a prompt is refused."""
COOKIE_SECRET = "a secret of forty characters, for tests."


def account(key: str, name: str, subject: str, *roles: str) -> Account:
    person = Person(subject=subject, name=name, cost_centre="")
    return Account(key=key, person=person, title=key, roles=roles)


ACCOUNTS = {
    each.key: each
    for each in (
        account("admin", "Ann Admin", "aaaaaaaa-0000-4000-8000-000000000001", ADMIN_ROLE),
        account("finance", "Fay Finance", "aaaaaaaa-0000-4000-8000-000000000002", READER_ROLE),
        account("owner", "Olu Owner", "aaaaaaaa-0000-4000-8000-000000000003"),
        account("ada", "Ada Lovelace", ADA),
        account("bob", "Bob Berg", BOB),
    )
}


@dataclass
class OffsetClock:
    """The provider's clock; its tokens end earlier the more it is behind."""

    behind_s: float = 0

    def __call__(self) -> float:
        return time.time() - self.behind_s


@dataclass
class Company:
    """What the walks use."""

    stand: Stand
    provider: Provider
    clock: OffsetClock
    ui_url: str
    opened: list[Watched] = field(default_factory=list)

    def somebody(self, browser: Browser) -> Watched:
        """A browser of its own: no cookies yet."""
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(STEP_TIMEOUT_MS)
        expect.set_options(timeout=STEP_TIMEOUT_MS)
        watched = Watched(page=context.new_page(), base=self.ui_url)
        watched.provider = self.provider.config.base_url
        watched.watch()
        self.opened.append(watched)
        return watched

    def signed_in(self, browser: Browser, key: str, path: str = "/") -> Watched:
        """Somebody who opened a page and signed in there."""
        watched = self.somebody(browser)
        watched.open(path)
        self.sign_in(watched, key)
        return watched

    def sign_in(self, watched: Watched, key: str, button: str = "Sign in") -> None:
        """Two clicks: the button, and the person at the provider."""
        watched.page.get_by_role("button", name=button, exact=True).click()
        name = self.provider.accounts[key].person.name
        watched.page.get_by_role("button", name=name).click()
        watched.page.wait_for_url(f"{self.ui_url}/**")
        watched.page.get_by_test_id("stHeading").first.wait_for()
        watched.settle()


@contextmanager
def company(calls: Sequence[InventedCall]) -> Iterator[Company]:
    """The company with all of `calls`, for as long as the block runs."""
    port, clock = free_port(), OffsetClock()
    config = demo_config(port=free_port(), ui_url=f"http://127.0.0.1:{port}")
    access = AccessSettings(
        auth_mode=AuthMode.OIDC, issuers=(config.issuer,), audiences=(config.audience,)
    )
    with (
        running_provider(config, ACCOUNTS, now=clock) as provider,
        standing(access, access_token(config, "admin")) as stand,
    ):
        stand.save_people()
        stand.save_owner(ACCOUNTS["owner"].person.subject, "R&D")
        stand.post(calls)
        stand.publish_prices(book(), age_days_max=10_000)
        settings = {
            "API_URL": stand.url,
            "SIGN_IN": "oidc",
            "UI_URL": f"http://127.0.0.1:{port}",
            "OIDC_ISSUER": config.issuer,
            "OIDC_CLIENT_ID": UI_CLIENT,
            "OIDC_CLIENT_SECRET": config.clients[UI_CLIENT].secret or "",
            "COOKIE_SECRET": COOKIE_SECRET,
            "GATEWAY_URL": NO_GATEWAY,
        }
        with running_ui(settings, port=port) as url:
            yield Company(stand=stand, provider=provider, clock=clock, ui_url=url)
