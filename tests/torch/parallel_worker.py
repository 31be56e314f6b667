"""One of two processes of test_parallel: parallel_worker.py RANK FILE."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, init_device_mesh
from torch.nn.parallel import DistributedDataParallel

from mish.torch import lean


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), nn.Mish(),
        nn.Conv1d(8, 8, 3), nn.GroupNorm(2, 8), nn.Mish(),
        nn.Conv1d(8, 8, 3), nn.Mish(), nn.Conv1d(8, 1, 3),
    )  # fmt: skip


def step(model: nn.Module, x: torch.Tensor) -> None:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()


def whole(v: torch.Tensor) -> torch.Tensor:
    return v.full_tensor() if isinstance(v, DTensor) else v


def sharded(model: nn.Module) -> nn.Module:
    mesh = init_device_mesh("cpu", (2,))
    for layer in model:
        fully_shard(layer, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def train_alike(parallel: Callable[[nn.Module], nn.Module], rank: int) -> None:
    x = torch.randn(4, 3, 20, generator=torch.Generator().manual_seed(rank))
    plain, ours = network(), network()
    lean(ours)
    twin = copy.deepcopy(ours)  # lean before and after
    plain, ours, after = parallel(plain), parallel(ours), parallel(network())
    lean(after)
    for model in (plain, ours, after):
        step(model, x)
    names = list(plain.state_dict())
    for model in (ours, after):
        assert list(model.state_dict()) == names
        for name, v in model.state_dict().items():
            torch.testing.assert_close(
                whole(v), whole(plain.state_dict()[name]), rtol=1e-3, atol=1e-5
            )
    assert list(twin.state_dict()) == [name.removeprefix("module.") for name in names]


def main() -> None:
    rank, file = int(sys.argv[1]), sys.argv[2]
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    for parallel in (DistributedDataParallel, sharded):
        train_alike(parallel, rank)
    dist.destroy_process_group()
    print("trained alike")


if __name__ == "__main__":
    main()
