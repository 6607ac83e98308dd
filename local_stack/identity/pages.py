"""The provider's pages: whom to sign in as, and why a request is refused. No script, no file."""

from collections.abc import Sequence
from html import escape

from local_stack.identity.accounts import Account

_STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem; }
button { display: block; width: 100%; margin: .6rem 0; padding: .7rem 1rem; text-align: left;
  font: inherit; border: 1px solid #9aa3ad; border-radius: 6px; background: #fff;
  cursor: pointer; }
button:hover, button:focus { border-color: #1f5fbf; background: #f0f5fc; }
small { color: #4a5058; display: block; }
"""


def picker(accounts: Sequence[Account], *, program: str) -> str:
    """One button for each person; it posts to the address that the page was opened with."""
    buttons = "\n".join(
        f'<button name="account" value="{escape(each.key)}">{escape(each.person.name)}'
        f"<small>{escape(each.title)}</small></button>"
        for each in accounts
    )
    return _page(
        "Sign in as",
        f"<p>{escape(program)} asks who you are. These people are invented, and nobody has a "
        f'password: this provider runs on this machine only.</p>\n<form method="post">\n'
        f"{buttons}\n</form>",
    )


def notice(title: str, text: str) -> str:
    """A page that says one thing."""
    return _page(title, f"<p>{escape(text)}</p>")


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
