"""Settings are complete or refused by the name of the variable."""

import pytest

from ui.api.errors import SettingMissing
from ui.api.settings import Settings, load_settings


def test_a_trailing_slash_does_not_matter() -> None:
    assert load_settings({"API_URL": "http://h:1/"}) == Settings(api_url="http://h:1")


@pytest.mark.parametrize("value", ["", "  ", "localhost:8000", "ftp://h", "http://"])
def test_an_unusable_address_is_refused_by_name(value: str) -> None:
    with pytest.raises(SettingMissing, match="API_URL"):
        load_settings({"API_URL": value})
