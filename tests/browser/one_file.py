"""What tests of pages in one file share: the screens, a page that asks nobody, its contrast."""

from __future__ import annotations

import contextlib
from pathlib import Path

SCREENSHOTS = Path(__file__).parents[2] / "build" / "site-screenshots"
SCREENS = {
    "wide-light": (1280, "light"),
    "wide-dark": (1280, "dark"),
    "narrow-light": (390, "light"),
    "narrow-dark": (390, "dark"),
}

# Of all texts, those of figures among them, by the formula of WCAG 2.
_LOWEST_CONTRAST = """() => {
    const texts = "h1, h2, h3, h4, p, li, dt, dd, label, legend, caption, th, td, button, output,"
        + "pre, summary, .key, svg text";
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


@contextlib.contextmanager
def opened(browser, file, screen):
    """A file on a screen as a page; it may ask for nothing but itself and complain of nothing."""
    width, scheme = SCREENS[screen]
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


def fits(page):
    """Whether nothing is wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def lowest_contrast(page):
    """The least contrast of a text with what is behind it."""
    return page.evaluate(_LOWEST_CONTRAST)


def keep_picture(page, name):
    """Leave a picture of the whole page for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
