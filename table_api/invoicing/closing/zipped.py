"""A month's files as one ZIP. The same files give the same bytes. Pure."""

import io
import zipfile
from collections.abc import Iterable
from datetime import datetime

ZIP = "application/zip"


def zip_of(files: Iterable[tuple[str, bytes]], *, issued_at: str) -> bytes:
    """The files under their names; each has the time at which the month was issued."""
    issued = datetime.fromisoformat(issued_at).timetuple()[:6]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, date_time=issued)
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return written.getvalue()
