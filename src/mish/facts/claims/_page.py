"""The claims as a page of documentation."""

from __future__ import annotations

from collections.abc import Sequence

from mish.facts.claims._types import Claim

_HEAD = """\
# What is said of Mish

Made by `mish facts --claims --markdown`: each number is computed, and the verdict follows from it.
The last column gives the command that computes the row anew. "Proved" numbers are certified by
ball arithmetic; "measured" ones differ a little from machine to machine, and the row says how far
they can be trusted.

| claim | verdict | why | how it is known | computed by |
|---|---|---|---|---|
"""

_TAIL = """
An approximation counts as true if it is within 0.01 of Mish everywhere, as half true if it is
within half the depth of Mish's minimum. `mish facts` has the certified facts that the rows rest on,
`mish formula` the right formulas, [guide.md](guide.md) what follows for a network.
"""


def page(judged: Sequence[Claim]) -> str:
    """Write the whole page."""
    return _HEAD + "\n".join(map(row, judged)) + "\n" + _TAIL


def row(claim: Claim) -> str:
    """Write one row of its table."""
    cells = (claim.text, f"**{claim.verdict}**", claim.reason, claim.how, f"`{claim.command}`")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
