"""`python -m docs_site [FOLDER]`: the documentation as a site, in FOLDER/html, without network."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docs_site.pages import linked_files, page_of, pages

ROOT = Path(__file__).parent.parent
MERMAID = ROOT / "node_modules/@mermaid-js/tiny"


def stage(folder: Path) -> None:
    """Write the pages, and what they need, into a folder of their own."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages(ROOT):
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    copies = {page_of(name): ROOT / name for name in linked_files(ROOT)}
    copies["assets/mermaid.js"] = MERMAID / "dist/mermaid.tiny.js"
    copies["assets/mermaid.LICENSE"] = MERMAID / "LICENSE"
    for name, original in copies.items():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy)


def main(arguments: list[str]) -> int:
    """Stage the pages and let MkDocs build them: any warning fails."""
    folder = Path(arguments[0]).resolve() if arguments else ROOT / ".site"
    if not MERMAID.is_dir():
        print("The diagrams' script is missing: run `make setup` first.", file=sys.stderr)
        return 1
    stage(folder / "pages")
    folders = {"DOCS_PAGES": str(folder / "pages"), "DOCS_HTML": str(folder / "html")}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=ROOT,
        # Without the theme's notice of what comes after MkDocs 1: it is no warning about a page.
        env={**os.environ, **folders, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    return built.returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
