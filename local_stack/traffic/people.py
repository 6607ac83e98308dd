"""The forty people of the demonstration: invented names, made-up object ids, six cost centres.

Who they are is not in the ledger: events carry only `subject`.
"""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from uuid import NAMESPACE_URL, uuid5

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:llm-chargeback:people")

# In order of how much they call: the first person most. Neighbours are in different cost centres.
_PEOPLE = (
    ("Amara Okafor", "Engineering"),
    ("Jonas Lindqvist", "Research"),
    ("Mei-Ling Chen", "Customer Support"),
    ("Diego Fernández", "Engineering"),
    ("Priya Raghunathan", "Marketing"),
    ("Tomasz Wójcik", "Engineering"),
    ("Fatima Zahra El Amrani", "Research"),
    ("Liam O'Connor", "Customer Support"),
    ("Yuki Tanaka", "Finance"),
    ("Sofia Papadopoulou", "Engineering"),
    ("Kwame Mensah", "Legal"),
    ("Ingrid Bjørnsen", "Research"),
    ("Rafael Almeida", "Customer Support"),
    ("Zoë de Vries", "Engineering"),
    ("Arjun Mehta", "Marketing"),
    ("Leila Hosseini", "Research"),
    ("Nguyễn Thị Hoa", "Engineering"),
    ("Marcus Weber", "Finance"),
    ("Camille Dubois", "Legal"),
    ("Oluwaseun Adeyemi", "Customer Support"),
    ("Hana Kovářová", "Engineering"),
    ("Mateo Rojas", "Marketing"),
    ("Aisha Rahman", "Research"),
    ("Sven Karlsson", "Customer Support"),
    ("Chiara Ricci", "Finance"),
    ("Min-jun Park", "Engineering"),
    ("Natalia Sokolova", "Legal"),
    ("Thabo Nkosi", "Customer Support"),
    ("Emily Thompson", "Marketing"),
    ("İlker Şahin", "Engineering"),
    ("Siobhán Byrne", "Research"),
    ("Luca Moretti", "Finance"),
    ("Anjali Gurung", "Customer Support"),
    ("Pavel Novák", "Engineering"),
    ("Grace Wanjiru", "Marketing"),
    ("Matthias Huber", "Legal"),
    ("Inês Carvalho", "Research"),
    ("Omar Haddad", "Finance"),
    ("Keola Kahananui", "Customer Support"),
    ("Freja Mortensen", "Engineering"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who calls models through the gateway."""

    subject: str
    """Entra object id, as in the validated token."""
    name: str
    cost_centre: str


@cache
def people() -> tuple[Person, ...]:
    """All of them, the most frequent caller first. The same objects in every process."""
    return tuple(
        Person(subject=str(uuid5(_NAMESPACE, str(number))), name=name, cost_centre=cost_centre)
        for number, (name, cost_centre) in enumerate(_PEOPLE)
    )


ZIPF_STEPS = tuple(accumulate(1_000_000 // rank for rank in range(1, len(_PEOPLE) + 1)))
"""Summed shares of the calls, in the order of `people()`: the second calls half as often."""
