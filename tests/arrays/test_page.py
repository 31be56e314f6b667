"""The table of docs/arrays.md: each row is found out again here.

`python tests/arrays/test_page.py` prints the rows, where all packages are installed.
"""

from __future__ import annotations

import importlib
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import mish
from mish import formula

PAGE = Path(__file__).parents[2] / "docs" / "arrays.md"
A = np.linspace(-3, 3, 6, dtype=np.float32).reshape(2, 3)
# In the order of the page: what the row is called, the package, and how to make an array of it.
ROWS = {
    "NumPy": ("numpy", lambda numpy: A),
    "NumPy, masked": ("numpy", lambda numpy: numpy.ma.masked_less(A, 0)),
    "Dask": ("dask.array", lambda dask: dask.from_array(A, chunks=2)),
    "pandas": ("pandas", lambda pandas: pandas.Series(A[0])),
    "pandas, nullable": ("pandas", lambda pandas: pandas.Series([1, None], dtype="Float32")),
    "pandas, of Arrow": ("pyarrow", lambda _: _arrow_series()),
    "xarray": ("xarray", lambda xarray: xarray.DataArray(A)),
    "sparse": ("sparse", lambda sparse: sparse.COO.from_numpy(A)),
    "SciPy, sparse": ("scipy.sparse", lambda sparse: sparse.csr_array(A)),
    "Awkward": ("awkward", lambda awkward: awkward.Array([[1.0, 2.0], []])),
    "pint": ("pint", lambda pint: pint.UnitRegistry().Quantity(A, "")),
    "uncertainties": ("uncertainties", lambda uncertainties: uncertainties.ufloat(1, 0.1)),
    "h5py": ("h5py", lambda h5py: h5py.File(io.BytesIO(), "w").create_dataset("x", data=A)),
    "Zarr": ("zarr", lambda zarr: zarr.array(A)),
    "Arrow": ("pyarrow", lambda pyarrow: pyarrow.array(A[0])),
    "array-api-strict": ("array_api_strict", lambda strict: strict.asarray(A)),
    "JAX": ("jax.numpy", lambda jnp: jnp.asarray(A)),
}


def _arrow_series():
    import pandas

    return pandas.Series([1, None], dtype="float[pyarrow]")


def row(name):
    package, make = ROWS[name]
    x = make(importlib.import_module(package))
    calls = (mish.mish, lambda x: mish.derivative(x, 4), formula.mish)
    return f"| {name} | `{type(x).__name__}` | {' | '.join(outcome(each, x) for each in calls)} |"


def outcome(call, x):
    try:
        return f"`{type(call(x)).__name__}`"
    except TypeError:
        return "TypeError"


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    if find_spec(ROWS[name][0].partition(".")[0]) is None:
        pytest.skip(f"{ROWS[name][0]} is not installed")
    assert row(name) in PAGE.read_text(encoding="utf-8").splitlines()


def test_no_other_rows():
    lines = PAGE.read_text(encoding="utf-8").split("|---|---|---|---|---|\n")[1].split("\n\n")[0]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines.splitlines()] == list(ROWS)


if __name__ == "__main__":
    print(*map(row, ROWS), sep="\n")
