"""Standard output as it is: of any encoding, and not always writable."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
import sys
import unicodedata
from collections.abc import Iterator

_SPELLED = {
    **{"−": "-", "·": "*", "×": "x", "÷": "/", "±": "+-", "∞": "inf", "…": "..."},
    **{"′": "'", "″": "''", "‴": "'''", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->"},
    **{"─": "-", "╌": "-", "━": "-", "╎": "|", "●": "o", "□": "#", "◇": "*", "√": "sqrt"},
}
_BRAILLE = set(map(chr, range(0x2801, 0x2900)))  # of the plots


def spell(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding lacks in ASCII: a minus sign as a hyphen, a superscript with ^."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    if sign in _SPELLED:
        return _SPELLED[sign]
    if sign in _BRAILLE:
        return "*"
    if letter := re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(sign, "")):
        return letter[2].lower() if letter[1] == "SMALL" else letter[2].capitalize()
    raised = "^" if unicodedata.decomposition(sign).startswith("<super>") else ""
    base = unicodedata.normalize("NFKD", sign)
    base = "".join(_SPELLED.get(part, part) for part in base)
    return raised + base.encode("ascii", "backslashreplace").decode()


codecs.register_error("mish.spell", spell)


class OutputError(Exception):
    """Standard output did not take what was written; the text says why."""


@contextlib.contextmanager
def standard_output() -> Iterator[None]:
    """Let any text through to the two streams, and say so if standard output takes none.

    Raises:
        OutputError: a write failed, for example on a full disk. What was not written is dropped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mish.spell")
    try:
        yield
        sys.stdout.flush()
    except OSError as problem:
        if problem.filename is not None:  # not of a stream
            raise
        sys.stdout = io.StringIO()  # else Python tries once more at its end, and complains
        raise OutputError(f"cannot write standard output: {problem.strerror}") from problem
