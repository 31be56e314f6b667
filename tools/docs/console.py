"""Run the commands that pages show, and put what they print in its place.

    python tools/docs/console.py PAGE …

The tests hold each page to what its commands print; this makes it so after a change.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(pages: list[str]) -> None:
    """Refresh each page."""
    for page in map(Path, pages):
        text = page.read_text(encoding="utf-8")
        page.write_text(BLOCK.sub(refreshed, text), encoding="utf-8")


def refreshed(block: re.Match[str]) -> str:
    """The block with what its commands print now."""
    commands = re.findall(r"^\$ (.*)$", block[1], re.MULTILINE)
    return "```console\n" + "".join(f"$ {each}\n{printed(each)}" for each in commands) + "```"


def printed(command: str) -> str:
    """What a command prints, where the tests run it: beside the example network."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "examples/digits/digits.onnx", Path(folder, "model.onnx"))
        scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = os.environ | {"PATH": scripts, "PYTHONUTF8": "1", "COLUMNS": "100"}
        return subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        ).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
