"""Following machine code: small kernels written by hand."""

from __future__ import annotations

import capstone
import pytest

from mish.cost._classes import classify
from mish.cost._follow import Path, Unknown


def decode(text):
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoder.detail = True
    return list(decoder.disasm(bytes.fromhex(text), 0))


# One array pair: rdi, rsi = x and its stride, rdx, rcx = y and its stride, r8 = n.
# A loop over 8 elements a turn, with a rare case of 4 more instructions.
LOOP = (
    "31c0"  # xor eax, eax
    "c5fc100487"  # vmovups ymm0, [rdi + rax*4]        <- turn
    "c5fc50c8"  # vmovmskps ecx, ymm0
    "85c9"  # test ecx, ecx
    "7512"  # jne rare
    "c5fc110482"  # vmovups [rdx + rax*4], ymm0        <- back
    "4883c008"  # add rax, 8
    "4c39c0"  # cmp rax, r8
    "72e5"  # jb turn
    "c3"  # ret
    "909090"  # padding
    "c5fc58c0"  # vaddps ymm0, ymm0, ymm0              <- rare
    "c5fc58c0"
    "ebe4"  # jmp back
)


def test_a_loop_is_counted_on_its_fast_path():
    code = decode(LOOP)
    path = Path(code, (4, 4))
    assert len(path.trace(80)) - len(path.trace(40)) == 8 * 5
    names = [code[i].mnemonic for i in path.trace(8)]
    assert names == [
        *("xor", "vmovups", "vmovmskps", "test", "jne", "vmovups", "add", "cmp", "jb", "ret")
    ]


def test_the_other_polarity_of_a_mask_is_found():
    # the same loop, leaving for the rare case when the mask is empty: je instead of jne
    code = decode(LOOP.replace("7512", "7412"))
    assert len(Path(code, (4, 4)).trace(80)) == len(Path(decode(LOOP), (4, 4)).trace(80))


def test_spills_calls_and_jumps_out():
    spilled = decode("4c894424f848c7c0000000004883c001483b4424f872f5c3")
    assert len(Path(spilled, (4, 4)).trace(200)) == 2 + 3 * 200 + 1
    with pytest.raises(Unknown, match="call at 0x0"):
        Path(decode("e800000000c3"), (4, 4))
    with pytest.raises(Unknown, match="a jump leaves the kernel"):
        Path(decode("eb70c3"), (4, 4))


@pytest.mark.parametrize(
    ("code", "name", "loads", "stores", "lanes"),
    [
        ("c4e27598c2", "fma", 0, 0, 8),  # vfmadd132ps ymm0, ymm1, ymm2
        ("c4e2759801", "fma", 1, 0, 8),  # vfmadd132ps ymm0, ymm1, [rcx]
        ("c5f459c2", "multiply", 0, 0, 8),  # vmulps
        ("c5f458c2", "add", 0, 0, 8),  # vaddps
        ("c5f45ec2", "divide", 0, 0, 8),  # vdivps
        ("f30f5ec1", "divide", 0, 0, 1),  # divss xmm0, xmm1
        ("c4e27d13c1", "convert", 0, 0, 0),  # vcvtph2ps ymm0, xmm1
        ("c5f414c2", "shuffle", 0, 0, 0),  # vunpcklps
        ("c4e37506c231", "shuffle", 0, 0, 0),  # vperm2f128
        ("c5f454c2", "logic", 0, 0, 0),  # vandps
        ("c5f5fec2", "logic", 0, 0, 0),  # vpaddd
        ("c5fc1001", "load", 1, 0, 0),  # vmovups ymm0, [rcx]
        ("c4e27d1801", "load", 1, 0, 0),  # vbroadcastss ymm0, [rcx]
        ("c5fc1101", "store", 0, 1, 0),  # vmovups [rcx], ymm0
        ("488b01", "load", 1, 0, 0),  # mov rax, [rcx]
        ("488901", "store", 0, 1, 0),  # mov [rcx], rax
        ("c5fc28c1", "other", 0, 0, 0),  # vmovaps ymm0, ymm1
        ("0f1809", "other", 0, 0, 0),  # prefetcht0 [rcx]
        ("4883c008", "other", 0, 0, 0),  # add rax, 8
        ("483b01", "load", 1, 0, 0),  # cmp rax, [rcx]
        ("488d0481", "other", 0, 0, 0),  # lea rax, [rcx + rax*4]
    ],
)
def test_classes(code, name, loads, stores, lanes):
    (ins,) = decode(code)
    kind = classify(ins, 4)
    assert (kind.name, kind.loads, kind.stores, kind.lanes) == (name, loads, stores, lanes)
