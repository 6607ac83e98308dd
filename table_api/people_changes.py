"""What an import of people changes, and which past days keep what they were rated with. Pure."""

from collections.abc import Iterator, Sequence

from table_api.people import PeopleDirectory, Person


def import_changes(standing: PeopleDirectory, rows: Sequence[Person]) -> Iterator[str]:
    """A tab-separated line per row that says something new. Names are not printed."""
    for row in rows:
        before = standing.at(row.subject, row.valid_from)
        if before is None:
            yield f"new\t{row.subject}\t{row.valid_from}\t{row.cost_centre or '-'}"
        elif before.cost_centre != row.cost_centre:
            yield (
                f"cost centre\t{row.subject}\t{row.valid_from}\t"
                f"{before.cost_centre or '-'} → {row.cost_centre or '-'}\t"
                f"calls of these days keep their price until a run: "
                f"rerate what-if --from {row.valid_from} --to DAY --subject {row.subject}"
            )
        elif before.display_name != row.display_name:
            yield f"name\t{row.subject}\t{row.valid_from}"
