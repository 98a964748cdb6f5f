"""Looks for faults of a page that is open in a browser: faint text, focus that is not seen, sideways scrolling.

Each script computes from the styles that the browser applied, and returns what it found.
"""

from tests.parts.browser import Browser

LEAST_CONTRAST = 4.5
"""WCAG 2.2, level AA, for text of any size."""

_FIND_FAINT = """
const parse = (color) => (color.match(/[0-9.]+/g) || [0, 0, 0, 0]).map(Number);
const over = ([r, g, b, a = 1], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a)];
const behind = (element) => {
  const own = element ? parse(getComputedStyle(element).backgroundColor) : [255, 255, 255, 1];
  return (own[3] === undefined || own[3] === 1) ? own : over(own, behind(element.parentElement));
};
const light = (color) => {
  const [r, g, b] = color.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const faint = [];
let count = 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
  count++;
  const ground = behind(element);
  const [a, b] = [light(over(parse(getComputedStyle(element).color), ground)), light(ground)];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < arguments[0]) faint.push(`${contrast.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
}
return [count, faint];
"""
_SHOWS_FOCUS = """
const focused = document.activeElement;
const shown = focused.type === "radio" ? document.querySelector(`label[for="${focused.id}"]`) : focused;
const style = getComputedStyle(shown);
return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && shown.getBoundingClientRect().width > 0;
"""
_LIST_FOCUSABLE = """
const all = document.querySelectorAll("a[href], button, summary, input, select, textarea, [tabindex='0']");
const shown = [...all].filter((one) => one.checkVisibility({ visibilityProperty: true }));
return shown.filter((one) => one.type !== "radio" || one.checked);
"""


def find_faint_texts(browser: Browser) -> tuple[int, list[str]]:
    """How many visible texts there are, and those with too little contrast to what is behind them."""
    count, faint = browser.run(_FIND_FAINT, LEAST_CONTRAST)
    return count, faint


def shows_focus(browser: Browser) -> bool:
    """Whether the element that has the focus can be told from the others."""
    return bool(browser.run(_SHOWS_FOCUS))


def scrolls_sideways(browser: Browser) -> bool:
    """Whether the page is wider than the window."""
    return bool(browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def walk_by_keyboard(browser: Browser) -> tuple[list[str], list[str]]:
    """Press the tab key through the whole page: the elements that had the focus, and those that showed none of it.

    Raises if the order is not that of the page.
    """
    expected = browser.run(_LIST_FOCUSABLE)
    browser.run("document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
    walked, unseen = [], []
    for element in browser.tab_through(len(expected) + 1):
        walked.append(element)
        if not shows_focus(browser):
            unseen.append(str(element.get_attribute("outerHTML"))[:80])
    assert walked == expected, "the tab key leads through all of the page, in its order"
    return [str(element.get_attribute("id")) for element in walked], unseen


def find_unnamed(browser: Browser) -> list[str]:
    """The fields, buttons and links that a screen reader could not name."""
    elements = browser.run(_LIST_FOCUSABLE)
    return [str(element.get_attribute("outerHTML"))[:80] for element in elements if not element.accessible_name]
