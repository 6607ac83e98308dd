"""What the garbage collector looks through in a process that answers questions."""

import gc

YOUNG_OBJECTS_MAX = 50_000
"""Objects between two looks of the garbage collector: a page of 1,000 rows is some 1,000. With
Python's 700 it looks through everything that the API keeps, time and again, during one answer.
"""


def set_for_answers() -> None:
    """Set the garbage collector for a process that has made its app: what stands is never looked
    at again, and what comes is looked at rarely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
