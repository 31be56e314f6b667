"""The table of the wheels, printed and in docs/releasing.md."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "releasing.md"
BEGIN, END = "<!-- This table is written by `make wheels`. -->\n", "<!-- The table ends here. -->"
HEAD = (
    "| wheel | MB | Python, ABI | module for PyTorch | passed |\n| --- | --: | --- | --- | --- |\n"
)


def table(wheels: dict[Path, list[str]]) -> str:
    """A table in Markdown of wheels and what each has passed."""
    rows = [_row(wheel, passed) for wheel, passed in wheels.items()]
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(wheel: Path, passed: list[str]) -> tuple[str, ...]:
    python, abi, _ = wheel.stem.split("-")[-3:]
    with zipfile.ZipFile(wheel) as archive:
        torch = any(name.startswith("mish/torch/_native.abi3") for name in archive.namelist())
    size = f"{wheel.stat().st_size / 1e6:.2f}"
    names = f"{python[:2]}{python[2]}.{python[3:]} and later, {abi}".replace("cp", "CPython ")
    return f"`{wheel.name}`", size, names, "yes" if torch else "no", ", ".join(passed)


def write(text: str) -> None:
    """Put a table into the page, in the place of the last one."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", re.S)
    written, count = pattern.subn(lambda _: f"\n{text}\n", page)
    if count != 1:
        raise SystemExit(f"{PAGE} has no place for the table: {BEGIN.strip()} … {END}")
    PAGE.write_text(written, encoding="utf-8")
