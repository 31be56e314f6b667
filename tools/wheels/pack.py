"""A wheel written anew: under its platform's name, small, and always with the same bytes.

Zopfli compresses as Deflate does, which every installer reads, by 4 % more; and, being of a fixed
version, to the same bytes on every machine.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import zopfli

Change = Callable[[str, bytes], bytes]


def pack(built: Path, platform: str, epoch: int, into: Path, change: Change) -> Path:
    """Write a wheel.

    Args:
        built: What the build has made.
        platform: Its platform, as wheels are called.
        epoch: The time of all files, in seconds since 1970.
        into: The folder of the new file.
        change: Gives a file's new content from its name and its content.
    """
    with zipfile.ZipFile(built) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}
    files = {name: change(name, content) for name, content in files.items()}
    (info,) = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    python, abi, _ = built.stem.split("-")[-3:]
    tag = f"{python}-{abi}-{platform}"
    wheel = files[f"{info}/WHEEL"].decode()
    files[f"{info}/WHEEL"] = re.sub(r"^Tag: .*$", f"Tag: {tag}", wheel, flags=re.M).encode()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    path = into / f"{info.removesuffix('.dist-info')}-{tag}.whl"
    date = time.gmtime(epoch)[:6]
    with zopfli.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # The description of a wheel comes last, so that it is read without all of the rest.
        for name in sorted(files, key=lambda name: (name.startswith(info), name)):
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # Unix, wherever this runs
            archive.writestr(entry, files[name])
    return path


def _record(files: dict[str, bytes], itself: str) -> bytes:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for name in sorted(files):
        if name != itself:
            digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=")
            writer.writerow((name, f"sha256={digest.decode()}", len(files[name])))
    writer.writerow((itself, "", ""))
    return lines.getvalue().encode()
