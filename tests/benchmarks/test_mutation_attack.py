"""Single mutations of a closed ledger: nothing dies, and what nobody names is no money."""

import random
from collections import Counter

from benchmarks.attacks.mutation_money import differences, money_of
from benchmarks.attacks.mutation_operators import BLOB_TARGETS, ROW_TARGETS, TARGETS, Key, mutate
from benchmarks.attacks.mutations import as_text, attack

COUNT = 36
CALL: Key = ("ledger", "202611|00", "c|ann|01|20261101T100000.000000Z|id")
CELL: Key = ("ledger", "202611|00", "d|ann|01|model|line")
COLUMNS = {"calls": "1", "q_input": "7", "charge": "30", "duration_ms": "8"}
ROWS = {
    CALL: COLUMNS,
    (CALL[0], CALL[1], f"{CALL[2]}|0001"): COLUMNS | {"charge": "20"},
    CELL: COLUMNS | {"charge": "20"},
    ("monthly", "202611", "ann|model"): {"subject": "ann", "model": "model", "d01": "1,20"},
    ("meta", "ledger", "settings"): {"shards": "4", "zone": "UTC"},
    ("people", "people", "ann|2026-01-01"): {"subject": "ann", "valid_from": "2026-01-01"},
}
BLOBS = {
    "202611/snapshot.json": b'{"cells": [{"key": "k", "additive": {"charge": "20"}}]}',
    "202611/manifest.json": b'{"files": [{"name": "n", "sha256": "00"}]}',
    "202611/invoices/INV-000001.json": b'{"lines": [{"amount": "0.20"}]}',
    "202611/focus/invoice_detail.csv": b"BilledCost\r\n0.20\r\n",
}


async def test_no_single_mutation_kills_a_look_or_changes_money_unseen() -> None:
    found = await attack(20261130, COUNT)
    assert len(found) == COUNT
    assert [each.died for each in found if each.died] == [], as_text(found)
    assert [each.money for each in found if each.money] == [], as_text(found)
    reported = sum(bool(each.reported_by) for each in found)
    assert reported * 2 > COUNT, as_text(found)


def test_every_mutation_changes_something_and_every_target_is_reached() -> None:
    dice, seen = random.Random(1), Counter[str]()
    for _ in range(2_000):
        mutation = mutate(dice, ROWS, BLOBS)
        seen[mutation.target] += 1
        assert any(ROWS.get(key) != columns for key, columns in mutation.rows.items()) or any(
            BLOBS.get(name) != content for name, content in mutation.blobs.items()
        ), mutation
    assert set(seen) == set(TARGETS) == {*ROW_TARGETS, *BLOB_TARGETS}


def test_money_is_the_last_row_of_a_chain_and_no_evidence() -> None:
    healthy = money_of(ROWS, BLOBS)
    entry = {**ROWS, CALL: COLUMNS | {"charge": "31"}}
    assert differences(healthy, money_of(entry, BLOBS)) == []
    evidence = {**ROWS, CELL: ROWS[CELL] | {"duration_ms": "9", "charge": "20 "}}
    assert differences(healthy, money_of(evidence, BLOBS)) == []
    cell = {**ROWS, CELL: ROWS[CELL] | {"charge": "21"}}
    assert differences(healthy, money_of(cell, BLOBS)) == ["cells"]
    listed = {key: columns for key, columns in ROWS.items() if key[0] != "monthly"}
    assert differences(healthy, money_of(listed, BLOBS)) == ["monthly"]


def test_money_of_documents_is_every_word_of_them() -> None:
    healthy = money_of(ROWS, BLOBS)
    for name, content in BLOBS.items():
        changed = {**BLOBS, name: content.replace(b"0.20", b"0.21").replace(b'"20"', b'"21"')}
        changed[name] = changed[name].replace(b'"00"', b'"01"')
        assert differences(healthy, money_of(ROWS, changed)) == [name]
