"""The digest of the rating code that a run names is over all of the code that rates."""

import subprocess
import sys

from consumers.rerating.stage import rating_sources
from tests.paths import ROOT

PACKAGE = ROOT / "pricing_rules"
LOADED = """
import sys
import pricing_rules.decoding.usage_event
import pricing_rules.engine.rating
print("\\n".join(
    module.__file__ for name, module in sys.modules.items() if name.startswith("pricing_rules")
))
"""
HOLDS_NO_PRICE = {PACKAGE / "errors.py"}


def test_what_rating_loads_is_a_part_of_it() -> None:
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = {path for path in map(PACKAGE.joinpath, loaded.split()) if path.name != "__init__.py"}
    assert PACKAGE / "price_book/evidence/served.py" in files
    assert PACKAGE / "provider_usage/openai.py" in files
    assert files - HOLDS_NO_PRICE <= set(rating_sources(PACKAGE))
