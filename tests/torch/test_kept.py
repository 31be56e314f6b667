"""What autograd keeps: ``save`` of mish.torch.mish and Mish."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.utils.checkpoint import checkpoint

import mish.torch

ops = torch.ops.mish
FROM_OUTPUT = ("output", "output+bit")
CODES = ("1bit", "2bit", "3bit", "4bit")
ALL = ("input", *FROM_OUTPUT, *CODES)
# Largest errors of the slope: next to the minimum, and of the codes.
ERROR = {"input": 1e-7, "output": 8e-5, "output+bit": 7e-5}
ERROR |= {"1bit": 0.36, "2bit": 0.19, "3bit": 0.09, "4bit": 0.05}


@pytest.fixture(params=ALL)
def save(request):
    return request.param


@pytest.fixture(params=FROM_OUTPUT)
def from_output(request):
    return request.param


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(3, 5, 7, requires_grad=True)


def kept_by(function):
    """The result and the bytes that autograd keeps, each storage once."""
    storages = {}

    def pack(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = function()
    return result, storages


def slopes(x, save, inplace=False):
    y = mish.torch.mish(x * 1, inplace, save)
    return torch.autograd.grad(y.sum(), x)[0]


def assert_slopes(got, x, save):
    error = (got - mish.torch.derivative(x.detach())).abs().max()
    assert error < ERROR[save]


@pytest.mark.parametrize("inplace", [False, True])
def test_slopes(x, save, inplace):
    assert_slopes(slopes(x, save, inplace), x, save)


def test_result_is_that_of_mish_or_next_to_it(x, save):
    y, usual = mish.torch.mish(x, save=save), mish.torch.mish(x)
    if save == "output":
        torch.testing.assert_close(y, usual, rtol=2**-22, atol=0)
        assert torch.equal(y[x >= 0], usual[x >= 0])
        left = y.view(torch.int32) & 1 == 0
        assert torch.equal(left[x < 0], (x < -1.19243121)[x < 0])
    else:
        assert torch.equal(y, usual)


def test_nothing_is_marked_where_autograd_does_not_record(x, save):
    with torch.no_grad():
        assert torch.equal(mish.torch.mish(x, save=save), mish.torch.mish(x))
    assert torch.equal(mish.torch.mish(x.detach(), save=save), mish.torch.mish(x))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_bytes_kept(save, dtype):
    x = torch.randn(1000, dtype=dtype, requires_grad=True)
    y, storages = kept_by(lambda: mish.torch.mish(x, save=save))
    own = dict(storages)
    own.pop(y.untyped_storage().data_ptr(), None)  # the next layer keeps it
    expected = {"input": 1000 * dtype.itemsize, "output": 0, "output+bit": 125}
    assert sum(own.values()) == expected.get(save, 125 * int(save[0]) if save in CODES else 0)
    assert (y.untyped_storage().data_ptr() in storages) == (save in FROM_OUTPUT)


def test_in_place_keeps_no_input(from_output):
    """Neither beside the output nor behind somebody's back: its memory is the output's."""
    layer = torch.nn.Linear(8, 8)
    x = layer(torch.randn(4, 8))
    address = x.data_ptr()
    y, storages = kept_by(lambda: mish.torch.mish(x, inplace=True, save=from_output))
    assert y is x
    assert y.data_ptr() == address
    assert set(storages) >= {y.untyped_storage().data_ptr()}
    assert len(storages) == (1 if from_output == "output" else 2)
    y.sum().backward()
    assert layer.weight.grad is not None


def test_in_place_where_autograd_does_not_allow_it(x, save):
    before = x.detach().clone()
    with pytest.raises(RuntimeError, match="leaf"):
        mish.torch.mish(x, inplace=True, save=save)
    assert torch.equal(x, before)
    # The exponential keeps its output.
    y = mish.torch.mish(x.exp(), inplace=True, save=save)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_in_place_through_views(x, from_output):
    z = x * 1
    part = z[:, 1:3]
    mish.torch.mish(part, inplace=True, save=from_output)
    z.sum().backward()
    expected = torch.ones_like(x)
    expected[:, 1:3] = mish.torch.derivative(x.detach()[:, 1:3])
    torch.testing.assert_close(x.grad, expected, rtol=0, atol=ERROR[from_output])


def test_in_place_into_one_of_many_views_is_refused_before_it_is_done(x, from_output):
    z = x * 1
    before = z.detach().clone()
    with pytest.raises(RuntimeError, match="view and is being modified inplace"):
        mish.torch.mish(z.chunk(2)[0], inplace=True, save=from_output)
    assert torch.equal(z, before)


def test_an_output_written_to_later_is_noticed(x, from_output):
    y = mish.torch.mish(x, save=from_output)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_layouts(layout, save):
    x = layout.detach().requires_grad_()
    y = mish.torch.mish(x, save=save)
    assert y.stride() == mish.torch.mish(x).stride()
    assert_slopes(torch.autograd.grad(y.sum(), x)[0], x, save) if x.numel() else None
    dy = torch.randn_like(y).flip(0) if y.dim() else torch.randn_like(y)
    (dx,) = torch.autograd.grad(mish.torch.mish(x, save=save), x, dy)
    got, expected = dx, dy * mish.torch.derivative(x.detach())
    torch.testing.assert_close(got, expected, rtol=0, atol=5 * ERROR[save])


def test_hard_points(hard, from_output):
    x = hard.float().requires_grad_()
    got = slopes(x, from_output)
    torch.testing.assert_close(
        got, mish.torch.derivative(x.detach()), rtol=1e-6, atol=ERROR[from_output]
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_limits(from_output, dtype):
    x = torch.tensor([-0.0, 0.0, -torch.inf, torch.inf, torch.nan], dtype=dtype)
    x.requires_grad_()
    y = mish.torch.mish(x, save=from_output)
    assert torch.equal(y[:-1], torch.tensor([0.0, 0.0, 0.0, torch.inf], dtype=dtype))
    assert torch.signbit(y[2])
    assert y[4].isnan()
    (got,) = torch.autograd.grad(y.sum(), x)
    expected = mish.torch.derivative(torch.tensor([0.0, 0.0], dtype=dtype))
    torch.testing.assert_close(got[:2], expected)
    assert got[2:4].tolist() == [0, 1]
    assert got[4].isnan()


def test_gradcheck(from_output):
    torch.manual_seed(0)
    x = torch.randn(60, dtype=torch.float64, requires_grad=True)

    def function(x):
        return mish.torch.mish(x, save=from_output)

    assert torch.autograd.gradcheck(function, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(function, x)
    (third,) = _nth(function, x, 3)
    torch.testing.assert_close(third, mish.torch.derivative(x.detach(), 3), rtol=1e-6, atol=1e-9)


def _nth(function, x, order):
    y = function(x)
    for _ in range(order):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return (y,)


def test_second_derivatives_at_the_minimum(from_output):
    """mish″/mish′ and mish′ are multiplied, and mish′ must not be 0."""
    x = torch.tensor([-1.19243121, -1.1924313, -1.1924311, -200.0, 1e4], requires_grad=True)
    (second,) = _nth(lambda x: mish.torch.mish(x, save=from_output), x, 2)
    torch.testing.assert_close(second, mish.torch.derivative(x.detach(), 2), rtol=2e-3, atol=0)


@pytest.mark.parametrize("save", CODES)
def test_codes_refuse_second_derivatives(x, save):
    y = mish.torch.mish(x, save=save)
    with pytest.raises(RuntimeError, match=f'save="{save}" keeps: take save="output"'):
        torch.autograd.grad(y.sum(), x, create_graph=True)


def test_transforms(x, save):
    exact = mish.torch.derivative(x.detach())
    flat = x.detach().reshape(3, 35)

    def function(x):
        return mish.torch.mish(x, save=save).sum()

    atol = 0 if save in CODES else ERROR[save]  # under transforms codes give way to the input
    per_sample = torch.func.vmap(torch.func.grad(function))(flat)
    torch.testing.assert_close(per_sample.view_as(exact), exact, rtol=0, atol=atol)
    whole = torch.func.grad(lambda x: torch.func.vmap(function, in_dims=1)(x).sum())(flat)
    torch.testing.assert_close(whole.view_as(exact), exact, rtol=0, atol=atol)
    _, tangent = torch.func.jvp(function, (flat,), (torch.ones_like(flat),))
    torch.testing.assert_close(tangent, exact.sum())
    hessian = torch.func.hessian(function)(flat[0])
    second = mish.torch.derivative(flat[0], 2)
    torch.testing.assert_close(hessian.diagonal(), second, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("reentrant", [False, True])
def test_checkpointed(x, save, reentrant):
    y = checkpoint(mish.torch.Mish(save=save), x * 1, use_reentrant=reentrant)
    assert_slopes(torch.autograd.grad(y.sum(), x)[0] if not reentrant else _into(x, y), x, save)


def _into(x, y):
    y.sum().backward()
    return x.grad


def test_saved_tensor_hooks_that_change_the_layout(save):
    """As `save_on_cpu` does with tensors of a GPU: what it gives back is contiguous."""
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(torch.Tensor.contiguous, lambda tensor: tensor):
        y = mish.torch.mish(x * 1, save=save)
    assert_slopes(torch.autograd.grad(y.sum(), x)[0], x, save)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast(save, dtype):
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Linear(16, 16), mish.torch.Mish(save=save), torch.nn.Linear(16, 16)
    )
    other = torch.nn.Sequential(layers[0], mish.torch.Mish(), layers[2])
    x = torch.randn(8, 16)
    gradients = []
    for model in (layers, other):
        with torch.autocast("cpu", dtype=dtype):
            y = model(x)
        assert y.dtype == dtype
        model.zero_grad()
        y.float().square().mean().backward()
        gradients.append(layers[0].weight.grad.clone())
    atol = float(gradients[1].abs().max()) * (0.5 if save in CODES else 0.05)
    torch.testing.assert_close(*gradients, rtol=0, atol=atol)


def test_gradient_scaler(from_output):
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), mish.torch.Mish(save=from_output))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu")
    before = model[0].weight.detach().clone()
    with torch.autocast("cpu", dtype=torch.float16):
        loss = model(torch.randn(8, 4)).float().square().mean()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert not torch.equal(model[0].weight, before)


@pytest.mark.parametrize(
    ("save", "backend"),
    [*((each, "aot_eager") for each in FROM_OUTPUT), ("output", "inductor"), ("3bit", "inductor")],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled(x, save, backend):
    torch._dynamo.reset()

    def function(x):
        return mish.torch.mish(x, save=save) * 2

    compiled = torch.compile(function, fullgraph=True, dynamic=True, backend=backend)
    for each in (x, torch.randn(4, 9, requires_grad=True)):
        (got,) = torch.autograd.grad(compiled(each).sum(), each)
        assert_slopes(got / 2, each, save)
    torch._dynamo.reset()


def test_compiled_keeps_what_it_says():
    """The partitioner cannot look into the operators."""
    torch._dynamo.reset()
    x = torch.randn(1000, requires_grad=True)

    def function(x):
        return mish.torch.mish(x * 1, save="output+bit")

    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    y, storages = kept_by(lambda: compiled(x))
    storages.pop(y.untyped_storage().data_ptr(), None)
    assert sum(storages.values()) == 125
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_written_programs_hold_mish(save):
    """Elsewhere nobody knows our operators."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), mish.torch.Mish(save=save))
    x = torch.randn(2, 3)
    graphs = [
        torch.export.export(model, (x,)).graph_module.code,
        str(torch.jit.trace(model, x).inlined_graph),
        str(torch.jit.script(model).inlined_graph),
        torch.fx.symbolic_trace(model).code,
    ]
    assert not any("marked" in graph or "sided" in graph for graph in graphs)


def test_module(save):
    module = mish.torch.Mish(save=save)
    text = "Mish()" if save == "input" else f"Mish(save={save!r})"
    assert repr(module) == text
    assert repr(mish.torch.Mish(True, "output")) == "Mish(inplace=True, save='output')"
    assert module.state_dict() == {}
    twin = copy.deepcopy(module)
    assert (type(twin), twin.save, twin.inplace) == (mish.torch.Mish, save, False)
    x = torch.randn(9, requires_grad=True)
    assert_slopes(torch.autograd.grad(twin(x).sum(), x)[0], x, save)


def test_modules_that_became_ours_keep_the_input():
    model = torch.nn.Sequential(torch.nn.Mish())
    mish.torch.convert(model)
    assert repr(model[0]) == "Mish()"
    x = torch.randn(5, requires_grad=True)
    assert_slopes(torch.autograd.grad(model(x).sum(), x)[0], x, "input")


def test_operators_meet_their_contract():
    x = torch.randn(3, 5, requires_grad=True)
    sides = ops.sides(x.detach())
    codes = ops.codes(x.detach(), 3)
    for op, arguments in (
        (ops.marked, (x,)),
        (ops.marked_backward, (x, ops.marked(x.detach()))),
        (ops.marked_inverse, (ops.marked(x.detach()),)),
        (ops.sided, (x,)),
        (ops.sides, (x.detach(),)),
        (ops.sided_backward, (x, ops.mish(x.detach()), sides)),
        (ops.sided_inverse, (ops.mish(x.detach()), sides)),
        (ops.coded, (x, 3)),
        (ops.codes, (x.detach(), 3)),
        (ops.coded_backward, (x.detach(), codes, 3)),
    ):
        tests = ("test_schema", "test_faketensor")
        torch.library.opcheck(op.default, arguments, test_utils=tests)


def test_inverse(from_output):
    x = torch.linspace(-27, 30, 4001)
    if from_output == "output":
        got = ops.marked_inverse(ops.marked(x))
    else:
        got = ops.sided_inverse(ops.mish(x), ops.sides(x))
    far = (x + 1.19243121).abs() > 0.1
    torch.testing.assert_close(got[far], x[far], rtol=3e-7, atol=3e-6)
    torch.testing.assert_close(got, x, rtol=0, atol=1e-3)
