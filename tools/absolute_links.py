"""Make the links of a page absolute, so that they work where the repository is not around it.

Usage: python tools/absolute_links.py ADDRESS TAG [PAGE] [OUT]
       (default: README.md, overwritten)

A package index shows README.md alone. The workflow that releases knows the address of the
repository and the tag, and runs this before it builds; files are linked as
``ADDRESS/blob/TAG/…``, pictures as ``ADDRESS/raw/TAG/…``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# [text](target) and ![text](target); neither other addresses nor places on the page itself
LINK = re.compile(
    r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?!#|[a-z][a-z0-9+.-]*:)(?P<target>[^)]+)\)"
)


def absolute(text: str, address: str, tag: str, root: Path) -> str:
    """Rewrite the links of a page that lies in ``root``.

    Raises:
        FileNotFoundError: a link leads nowhere.
    """

    def replaced(link: re.Match[str]) -> str:
        path = link["target"].partition("#")[0]
        if not (root / path).exists():
            raise FileNotFoundError(f"a link leads to {path}, which is not in {root}")
        kind = "raw" if link["picture"] else "blob"
        target = f"{address.rstrip('/')}/{kind}/{tag}/{link['target']}"
        return f"{link['picture']}[{link['text']}]({target})"

    return LINK.sub(replaced, text)


def main(address: str, tag: str, page: str = "README.md", out: str | None = None) -> None:
    """Rewrite one page."""
    source = Path(page)
    text = absolute(source.read_text(encoding="utf-8"), address, tag, source.parent)
    Path(out or page).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
