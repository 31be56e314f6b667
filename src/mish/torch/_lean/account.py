"""What autograd keeps of a forward pass, in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Account:
    """A context manager that adds up what the operations inside of it keep, each memory once.

    Attributes:
        bytes: the sum, without the memory of what was left out.

    Args:
        without: tensors that are there anyway, as parameters and buffers.
    """

    def __init__(self, without: Callable[[], Any] = tuple) -> None:
        self.bytes = 0
        # Each is held, or another could be given the same address.
        self._held = [tensor.untyped_storage() for tensor in without()]
        self._seen = {storage.data_ptr() for storage in self._held}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def __enter__(self) -> Account:
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._seen:
            self._seen.add(storage.data_ptr())
            self._held.append(storage)
            self.bytes += storage.nbytes()
        return tensor


def kept_bytes(model: nn.Module, *inputs: Any, **options: Any) -> int:
    """How many bytes autograd keeps of one forward pass, besides parameters and buffers.

    Each memory counts once, however many operations keep it. The random state and the buffers, as
    running statistics are, are put back.

    Args:
        model: any module, in the mode that is wanted; mostly that of training.
        inputs: what it is called with.
        options: the same, by name.

    Returns:
        The bytes that are alive between the forward and the backward pass.
    """
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = {p.device for p in model.parameters() if p.is_cuda}

    def own() -> list[Tensor]:
        return [*model.parameters(), *model.buffers()]

    with torch.random.fork_rng(devices), torch.enable_grad():
        with Account(own) as account:
            output = model(*inputs, **options)
        del output
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
    return account.bytes
