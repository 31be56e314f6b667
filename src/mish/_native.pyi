"""Types of the native core."""

from numpy import ufunc

mish: ufunc
mish_d1: ufunc
mish_grad: ufunc

def isa() -> str: ...
def available_isas() -> list[str]: ...
