"""Frameworks' own tests, run as they are and with our Mish in place.

    python tests/their_tests/suites.py > benchmarks/results/their-tests.md

makes the page of all of them, in the environment of `make test-more`. thinc and Keras ship their
tests. JAX does not: `MISH_JAX_SOURCES` is a folder with the sources of the version installed, from
https://github.com/jax-ml/jax.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Suite(NamedTuple):
    """One file of tests, or those that pytest's ``-k`` selects; ``environment`` is set for it."""

    adapter: str
    file: str
    environment: dict[str, str]
    select: str = ""

    @property
    def name(self) -> str:
        return " ".join([self.adapter, *(f"on {each}" for each in self.environment.values())])


SUITES = (
    Suite("jax", "tests/nn_test.py", {}, "not Attention and not Scaled"),  # these take very long
    *(
        Suite("keras", "src/activations/activations_test.py", {"KERAS_BACKEND": backend})
        for backend in ("torch", "jax", "tensorflow")
    ),
    Suite("thinc", "tests/backends/test_ops.py", {}),
)

Outcomes = dict[str, tuple[str, str]]


def path(suite: Suite) -> Path | None:
    """Where the file is; None if it is not here."""
    found = find_spec(suite.adapter)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    if suite.adapter == "jax":
        folder = Path(os.environ.get("MISH_JAX_SOURCES", os.devnull))
    return folder / suite.file if (folder / suite.file).exists() else None


def run(suite: Suite, ours: bool, select: str = "") -> Outcomes:
    """Run the suite, or other tests of its file, and give each one's outcome."""
    file = path(suite)
    assert file is not None
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder) / "outcomes.json"
        changed = {
            **suite.environment,
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
            "MISH_IN_PLACE": suite.adapter if ours else "",
            "MISH_OUTCOMES": str(outcomes),
        }
        (Path(folder) / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")  # not our settings
        options = ["-k", select or suite.select, "-c", f"{folder}/pytest.ini"]
        command = ["-m", "pytest", "-q", "-p", "in_place", "-p", "no:cacheprovider"]
        ended = subprocess.run(
            [sys.executable, *command, *options, str(file)],
            env={**os.environ, **changed},
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
        if ended.returncode not in (0, 1):  # 1: some fail; from 2 on, pytest could not run them
            raise RuntimeError(f"{file}: {ended.stdout}{ended.stderr}")
        return {name: (each[0], each[1]) for name, each in json.loads(outcomes.read_text()).items()}


def worse(before: Outcomes, after: Outcomes) -> dict[str, str]:
    """The tests that passed and do not pass any more, and why."""
    return {
        name: after.get(name, ("missing", "not run"))[1]
        for name, (outcome, _) in before.items()
        if outcome == "passed" and after.get(name, ("missing", ""))[0] != "passed"
    }


def _counts(outcomes: Outcomes) -> str:
    counts = Counter(outcome for outcome, _ in outcomes.values())
    return " | ".join(str(counts[each]) for each in ("passed", "failed", "skipped"))


def main() -> None:
    print("# Their own tests\n\nMade by `python tests/their_tests/suites.py`.\n")
    print(
        "Tests of other packages with their own Mish and with ours in its place: whole files, or\n"
        "what pytest's `-k` selects of them.\n"
    )
    print("| package | file | Mish is | passed | failed | skipped | of them of Mish | passed |")
    print("|---|---|---|--:|--:|--:|--:|--:|")
    notes = []
    for suite in SUITES:
        if path(suite) is None:
            continue
        before, after = run(suite, ours=False), run(suite, ours=True)
        package = f"{suite.name} {version(suite.adapter)}"
        for whose, outcomes in (("theirs", before), ("ours", after)):
            of_mish = [each[0] for name, each in outcomes.items() if "mish" in name.lower()]
            file = f"`{suite.file}`" + f" -k '{suite.select}'" * bool(suite.select)
            row = [package, file, whose, _counts(outcomes), str(len(of_mish))]
            print("|", " | ".join([*row, str(of_mish.count("passed"))]), "|", flush=True)
        reasons = Counter(
            reason.splitlines()[0] for outcome, reason in after.values() if outcome == "failed"
        )
        notes += [f"- {package}: {count} fail: {reason}" for reason, count in reasons.most_common()]
        for name in sorted(before.keys() | after.keys()):
            theirs, ours = (each.get(name, ("missing", ""))[0] for each in (before, after))
            if theirs != ours:
                notes.append(f"- {package}: {theirs} with theirs, {ours} with ours: {name}")
    print("\nWhy tests fail with ours in place, and which have another outcome than with theirs:\n")
    print("\n".join(notes or ["None does."]))


if __name__ == "__main__":
    main()
