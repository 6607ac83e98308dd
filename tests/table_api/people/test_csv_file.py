"""The people file as spreadsheets and exports really write it."""

import codecs
from datetime import date

import pytest

from table_api.people.csv_file import read_people_csv
from table_api.people.csv_records import InvalidFile
from tests.paths import SHARED

HEADER = "subject,display_name,cost_centre,valid_from\n"
GUID = "7C9F2F0E-6A4B-4E0F-9C55-0D1E2F3A4B5C"
EXPORTED = SHARED / "data/cases/32-people-file-second-mark/input.csv"


def subjects(text: str) -> list[str]:
    return [person.subject for person in read_people_csv((HEADER + text).encode())]


@pytest.mark.parametrize(
    "written",
    [
        "\ufeff\ufeff".encode() + f"{HEADER}a,Ann,1,2026-11-01\n".encode(),
        codecs.BOM_UTF8 + f"{HEADER}\ufeffa,Ann,1,2026-11-01\n".encode(),
        (HEADER + "a,Ann,1,2026-11-01\n").encode("utf-16"),
        codecs.BOM_UTF16_BE + (HEADER + "a,Ann,1,2026-11-01\n").encode("utf-16-be"),
        f"{HEADER}\u200b a\u2060,Ann,1\u200b,2026-11-01\n".encode(),
    ],
    ids=["two marks", "a mark in the data", "UTF-16", "UTF-16 of the other end", "zero width"],
)
def test_marks_and_invisible_characters_at_the_ends_are_no_part_of_a_name(written: bytes) -> None:
    [person] = read_people_csv(written)
    assert (person.subject, person.cost_centre) == ("a", "1")
    assert person.valid_from == date(2026, 11, 1)


@pytest.mark.skipif(not EXPORTED.exists(), reason="the recorded export is not here")
def test_a_recorded_export_with_two_marks_is_read() -> None:
    people = read_people_csv(EXPORTED.read_bytes())
    assert [person.subject for person in people] == ["hunt-a", "hunt-b"]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("al\u200bice,Ann,1,2026-11-01", r"line 2: subject 'al\\u200bice' has .* U\+200B"),
        ("alice,Ann,4\u00ad711,2026-11-01", r"line 2: cost_centre .* U\+00AD"),
        ("alice,\uff1d1+1,1,2026-11-01", "line 2: display_name .* starts as a formula"),
        (f"{'a' * 281},Ann,1,2026-11-01", "line 2: subject is over 280 characters"),
    ],
)
def test_what_nobody_can_see_or_a_spreadsheet_would_run_is_refused(row: str, named: str) -> None:
    with pytest.raises(InvalidFile, match=named):
        subjects(row)


def test_ids_of_entra_are_compared_without_case() -> None:
    assert subjects(f"{GUID},Ann,1,2026-11-01\n") == [GUID.lower()]
    assert subjects("Service-A,Ann,1,2026-11-01\n") == ["Service-A"]


def test_one_cost_centre_in_two_spellings_is_one() -> None:
    rows = "a,Ann,Zu\u0308rich,2026-11-01\nb,Bob,Z\u00fcrich,2026-11-01\n"
    people = read_people_csv((HEADER + rows).encode())
    assert len({person.cost_centre for person in people}) == 1


def test_the_longest_subject_of_an_event_fits() -> None:
    longest = "subscription:" + "s" * 256
    assert subjects(f"{longest},Ann,1,2026-11-01\n") == [longest]
