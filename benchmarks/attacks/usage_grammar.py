"""Usage objects by the grammar of every provider, each with what it must cost. Imports no product.

A case begins with the true quantities of a call. A form writes them down as its provider documents;
then an operator may add a field that changes no price, one that does, or a number that cannot be.
"""

import random

from benchmarks.attacks.usage_case import Case
from benchmarks.attacks.usage_forms import FORMS
from benchmarks.attacks.usage_operators import OPERATORS


def make_case(dice: random.Random) -> Case:
    """The next case of a seeded sequence."""
    name = dice.choice(sorted(FORMS))
    case = FORMS[name](dice)
    case.form = name
    if dice.random() < 0.35:
        operator = dice.choice(OPERATORS)
        operator(case, dice)
        case.operators.append(operator.__name__)
    return case
