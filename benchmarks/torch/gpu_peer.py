"""Count the instructions of PyTorch's own Mish kernels for an H100; no GPU is needed.

Usage: python benchmarks/torch/gpu_peer.py LIBTORCH_CUDA.so

The library is that of a build of PyTorch for CUDA (torch/lib/libtorch_cuda.so in its wheel). Its
kernels are counted as `mish cost --gpu sm_90` counts ours: the shortest way through the kernel that
reads and writes 16 bytes at a time, which is the one of ordinary numbers. Needs Triton, whose
package has the disassembler.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from mish.cost import SASS_CLASSES, _cubin, _sass

ARCHITECTURE = "sm_90"
# As the compiler spells them in the names of kernels: the argument of the lambda.
TYPES = {
    "float16": ("N3c104HalfE", 2),
    "bfloat16": ("N3c108BFloat16E", 2),
    "float32": ("f", 4),
    "float64": ("d", 8),
}
OPERATIONS = {"mish": r"11mish_kernel", "mish_grad": r"20mish_backward_kernel"}


def machine_code(library: Path) -> str:
    """The text of every function in the part of the library that has Mish."""
    with tempfile.TemporaryDirectory() as folder:
        place = str(library.resolve())
        _cubin.cuobjdump("-arch", ARCHITECTURE, "-xelf", "all", place, folder=folder)
        binaries = (file.read_bytes() for file in Path(folder).iterdir())
        for binary in binaries:
            if b"mish_kernel" in binary:
                return _cubin.machine_code(binary)
    raise SystemExit(f"{library} has no Mish for {ARCHITECTURE}")


def kernel(functions: list[str], operation: str, dtype: str) -> list[_sass.Instruction]:
    """The fast path of the kernel for aligned, contiguous arrays."""
    argument, _ = TYPES[dtype]
    arguments = argument + ("S\\w*_" if argument.startswith("N") else argument)
    wanted = re.compile(
        rf"^\S*vectorized_elementwise_kernelILi\d+E\S*{OPERATIONS[operation]}\S*"
        rf"EUl{argument if operation == 'mish' else arguments}E_"
    )
    for text in functions:
        if wanted.match(text):
            try:
                return _sass.fast_path(_sass.parse(text))
            except ValueError:  # this one moves fewer bytes at a time
                continue
    raise SystemExit(f"no kernel of {operation} for {dtype} was found")


def main() -> None:
    parser = argparse.ArgumentParser(description="Count PyTorch's Mish kernels.")
    parser.add_argument("library", type=Path, help="libtorch_cuda.so")
    functions = machine_code(parser.parse_args().library).split("Function : ")[1:]
    heads = ("kernel", "dtype", "all", *SASS_CLASSES)
    print("|", " | ".join(heads), "|")
    print("|", " | ".join(["---", "---", *["---:"] * (len(heads) - 2)]), "|")
    for operation in OPERATIONS:
        for dtype, (_, size) in TYPES.items():
            path = kernel(functions, operation, dtype)
            counted = _sass.count(path)
            elements = counted["store"] * (16 // size)
            cells = [len(path), *(counted[name] for name in SASS_CLASSES)]
            shown = [f"{cell / elements:.2f}" for cell in cells]
            print("|", " | ".join([f"`{operation}`", dtype, *shown]), "|")


if __name__ == "__main__":
    main()
