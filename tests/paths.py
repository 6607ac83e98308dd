"""Where the project is, and the recorded data beside it that some tests read when it is there."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
