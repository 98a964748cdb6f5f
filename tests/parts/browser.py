"""A headless Chromium that tests drive: it opens pages, types, and reports every request that it made.

`with Browser() as browser:` starts Debian's chromium with a profile of its own, and in the end removes both.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.parts.part import ANSWER_WITHIN_S, Part, remove_folder
from tests.parts.waiting import wait_until

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--ignore-certificate-errors",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--no-proxy-server", "--window-size=1280,900", "--hide-scrollbars",
)  # fmt: skip
_RECORD_VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""


class Browser(Part):
    """A window of 1280 by 900 pixels."""

    def __init__(self) -> None:
        self._profile = Path(tempfile.mkdtemp(prefix="postledger-browser-", dir="/tmp"))
        self._driver: webdriver.Chrome | None = None

    def start(self) -> None:
        """Start it, and from now on record what a page's security policy blocks."""
        chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
        assert chromium, "chromium is missing; script/bootstrap --dev installs it"
        assert chromedriver, "chromium-driver is missing; script/bootstrap --dev installs it"
        options = Options()
        options.binary_location = chromium
        for flag in (*_FLAGS, f"--user-data-dir={self._profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self._driver = webdriver.Chrome(options, Service(chromedriver))
        self._driver.set_page_load_timeout(ANSWER_WITHIN_S)
        self.command("Page.addScriptToEvaluateOnNewDocument", {"source": _RECORD_VIOLATIONS})
        self.prefer("light")

    def remove(self) -> None:
        """End it and its driver, and remove its profile."""
        if self._driver is not None:
            self._driver.quit()
        remove_folder(self._profile)

    @property
    def driver(self) -> webdriver.Chrome:
        """Selenium's own driver."""
        assert self._driver is not None, "the browser is not running"
        return self._driver

    def command(self, name: str, parameters: dict[str, Any]) -> Any:
        """Send a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, url: str) -> None:
        """Open a page, and wait until it is loaded."""
        self.driver.get(url)

    def run(self, script: str, *arguments: object) -> Any:
        """Run a script in the page and give what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, css: str) -> WebElement:
        """Find an element."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def find_all(self, css: str) -> list[WebElement]:
        """Find all such elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def fill(self, **values: str) -> None:
        """Give each field, by its id, a value in place of the one that it has, as one that is pasted."""
        for name, value in values.items():
            field = self.find(f"#{name}")
            field.clear()
            self.run("arguments[0].focus()", field)
            self.command("Input.insertText", {"text": value})

    def press(self, *keys: str) -> None:
        """Press keys, one after another, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_through(self, most: int) -> Iterator[WebElement]:
        """Press the tab key again and again, and give each element that has the focus, until it leaves the page."""
        for _ in range(most):
            self.press(Keys.TAB)
            element = self.driver.switch_to.active_element
            if element.tag_name == "body":
                return
            yield element

    def texts(self, css: str) -> list[str]:
        """The visible text of all such elements."""
        return [element.text for element in self.find_all(css)]

    def wait_for(self, css: str, text: str) -> str:
        """Wait until an element shows a text that contains this, and give all of it."""
        found: list[str] = []

        def is_shown() -> bool:
            found[:] = [shown for shown in self.texts(css) if text in shown]
            return bool(found)

        wait_until(is_shown, what=f"{text!r} in {css}")
        return found[0]

    def resize(self, width: int, height: int = 900) -> None:
        """Give the page a width in pixels, as a phone or a screen has it."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", size)

    def prefer(self, scheme: str) -> None:
        """Prefer `light` or `dark`, as a machine's settings do; and no motion, so that nothing moves under a click."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        listed = [{"name": name, "value": value} for name, value in features.items()]
        self.command("Emulation.setEmulatedMedia", {"features": listed})

    def switch_scripts(self, is_on: bool) -> None:
        """Let pages run scripts, or not; for the pages that are opened from now on."""
        self.command("Emulation.setScriptExecutionDisabled", {"value": not is_on})

    def list_violations(self) -> list[str]:
        """What the security policy of the page blocked since it was opened."""
        found = self.run("return window.violations")
        assert isinstance(found, list)
        return found

    def list_requests(self) -> list[dict[str, Any]]:
        """All that was sent since the last call: URL, method, headers, body."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [message["params"] for message in messages if message["method"].startswith("Network.requestWillBeSent")]

    def list_complaints(self) -> list[str]:
        """What the console of the browser says since the last call, except that an answer was not 2xx."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries if entry["source"] != "network"]
