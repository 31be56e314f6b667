"""One of two processes of test_distributed: distributed_worker.py RANK FILE."""

from __future__ import annotations

import sys

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import Replicate, Shard, distribute_tensor, init_device_mesh
from torch.distributed.tensor.debug import CommDebugMode
from torch.nn.parallel import DistributedDataParallel

import mish.torch


def gradients(rank: int, model: torch.nn.Module) -> None:
    """Accumulate those of this process's half of a batch."""
    torch.manual_seed(1)
    batch = torch.randn(8, 6)[4 * rank : 4 * rank + 4]
    model(batch).square().mean().backward()


def network(save: str) -> torch.nn.Sequential:
    """The same numbers each time."""
    torch.manual_seed(0)
    act = mish.torch.Mish(save=save)
    return torch.nn.Sequential(torch.nn.Linear(6, 8), act, torch.nn.Linear(8, 4), act)


def trained_alike(rank: int, mesh: DeviceMesh) -> None:
    """Data-parallel training, in which outputs are kept, gives the gradients of plain training."""
    plain = network("input")
    for each in range(2):
        gradients(each, plain)
    expected = [p.grad / 2 for p in plain.parameters()]
    for save in ("output", "output+bit"):
        whole = DistributedDataParallel(network(save))
        gradients(rank, whole)
        cpu = torch.device("cpu")
        flat = FullyShardedDataParallel(network(save), device_id=cpu, use_orig_params=True)
        gradients(rank, flat)
        with FullyShardedDataParallel.summon_full_params(flat, with_grads=True):
            found = [[p.grad.clone() for p in each.parameters()] for each in (whole, flat)]
        sharded = network(save)
        fully_shard(sharded, mesh=mesh)
        gradients(rank, sharded)
        found.append([p.grad.full_tensor() for p in sharded.parameters()])
        for each in found:
            torch.testing.assert_close(each, expected, rtol=1e-4, atol=1e-5)


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
        lean = x.detach().requires_grad_()
        with CommDebugMode() as communication:
            mish.torch.mish(lean, save="output").backward(ones)
        assert communication.get_total_counts() == 0
        torch.testing.assert_close(lean.grad.full_tensor(), expected.grad, rtol=0, atol=1e-4)
        with mish.torch.accelerate(), CommDebugMode() as communication:
            z = F.mish(x.detach())
        assert communication.get_total_counts() == 0
        assert torch.equal(z.full_tensor(), y.detach())
    trained_alike(rank, mesh)
    dist.destroy_process_group()
    print("sharded alike")


if __name__ == "__main__":
    main()
