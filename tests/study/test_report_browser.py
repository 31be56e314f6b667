"""The page in a browser. Its pictures are left in build/site-screenshots."""

from __future__ import annotations

import one_file
import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def file(tmp_path_factory, document):
    target = tmp_path_factory.mktemp("report") / "report.html"
    target.write_text(document, encoding="utf-8")
    return target


@pytest.fixture
def page(browser, file, request):
    """The page on a screen."""
    with one_file.opened(browser, file, getattr(request, "param", "wide-light")) as page:
        yield page


@pytest.mark.parametrize("page", one_file.SCREENS, indirect=True)
def test_it_fits_the_screen_and_can_be_read(page, request):
    screen = request.node.callspec.params["page"]
    one_file.keep_picture(page, f"study-{screen}")
    assert one_file.fits(page)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == screen.endswith("light")
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert one_file.fits(page)
    assert one_file.lowest_contrast(page) >= 4.5


def test_keys_reach_all_of_it(page):
    """Links, wide tables, which keys scroll, and what is folded."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#labels"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#depth"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_names_for_those_who_hear_it(page):
    page.get_by_role("heading", name="What was found").wait_for()
    assert page.get_by_role("region", name="mish against each other").count() == 2
    figures = page.get_by_role("img")
    assert figures.count() == 10
    assert all(each.get_attribute("aria-label") for each in figures.all())
