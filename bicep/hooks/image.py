"""The image, built by the registry from this checkout and named by its digest.

Its tag is a digest of what the build is given, so the same files are built once.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.hooks.azure_cli import az, az_shown

ROOT = Path(__file__).parents[2]
REPOSITORY = "chargeback"
_COPY = re.compile(r"^COPY (?!--from)(?P<what>.+) \S+$", re.MULTILINE)


def build(registry: str, server: str, base: str = "") -> str:
    """The image in the registry, by digest; it is built unless it is there. `base` replaces the
    image of Python that the Dockerfile names.
    """
    tag = content_tag(base)
    if tag not in _tags(registry):
        print(f"building {REPOSITORY}:{tag} in {registry}; it takes some minutes")
        az_shown(
            *("acr", "build", "--registry", registry, "--image", f"{REPOSITORY}:{tag}"),
            *(("--build-arg", f"PYTHON_IMAGE={base}") if base else ()),
            *("--file", str(ROOT / "Dockerfile"), str(ROOT)),
        )
    shown = az("acr", "repository", "show", "--name", registry, "--image", f"{REPOSITORY}:{tag}")
    return f"{server}/{REPOSITORY}@{shown['digest']}"


def copied() -> list[str]:
    """What the Dockerfile copies from the checkout."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return [word for found in _COPY.finditer(text) for word in found["what"].split()]


def content_tag(base: str = "") -> str:
    """24 hex digits of everything that the build is given."""
    digest = hashlib.sha256(base.encode())
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        content = path.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:24]


def _files() -> Iterator[Path]:
    for name in ("Dockerfile", ".dockerignore", *copied()):
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(_below(path))


def _below(folder: Path) -> Iterator[Path]:
    return (
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def _tags(registry: str) -> list[str]:
    if REPOSITORY not in az("acr", "repository", "list", "--name", registry):
        return []
    words = ("acr", "repository", "show-tags", "--name", registry, "--repository", REPOSITORY)
    return list(az(*words))
