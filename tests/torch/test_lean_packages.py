"""lean with models of packages that are not in the lock; skipped where one is missing."""

from __future__ import annotations

import copy
import sys
from importlib.util import find_spec
from unittest import mock

import pytest
import torch
from torch import nn

from mish.torch import BatchNormMish, Mish, lean

pytestmark = pytest.mark.filterwarnings("ignore")  # the packages' own


def timm():
    """Without torchvision, which its data loaders use."""
    if find_spec("timm") is None:
        pytest.skip("timm is not installed")
    parts = ("", ".datasets", ".ops", ".ops.misc", ".transforms", ".transforms.functional")
    absent = () if find_spec("torchvision") else [f"torchvision{part}" for part in parts]
    sys.modules.update({name: mock.MagicMock() for name in absent})
    try:
        import timm
    finally:
        for name in absent:
            del sys.modules[name]
    return timm


def learns_alike(model, *inputs, less):
    """The gradients stay, and at least this part of what was kept is kept no more."""
    model.train()
    twin = copy.deepcopy(model)
    done = lean(model)
    saving = done.saving(*inputs)
    assert 1 - saving.after / saving.before > less, str(saving)
    found = []
    for each in (model, twin):
        torch.manual_seed(1)
        output = each(*inputs)
        output = output if isinstance(output, torch.Tensor) else output[0]
        output.square().mean().backward()
        found.append([p.grad for p in each.parameters() if p.grad is not None])
    apart = sum(float((a - b).square().sum()) for a, b in zip(*found, strict=True))
    assert (apart / sum(float(b.square().sum()) for b in found[1])) ** 0.5 < 1e-3
    assert list(model.state_dict()) == list(twin.state_dict())
    done.undo()
    assert str(model) == str(twin)
    return done


@pytest.mark.parametrize(
    ("name", "less"), [("cspdarknet53", 0.5), ("resnet18", 0.4), ("efficientnet_b0", 0.5)]
)
def test_timm(name, less):
    torch.manual_seed(0)
    model = timm().create_model(name, act_layer="mish")
    learns_alike(model, torch.randn(2, 3, 64, 64), less=less)


def test_timm_with_norms_that_have_mish_inside():
    model = timm().create_model("cspdarknet53", act_layer="mish")
    done = lean(model)
    assert len(done) == 67
    assert type(model.stem.conv1.bn) is BatchNormMish
    assert done["stem.conv1.bn"].why == "stages.0.conv_down.conv keeps the output anyway"
    assert done["stages.0.blocks.0.conv2.bn"].save == "input"  # a sum follows


def test_monai():
    networks = pytest.importorskip("monai.networks.nets")
    model = networks.SegResNet(2, 8, 1, 2, act="mish")
    learns_alike(model, torch.randn(2, 1, 32, 32), less=0.3)


def test_transformers():
    package = pytest.importorskip("transformers")
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    configuration = package.BertConfig(
        vocab_size=100, hidden_act="mish", intermediate_size=64, **sizes
    )
    model = package.BertModel(configuration)
    done = learns_alike(model, torch.randint(0, 100, (2, 16)), less=0.05)
    assert {place.save for place in done.values()} == {"output"}


def test_diffusers():
    package = pytest.importorskip("diffusers")
    model = package.UNet2DModel(
        16,
        3,
        3,
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        act_fn="mish",
        norm_num_groups=8,
    )
    done = lean(model)
    assert {place.save for place in done.values()} == {"output"}
    assert any(isinstance(module, Mish) for module in model.modules())
    assert not any(type(module) is nn.Mish for module in model.modules())
    done.undo()
    learns_alike(model, torch.randn(2, 3, 16, 16), torch.tensor([1, 2]), less=0.15)
