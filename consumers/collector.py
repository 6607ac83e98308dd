"""Python's garbage collector, set for batches. It owns one decision about the whole process."""

import gc

YOUNG_OBJECTS_MAX = 50_000
"""Objects made between two looks. A batch makes some 100,000 that live until it is durable; with
Python's own 700 it was walked over and over, for about a tenth of the process's CPU time."""
OLDER_LOOKS = 20


def set_for_batches() -> None:
    """Leave what is loaded by now out of every look, and look less often at what is new."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, OLDER_LOOKS, OLDER_LOOKS)
