"""Types of the native core."""

from numpy import ufunc
from numpy.typing import DTypeLike

mish: ufunc
mish_d1: ufunc
mish_d2: ufunc
mish_d3: ufunc
mish_grad: ufunc

def isa() -> str: ...
def available_isas() -> list[str]: ...
def register_bfloat16(dtype: DTypeLike) -> None: ...
