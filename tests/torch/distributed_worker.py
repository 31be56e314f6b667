"""One of two processes of test_distributed: distributed_worker.py RANK FILE."""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.tensor import Replicate, Shard, distribute_tensor, init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode

import mish.torch


def main() -> None:
    rank, file = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    mesh = init_device_mesh("cpu", (2,))
    torch.manual_seed(0)
    whole = torch.randn(4, 6)
    expected = whole.clone().requires_grad_()
    y = mish.torch.mish(expected)
    y.backward(torch.ones_like(y))
    for placement in (Shard(0), Shard(1), Replicate()):
        x = distribute_tensor(whole.clone(), mesh, [placement]).requires_grad_()
        ones = distribute_tensor(torch.ones_like(whole), mesh, [placement])
        with CommDebugMode() as communication:
            z = mish.torch.mish(x)
            second = mish.torch.derivative(x.detach(), 2)
            z.backward(ones)
        assert communication.get_total_counts() == 0, communication.get_comm_counts()
        assert z.placements == second.placements == x.grad.placements == (placement,)
        assert torch.equal(z.full_tensor(), y.detach())
        assert torch.equal(x.grad.full_tensor(), expected.grad)
        assert torch.equal(second.full_tensor(), mish.torch.derivative(whole, 2))
        with mish.torch.accelerate(), CommDebugMode() as communication:
            z = F.mish(x.detach())
        assert communication.get_total_counts() == 0
        assert torch.equal(z.full_tensor(), y.detach())
    dist.destroy_process_group()
    print("sharded alike")


if __name__ == "__main__":
    main()
