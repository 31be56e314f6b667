"""The interactive page in a browser. Its pictures are left in build/site-screenshots."""

from __future__ import annotations

import numpy as np
import one_file
import pytest

import mish
from mish import facts, reference, symbolic
from mish.plot import interactive_page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    target = tmp_path_factory.mktemp("interactive") / "mish.html"
    target.write_text(interactive_page(["numpy"]), encoding="utf-8")
    return target


@pytest.fixture
def page(browser, file, request):
    """The page on a screen."""
    with one_file.opened(browser, file, getattr(request, "param", "wide-light")) as page:
        yield page


def number(text):
    return float(text.replace("−", "-").replace("slope ", "").rpartition("= ")[2])


def choose(page, group, label):
    page.locator(f"#{group} label", has_text=label).click()


@pytest.mark.parametrize("page", one_file.SCREENS, indirect=True)
def test_it_fits_the_screen(page, request):
    screen = request.node.callspec.params["page"]
    one_file.keep_picture(page, f"interactive-{screen}")
    assert one_file.fits(page)
    assert page.locator("html").get_attribute("data-theme") == screen.split("-")[1]
    page.click("#theme")
    assert page.locator("html").get_attribute("data-theme") != screen.split("-")[1]
    lowest = one_file.lowest_contrast(page)
    assert lowest >= 4.5


def test_its_functions_are_mish(page):
    """At 500 points, the zeros of derivatives among them: far below the 12 decimals shown."""
    x = np.random.default_rng(0).uniform(-8, 8, 480)
    for order in range(7):
        special = [float(point.x) for point in facts.points("mish", order)]
        points = [*x, -8.0, -1e-300, 0.0, 8.0, *special]
        found = page.evaluate("([n, x]) => x.map(MISH[n])", [order, points])
        exact = [float(reference.value(each, order, 25)) for each in points]
        np.testing.assert_allclose(found, exact, rtol=0, atol=2e-14)


@pytest.mark.parametrize("form", symbolic.FORMS)
def test_every_form_is_mish_in_javascript(page, form):
    x = np.linspace(-8, 8, 101).tolist()
    for order in range(4):
        text = symbolic.formula(order, form).text("javascript")
        name = "mish" if order == 0 else f"mish_d{order}"
        found = page.evaluate(f"(x) => {{\n{text}\nreturn x.map({name}); }}", x)
        exact = [float(reference.value(each, order, 25)) for each in x]
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13)


def test_keys_move_the_point_and_the_value_is_right(page):
    point = page.locator("#point")
    point.focus()
    moves = {
        "ArrowLeft": 1 - 1 / 16,
        "Shift+ArrowRight": 1 - 1 / 16 + 1 / 256,
        "PageDown": -1 / 16 + 1 / 256,
        "Home": -6.0,
        "ArrowUp": -6 + 1 / 16,
        "End": 4.0,
    }
    for key, x in moves.items():
        page.keyboard.press(key)
        assert float(point.get_attribute("aria-valuenow")) == x
        assert float(page.input_value("#x")) == pytest.approx(x, abs=1e-8)
        value, slope = map(number, page.inner_text("#value").split("\n"))
        assert value == pytest.approx(float(mish.mish(x)), rel=0, abs=0.51e-12)
        assert slope == pytest.approx(float(mish.mish_d1(x)), rel=0, abs=0.51e-12)
        assert f"{value}".replace("-", "−") in point.get_attribute("aria-valuetext")


@pytest.mark.parametrize("order", range(6))
def test_every_order_shows_its_values(page, order):
    choose(page, "orders", str(order))
    page.fill("#x", "-2.7")
    shown = page.locator("#numbers td").all_inner_texts()
    for n, text in enumerate(shown):
        exact = float(reference.value(-2.7, n, 25))
        assert number(text) == pytest.approx(exact, rel=0, abs=0.52e-12)
    assert number(page.inner_text("#value").split("\n")[0]) == number(shown[order])
    marks = [each for each in facts.points("mish", order) if -6 <= float(each.x) <= 4]
    assert page.locator("#curves .mark").count() == len(marks)
    page.click("summary")
    page.locator("#marks button").first.click()
    assert float(page.locator("#point").get_attribute("aria-valuenow")) >= -6


def test_the_point_is_dragged(page):
    box = page.locator("#curves").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    before = float(page.locator("#point").get_attribute("aria-valuenow"))
    page.mouse.move(box["x"] + box["width"] / 4, middle)
    page.mouse.up()
    after = float(page.locator("#point").get_attribute("aria-valuenow"))
    assert -6 < after < before - 2 < 4
    assert page.evaluate("document.activeElement.id") == "point"


def test_others_lie_on_their_curves(page):
    """Between the places of the tables, to 4 decimals."""
    for name in facts.ACTIVATIONS[1:]:
        for order in range(6):
            points = page.evaluate(
                "([name, n]) => tabulated(DATA.others[name], n).filter(Boolean)", [name, order]
            )
            x, y = np.array(points).T
            exact = facts.values(name, x, order)
            assert np.nanmax(abs(y - exact)) < 5e-5
    page.check("input[value=relu]")
    assert page.locator("#curves .curve").count() == 3


def test_inverse(page):
    for y in (-0.308843, -0.3, -0.2, -1e-3, 0.0, 0.5, 2.75, 40.0):
        page.fill("#y", str(y))
        right, left = page.inner_text("#inverse-values").split("\n")
        assert number(right) == pytest.approx(float(mish.inverse(y)), rel=0, abs=0.6e-6)
        if y < 0:
            expected = float(mish.inverse(y, branch="left"))
            assert number(left) == pytest.approx(expected, rel=0, abs=0.6e-6)
        else:
            assert left == "left branch: none"
    page.fill("#y", "-0.31")
    assert page.inner_text("#inverse-values") == "right branch: none\nleft branch: none"


def test_errors_are_read_by_keys(page):
    choose(page, "error-orders", "mish′(x)")
    page.focus("#error-x")
    page.keyboard.press("Home")
    assert page.inner_text("#error-place") == "near x = −29.9"
    assert "mish′(x) in float32" in page.inner_text("#error-caption")
    assert page.locator("#error-numbers tr").count() == 2


def test_formulas_are_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, "orders", "2")
    choose(page, "notations", "LaTeX")
    page.click("#copy")
    page.wait_for_function("document.getElementById('copied').textContent")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == symbolic.formula(2).text("latex")
