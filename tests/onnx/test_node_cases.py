"""The ONNX project's own test cases of the operator Mish, in every form."""

from __future__ import annotations

import numpy as np
import onnx.backend.test.case.node as node_cases
import pytest
from onnx.backend.test.case.node import mish as _  # noqa: F401

from mish.onnx import FORMS, optimize

# Importing the generator for Mish has made its cases: the operator, and its expansion.
CASES = {case.name: case for case in node_cases._NodeTestCases if "mish" in case.name}


def test_there_are_cases():
    assert {"test_mish", "test_mish_expanded"} <= CASES.keys()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_passes(run, runtimes_own, name, form):
    case = CASES[name]
    report = optimize(case.model, form)
    assert len(report.rewritten) + len(report.skipped) == 1
    names = [value.name for value in case.model.graph.input]
    for inputs, outputs in case.data_sets:
        got = run(report.model, **dict(zip(names, inputs, strict=True)))
        for one, want in zip(got, outputs, strict=True):
            least = case.atol + runtimes_own(form)
            np.testing.assert_allclose(one, want, rtol=case.rtol, atol=least)
