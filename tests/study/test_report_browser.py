"""The page in a browser. Its pictures are left in build/site-screenshots."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("matplotlib")

SCREENSHOTS = Path(__file__).parents[2] / "build" / "site-screenshots"
SCREENS = {
    "wide-light": (1280, "light"),
    "wide-dark": (1280, "dark"),
    "narrow-light": (390, "light"),
    "narrow-dark": (390, "dark"),
}

# Of all texts, those of figures among them, by the formula of WCAG 2.
LOWEST_CONTRAST = """() => {
    const texts = "h1, h2, h3, h4, p, li, dt, dd, caption, th, td, summary, .key, svg text";
    const linear = (each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4;
    const light = (colour) => {
        const [r, g, b] = colour.match(/[0-9]+/g).map((each) => linear(each / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (each) => {
        const colour = getComputedStyle(each).backgroundColor;
        return colour === "rgba(0, 0, 0, 0)" ? behind(each.parentElement) : colour;
    };
    const contrasts = [...document.querySelectorAll(texts)].map((each) => {
        const style = getComputedStyle(each);
        const pair = [light(each.closest("svg") ? style.fill : style.color), light(behind(each))];
        return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    });
    return Math.min(...contrasts);
}"""


@pytest.fixture(scope="module")
def file(tmp_path_factory, document):
    target = tmp_path_factory.mktemp("report") / "report.html"
    target.write_text(document, encoding="utf-8")
    return target


@pytest.fixture
def page(browser, file, request):
    """The page on a screen; it may ask for nothing but itself, and complain of nothing."""
    width, scheme = SCREENS[getattr(request, "param", "wide-light")]
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong = []
    page.on("request", lambda each: each.url == file.as_uri() or wrong.append(each.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert not [each for each in wrong if not each.startswith("data:")]


@pytest.mark.parametrize("page", SCREENS, indirect=True)
def test_it_fits_the_screen_and_can_be_read(page, request):
    screen = request.node.callspec.params["page"]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"study-{screen}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == screen.endswith("light")
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(LOWEST_CONTRAST) >= 4.5


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
