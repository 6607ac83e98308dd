"""Which failures of the API pass by themselves."""

import pytest

from ui.api.errors import ApiRefused, ApiUnreachable, SettingMissing, UiError
from ui.parts.failure import is_passing, wait_s


def refused(status: int, kind: str = "") -> ApiRefused:
    return ApiRefused("no", status=status, kind=kind)


@pytest.mark.parametrize(
    "error",
    [
        ApiUnreachable("no answer"),
        refused(502),
        refused(503),
        refused(503, "storage-unavailable"),
        refused(503, "issuer-unavailable"),
    ],
)
def test_an_outage_passes(error: UiError) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        SettingMissing("API_URL"),
        refused(400, "too-much"),
        refused(500, "altered"),
        refused(500, "internal"),
        refused(503, "later-schema"),
        refused(503, "partial-result"),
        refused(503, "telemetry-unavailable"),
    ],
)
def test_what_stays_so_is_not_asked_again(error: UiError) -> None:
    assert not is_passing(error)


def test_a_page_that_fails_again_is_asked_less_often_up_to_once_a_minute() -> None:
    assert [wait_s(tries) for tries in (0, 1, 2, 3, 4, 40)] == [5, 10, 20, 40, 60, 60]
