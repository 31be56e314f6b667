"""Models in the form that another runtime takes."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

import mish.torch  # noqa: E402
from mish._support.targets import targets  # noqa: E402
from mish.torch._export.forms import FORMS, in_form  # noqa: E402
from mish.ulp import error, error_against  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.trace"),
    # of strict export, which looks into modes of functions
    pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects"),
]

ATEN = torch.ops.aten
SIGNS = {  # what tells a form in a program
    "sigmoid": ATEN.exp.default,
    "logistic": ATEN.sigmoid.default,
    "op": ATEN.mish.default,
    "softplus": ATEN.softplus.default,
}
ANY = {advice.from_torch.form: name for name, advice in targets().items()}


class InForm(torch.nn.Module):
    def __init__(self, form):
        super().__init__()
        self.form = form

    def forward(self, x):
        return in_form(self.form, x)


class HandWritten(torch.nn.Module):
    def forward(self, x):
        return x * torch.tanh(F.softplus(x))


class Caller(torch.nn.Module):
    """Calls F.mish itself, and has a child."""

    def __init__(self):
        super().__init__()
        self.child = torch.nn.Linear(4, 4)

    def forward(self, x):
        return F.mish(self.child(F.mish(x)), inplace=True)


class Spelled(torch.nn.Module):
    """Spells Mish out among other things."""

    def __init__(self):
        super().__init__()
        self.child = torch.nn.Linear(4, 4)

    def forward(self, x):
        x = self.child(x)
        return x * torch.tanh(F.softplus(x))


class Undecided(torch.nn.Module):
    """Has branches that torch.fx cannot follow."""

    def __init__(self):
        super().__init__()
        self.child = torch.nn.Linear(4, 4)

    def forward(self, x):
        return F.mish(self.child(x)) if x.sum() * 0 == 0 else x


X = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))


def network(*more):
    torch.manual_seed(0)
    shared = torch.nn.Mish()
    return torch.nn.Sequential(
        torch.nn.Linear(4, 4), shared, Caller(), HandWritten(), shared, mish.torch.Mish(), *more
    ).eval()


def operators(model, **options):
    program = torch.export.export(model, (X,), **options)
    return [node.target for node in program.graph.nodes if node.op == "call_function"]


@pytest.mark.parametrize("form", FORMS)
def test_values(form):
    x = torch.cat([torch.linspace(-80, 30, 5001), torch.tensor([0.0, -0.0, 88.0, 1e4, 3e38])])
    y = in_form(form, x).numpy()
    assert np.isfinite(y).all()
    if form == "float16":
        np.testing.assert_allclose(y, mish.mish(x.double().numpy()), rtol=4e-4, atol=1e-30)
        return
    assert error(y[x.numpy() > -15], x.numpy()[x.numpy() > -15]).max() < 7
    if form in ("sigmoid", "logistic"):  # these keep their digits left of that
        assert error(y, x.numpy()).max() < 7


def test_the_form_for_float16_is_within_one_unit_of_it():
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x)]
    y = in_form("float16", torch.from_numpy(x)).numpy()
    assert error_against(y, mish.mish(x.astype(np.float64))).max() < 1


@pytest.mark.parametrize("form", FORMS)
def test_numbers_have_as_many_axes_as_the_input(form):
    """Where they have none, LiteRT's converter takes the operands of a division in turn."""
    program = torch.export.export(InForm(form), (torch.randn(2, 3, 4, 4),))
    for node in program.graph.nodes:
        for each in node.args:
            assert getattr(each, "meta", {"val": X})["val"].dim() > 0
    assert in_form(form, torch.tensor(1.0)).shape == ()


@pytest.mark.parametrize("form", set(FORMS) - {"op", "softplus"})
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(form, dtype):
    x = torch.linspace(-17, 60000, 3001).to(dtype)
    y = in_form(form, x)
    assert y.dtype == dtype
    torch.testing.assert_close(y, F.mish(x.double()).to(dtype), rtol=2**-10, atol=0)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("form", ANY)
def test_all_of_a_model_gets_the_form_and_has_it_no_more_afterwards(form, strict):
    model = network()
    state, classes = model.state_dict().keys(), [type(each) for each in model.modules()]
    want = model(X)
    with mish.torch.convert_for_export(model, ANY[form]) as converted:
        assert converted.form == form
        assert not converted.left
        assert list(converted) == ["1", "2", "3", "4", "5"]
        assert converted["3"].endswith("HandWritten")
        found = operators(model, strict=strict)
        in_place = found.count(ATEN.mish_.default) if form == "op" else 0
        assert found.count(SIGNS[form]) + in_place == 6
        others = set(SIGNS.values()) - {SIGNS[form]}
        assert not others & set(operators(model))
        torch.testing.assert_close(model(X), want, rtol=1e-5, atol=1e-6)
        assert model.state_dict().keys() == state
    assert [type(each) for each in model.modules()] == classes
    assert set(operators(model)) >= {ATEN.mish.default, ATEN.softplus.default}


def test_what_is_traced_has_the_form():
    model = network()
    with mish.torch.convert_for_export(model, "coreml"):
        graph = torch.jit.trace(model, X).inlined_graph
    kinds = [node.kind() for node in graph.nodes()]
    assert kinds.count("aten::sigmoid") == 6
    assert "aten::mish" not in kinds


@pytest.mark.parametrize("lean", [False, True])
def test_normalisations_with_mish_inside(lean):
    norms = (torch.nn.BatchNorm1d(4), torch.nn.Mish(), mish.torch.GroupNormMish(2, 4))
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), *norms).eval()
    want = model(X)
    if lean:
        mish.torch.lean(model)
    with mish.torch.convert_for_export(model, "coreml"):
        assert operators(model).count(ATEN.sigmoid.default) == 2
        torch.testing.assert_close(model(X), want, rtol=1e-5, atol=1e-6)


def test_a_graph_has_its_calls_converted():
    model = torch.fx.symbolic_trace(network(Spelled().eval()))
    assert mish.torch.convert(model)
    with mish.torch.convert_for_export(model, "coreml"):
        assert operators(model).count(ATEN.sigmoid.default) == 7
    assert ATEN.sigmoid.default not in operators(model)


def test_what_is_spelled_out_is_told_of():
    converted = mish.torch.convert_for_export(network(Spelled().eval()), "coreml")
    assert "convert(torch.fx.symbolic_trace(model))" in converted.left["6"]
    assert "left" in str(converted)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_calls_that_cannot_be_traced_are_caught():
    model = Undecided().eval()
    with mish.torch.convert_for_export(model, "coreml"):
        assert "aten::sigmoid" in str(torch.jit.trace(model, X, check_trace=False).inlined_graph)


def test_in_place_stays_where_it_may_be_seen():
    model = torch.nn.Mish(inplace=True).eval()
    with mish.torch.convert_for_export(model, "coreml"):
        x = X.clone()
        assert model(x) is x
        torch.testing.assert_close(x, F.mish(X))
    assert type(model) is torch.nn.Mish
    assert "mish_form" not in vars(model)


def test_in_place_goes_where_nobody_sees_it():
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Mish(inplace=True)).eval()
    with mish.torch.convert_for_export(model, "coreml"):
        assert ATEN.copy_.default not in operators(model)
        assert not model[1].inplace
    assert model[1].inplace


class Skips(torch.nn.Module):
    """Reads what its Mish wrote over."""

    def __init__(self):
        super().__init__()
        self.layer, self.act = torch.nn.Linear(4, 4), torch.nn.Mish(inplace=True)

    def forward(self, x):
        x = self.layer(x)
        return self.act(x) + x


def test_in_place_stays_where_the_input_is_read_again():
    model = Skips().eval()
    want = model(X)
    with mish.torch.convert_for_export(model, "coreml"):
        torch.testing.assert_close(model(X), want)
    torch.testing.assert_close(model(X), want)


def test_another_target_takes_over_and_gives_back():
    model = network()
    with mish.torch.convert_for_export(model, "coreml"):
        with mish.torch.convert_for_export(model, ANY["sigmoid"]):
            assert operators(model).count(ATEN.exp.default) == 6
        assert operators(model).count(ATEN.sigmoid.default) == 6


def test_copies_and_pickles():
    model = network()
    with mish.torch.convert_for_export(model, "coreml"):
        twins = copy.deepcopy(model), pickle.loads(pickle.dumps(model))
    for twin in twins:
        assert operators(twin).count(ATEN.sigmoid.default) == 6


def test_without_mish_nothing_happens():
    assert mish.torch.convert_for_export(torch.nn.Linear(4, 4).eval(), "coreml") == {}
