"""BatchNormMish and `torch.nn.SyncBatchNorm.convert_sync_batchnorm`."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import mish.torch


def network(save: str = "output") -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(3, 8, 3),
        mish.torch.BatchNormMish(8, save=save),
        nn.Conv1d(8, 8, 3),
        nn.BatchNorm1d(8),
    )


@pytest.mark.parametrize("training", [True, False])
def test_mish_stays(training):
    model = network().train(training)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(model))
    assert isinstance(converted[1], nn.SyncBatchNorm)
    assert converted[1].save == "output"
    assert type(converted[3]) is nn.SyncBatchNorm
    assert list(converted.state_dict()) == list(model.state_dict())
    x = torch.randn(4, 3, 20)
    torch.testing.assert_close(converted(x), model(x))
    torch.testing.assert_close(converted.state_dict(), model.state_dict())


def test_a_module_by_itself():
    norm = mish.torch.BatchNormMish(8)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(norm)
    x = torch.randn(4, 8, 20)
    torch.testing.assert_close(converted(x), norm(x))


def test_after_lean():
    model = nn.Sequential(nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), nn.Mish(), nn.Conv1d(8, 1, 3))
    x = torch.randn(4, 3, 20)
    expected = copy.deepcopy(model)(x)
    mish.torch.lean(model)
    torch.testing.assert_close(nn.SyncBatchNorm.convert_sync_batchnorm(model)(x), expected)
