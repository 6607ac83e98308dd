"""The README's pictures, taken from the pages of a demonstration that runs: `make pictures`.

`python -m docs_site.pictures [DATA]`, where DATA is the demonstration's folder (`.local`). A person
with a role signs in, and headless Chromium opens this month, a dear call of last month, and the
invoice of its cost centre. The files keep their names, so a second run replaces them.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 200_000
SIGNED_IN = "admin"
WIDTH, HEIGHT = 1280, 1000
STEP_TIMEOUT_MS = 180_000
LOOK_MS, LOOKS_MAX = 1_500, 80
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CALLS_LOOKED_AT = 200


class NoPictures(Exception):
    """What is missing, for whoever called."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demonstration that runs."""

    ui: str
    api: httpx.Client
    person: str
    """Who signs in, as the sign-in page names them."""

    def json(self, path: str) -> Any:
        """One answer of the API."""
        answer = self.api.get(path)
        answer.raise_for_status()
        return answer.json()


def open_demo(data: Path) -> Demo:
    """Raises NoPictures where none has shown its box."""
    try:
        box = json.loads((data / "demo.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NoPictures(
            f"{data}/demo.json is missing: run `make demo` in another terminal"
        ) from error
    command = [sys.executable, "-m", "local_stack.identity", "token", "--as", SIGNED_IN]
    token = subprocess.run(
        [*command, "--data", str(data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if token.returncode:
        raise NoPictures(token.stderr.strip())
    signed = {"Authorization": f"Bearer {token.stdout.strip()}"}
    api = httpx.Client(base_url=box["urls"]["api"], headers=signed, timeout=60)
    person = next(name for name, title in box["sign_in"].items() if "administrator" in title)
    return Demo(ui=box["urls"]["ui"], api=api, person=person)


def addresses(demo: Demo) -> dict[str, str]:
    """What is shown, by the name of the file."""
    [person] = demo.json("/v1/subjects?period=last-month&limit=1")["data"]
    subject = quote(person["subject"], safe="")
    listed = f"/v1/subjects/{subject}/calls?period=last-month&limit={CALLS_LOOKED_AT}"
    calls = [call for call in demo.json(listed)["data"] if call["state"] == "priced"]
    # The one with most kinds of tokens explains most; among them the dearest.
    call = max(calls, key=lambda each: (len(each["units"]), Decimal(each["cost"]["charge"])))
    invoices = demo.json("/v1/invoices")["data"]
    invoice = next(each for each in invoices if each["cost_centre"] == person["cost_centre"])
    last_month = {"range": "Last month"}
    shown = {**last_month, "call": call["id"]}
    return {
        "overview": "/",
        "call": "/?" + urlencode(shown),
        "invoice": "/invoices?" + urlencode({"invoice": invoice["number"]}),
    }


def take(demo: Demo, browser: Browser) -> None:
    """Sign in once, then a picture of each address. Raises NoPictures where one is too large."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", color_scheme="light"
    )
    page.set_default_timeout(STEP_TIMEOUT_MS)
    page.goto(demo.ui)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=demo.person).click()
    _settled(page)
    PICTURES.mkdir(exist_ok=True)
    for name, address in addresses(demo).items():
        page.goto(demo.ui + address)
        content = _settled(page)
        if len(content) > BYTES_MAX:
            raise NoPictures(
                f"the picture {name} has {len(content):,} bytes: {BYTES_MAX:,} at most"
            )
        (PICTURES / f"{name}.png").write_bytes(content)
        print(f"{name}.png: {len(content):,} bytes", file=sys.stderr)


def _settled(page: Page) -> bytes:
    """A picture of the page once it no longer changes, and nothing on it runs."""
    page.wait_for_selector("[data-testid=stHeading]")
    before = b""
    for _ in range(LOOKS_MAX):
        page.wait_for_timeout(LOOK_MS)
        content = page.screenshot(animations="disabled")
        if content == before and not page.get_by_role("button", name="Stop").count():
            return content
        before = content
    raise NoPictures(f"{page.url} still changes after {LOOKS_MAX * LOOK_MS // 1000} s")


def main(arguments: list[str]) -> int:
    """The exit code: 1 when something is missing."""
    chromium = shutil.which("chromium")
    try:
        if chromium is None:
            raise NoPictures("chromium is missing: apt-get install -y chromium")
        demo = open_demo(Path(arguments[0] if arguments else ".local"))
        with sync_playwright() as playwright, demo.api:
            take(demo, playwright.chromium.launch(executable_path=chromium, args=FLAGS))
    except (NoPictures, httpx.HTTPError, BrowserError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
