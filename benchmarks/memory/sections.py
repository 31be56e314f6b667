"""Pages with a section for each network, so that networks can be measured one at a time."""

from __future__ import annotations

from pathlib import Path

_HEAD = "## "


def sections(page: Path) -> dict[str, str]:
    """The sections of a page that may exist, by their headings."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    parts = f"\n{text}".split(f"\n{_HEAD}")[1:]
    pairs = (part.split("\n", 1) for part in parts)
    return {head: body.strip("\n") for head, body in pairs}


def write(page: Path, beginning: str, order: list[str], made: dict[str, str]) -> None:
    """Put the sections that were made into the page, in this order; others stay as they are."""
    found = {**sections(page), **made}
    texts = [f"{_HEAD}{head}\n\n{found[head]}" for head in order if head in found]
    page.write_text("\n\n".join([beginning.strip("\n"), *texts]) + "\n", encoding="utf-8")
