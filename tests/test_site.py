"""The documentation in a browser: wide and narrow, light and dark, without network.

`make docs` builds what is looked at. The pictures are left in build/site-screenshots.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SITE = Path(__file__).parents[1] / "build" / "site"
SCREENSHOTS = SITE.parent / "site-screenshots"
PAGES = ("index", "docs/torch", "docs/commands", "docs/api/mish", "docs/cost", "docs/story")
SCREENS = {"wide-light": (1280, "light"), "narrow-dark": (390, "dark")}

pytestmark = pytest.mark.skipif(not SITE.exists(), reason="`make docs` has not been run")


@pytest.fixture
def asked(browser, request):
    """A page of a screen, and what it asked for and did not find or should not have asked for."""
    width, scheme = SCREENS[request.param]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong = []
    page.on("request", lambda each: each.url.startswith("file:") or wrong.append(each.url))
    page.on("requestfailed", lambda each: wrong.append(each.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page, wrong, request.param
    context.close()


@pytest.mark.parametrize("asked", SCREENS, indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_the_screen_and_ask_nobody(asked, name):
    page, wrong, screen = asked
    page.goto((SITE / f"{name}.html").as_uri())
    page.wait_for_load_state("networkidle")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name.replace('/', '-')}-{screen}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.search(r"\d+", background)[0])
    assert (red > 200) == screen.endswith("light")
    assert not wrong


@pytest.mark.parametrize("asked", ["wide-light"], indirect=True)
def test_search_finds_without_network(asked):
    page, wrong, _ = asked
    page.goto((SITE / "search.html").as_uri() + "?q=accelerate")
    page.wait_for_selector("#search-results li")
    assert any("torch" in each for each in page.locator("#search-results li").all_inner_texts())
    assert not wrong


def test_every_public_function_has_an_entry():
    import mish

    text = (SITE / "docs" / "api" / "mish.html").read_text(encoding="utf-8")
    for name in mish.__all__:
        assert f'id="mish.{name}"' in text
