"""conformance.html in a real browser; skipped without Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator_contract.report import write_all
from orchestrator_contract.results.verdict import Result

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="selenium is not installed (dev extra)"
)

BROWSER = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver") or shutil.which("chromium.chromedriver")

pytestmark = [
    pytest.mark.skipif(
        not BROWSER or not DRIVER,
        reason="needs chromium and chromedriver (Debian: chromium, chromium-driver)",
    ),
    # Selenium leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

_CONTRAST = """
const luminance = (text) => {
  const linear = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const [r, g, b] = text.match(/[0-9.]+/g).map((v) => linear(v / 255));
  return .2126 * r + .7152 * g + .0722 * b;
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
  }
  return 'rgb(255, 255, 255)';
};
const bad = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || element.closest('svg, script, style') || !element.getClientRects().length) continue;
  const pair = [getComputedStyle(element).color, ground(element)].map(luminance).sort((a, b) => b - a);
  const ratio = (pair[0] + .05) / (pair[1] + .05);
  if (ratio < 4.5) bad.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)} ${element.textContent.trim().slice(0, 30)}`);
}
return bad;
"""


class Page:
    """One open report."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self._folder = folder

    def open(
        self,
        result: Result,
        *,
        scheme: str = "light",
        width: int = 1200,
        media: str = "screen",
        script: bool = True,
    ) -> None:
        """Write *result* and load its page."""
        write_all(result, self._folder)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": features}
        )
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        self.driver.get((self._folder / "conformance.html").as_uri())

    def js(self, script: str, *args: object) -> Any:
        """The value that *script* returns in the page."""
        return self.driver.execute_script(script, *args)

    def shown(self) -> list[str]:
        """Ids of the requirements that are visible in the table."""
        ids: list[str] = self.js(
            "return [...document.querySelectorAll('tr.requirement')].filter(r => r.offsetParent).map(r => r.id.slice(2))"
        )
        return ids

    def click(self, selector: str) -> None:
        """Click the element."""
        self.js("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        self.driver.find_element("css selector", selector).click()

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(text)

    def complaints(self) -> list[str]:
        """Console errors and policy violations."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """A headless Chromium, shared by the tests of this file."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    # A container has no sandbox for root and little shared memory; the page is our own file.
    rootless = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    for argument in ("--headless=new", "--disable-dev-shm-usage", *rootless):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield made
    made.quit()


@pytest.fixture
def page(driver: Any, tmp_path: Path) -> Page:
    """An empty page with a clean log."""
    driver.get("about:blank")
    driver.get_log("browser")
    return Page(driver, tmp_path)


@pytest.mark.parametrize(
    "situation",
    [
        "conformant",
        "nonconformant",
        "hostile",
        "empty-texts",
        "incomplete",
        "unusable",
        "nothing-judged",
    ],
)
def test_quiet_and_alone(page: Page, situations: dict[str, Result], situation: str) -> None:
    """The page makes no request, logs no error and breaks no policy of its own."""
    page.open(situations[situation])

    assert page.complaints() == []
    assert page.js("return performance.getEntriesByType('resource').map(e => e.name)") == []


def test_hostile_text_stays_text(page: Page, hostile: Result) -> None:
    """Script from the endpoint does not run; it is shown."""
    page.open(hostile)

    assert page.js("return window.hostile === undefined")
    assert "</script><script>window.hostile=1</script>" in page.js("return document.body.innerText")
    assert page.js("return document.images.length") == 0


def test_filter_by_verdict_and_level(page: Page, breached: Result) -> None:
    """Unticked verdicts and levels disappear; a reset brings all back."""
    page.open(breached)
    assert len(page.shown()) == len(breached.rows)

    for verdict in ("passed", "unverified", "waived"):
        page.click(f"input[value={verdict}]")
    assert page.shown() == [
        "DEL-202-HEADERS",
        "OP-TERMINATES",
        "DELETED-LIST",
        "ERR-429-RETRY-AFTER",
    ]

    page.click("input[value=advisory]")
    assert page.shown() == ["DEL-202-HEADERS", "OP-TERMINATES", "DELETED-LIST"]
    assert page.js("return document.getElementById('shown').textContent") == "3 of 8 shown"

    page.click("button[type=reset]")
    page.js("return new Promise(done => setTimeout(done, 50))")
    assert len(page.shown()) == len(breached.rows)


def test_filter_by_text(page: Page, breached: Result) -> None:
    """All words must be found, in any column; empty sections disappear."""
    page.open(breached)

    page.click("#words")
    page.type("KEY Clock")

    assert page.shown() == ["KEY-TTL-MAX"]
    assert (
        page.js(
            "return [...document.querySelectorAll('tr.section')].filter(r => r.offsetParent).length"
        )
        == 1
    )


def test_keyboard(page: Page, breached: Result) -> None:
    """The filter works by keyboard: Tab, Space, visible focus."""
    page.open(breached)
    page.js("document.querySelector('input[value=breached]').focus()")

    page.type(" \t ")

    assert page.js(
        "return [...document.querySelectorAll('input[name=verdict]')].map(b => b.checked)"
    ) == [False, False, True, True, True]
    assert page.js("return getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_links(page: Page, breached: Result) -> None:
    """Links lead to folded breaches and to filtered rows."""
    page.open(breached)
    page.js("document.getElementById('b-OP-TERMINATES').open = false")

    page.click("tr#r-OP-TERMINATES a[href='#b-OP-TERMINATES']")
    page.js("return new Promise(done => setTimeout(done, 50))")

    assert page.js("return document.getElementById('b-OP-TERMINATES').open")
    assert (
        abs(
            page.js("return document.getElementById('b-OP-TERMINATES').getBoundingClientRect().top")
        )
        < 900
    )

    page.click("input[value=unverified]")
    page.js("location.hash = '#r-KEY-TTL-MAX'")
    page.js("return new Promise(done => setTimeout(done, 50))")
    assert "KEY-TTL-MAX" in page.shown()


def test_copy(page: Page, breached: Result) -> None:
    """One click puts the whole command on the clipboard, as it stands."""
    page.driver.execute_cdp_cmd(
        "Browser.grantPermissions",
        {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]},
    )
    page.open(breached)

    page.click("#b-OP-TERMINATES .copy")
    page.js("return new Promise(done => setTimeout(done, 200))")

    assert (
        page.js("return document.querySelector('#b-OP-TERMINATES .copy').textContent") == "Copied"
    )
    copied = page.js("return navigator.clipboard.readText()")
    assert copied == breached.rows[2].record.shown[0].steps[0].request


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("situation", ["conformant", "nonconformant", "incomplete"])
def test_contrast(page: Page, situations: dict[str, Result], situation: str, scheme: str) -> None:
    """All text reaches the contrast of WCAG AA, 4.5 to 1."""
    page.open(situations[situation], scheme=scheme)

    assert page.js(_CONTRAST) == []


def test_dark(page: Page, calm: Result) -> None:
    """The page follows the reader's colour scheme."""
    grounds = []
    for scheme in ("light", "dark"):
        page.open(calm, scheme=scheme)
        grounds.append(page.js("return getComputedStyle(document.body).backgroundColor"))

    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 22, 27)"]


@pytest.mark.parametrize(
    "width",
    [pytest.param(360, id="phone"), pytest.param(760, id="tablet"), pytest.param(1200, id="desk")],
)
@pytest.mark.parametrize(
    "situation",
    ["conformant", "nonconformant", "grouped-hostile", "long-words", "hostile", "unusable"],
)
def test_width(page: Page, situations: dict[str, Result], situation: str, width: int) -> None:
    """Unfolded, nothing is wider than the screen, and buttons are large enough for a thumb."""
    page.open(situations[situation], width=width)
    page.js("for (const one of document.querySelectorAll('details')) one.open = true")

    assert page.js("return document.documentElement.scrollWidth") <= width
    assert (
        page.js(
            "return [...document.querySelectorAll('button')].filter(b => b.offsetParent && b.offsetHeight < 24).length"
        )
        == 0
    )


def test_print(page: Page, breached: Result) -> None:
    """On paper the controls are gone, and nothing is cut off or left folded."""
    page.open(breached, media="print")
    page.js("dispatchEvent(new Event('beforeprint'))")

    assert (
        page.js(
            "return [...document.querySelectorAll('nav, .filter, .copy')].filter(e => e.offsetParent).length"
        )
        == 0
    )
    assert page.js("return [...document.querySelectorAll('details')].every(d => d.open)")
    assert page.js(
        "return [...document.querySelectorAll('pre')].every(p => p.scrollHeight <= p.clientHeight + 1)"
    )


def test_without_script(page: Page, breached: Result) -> None:
    """Without scripts all content is there, and no dead control."""
    page.open(breached, script=False)
    body = page.driver.find_element("css selector", "body").text

    assert all(row.requirement.id in body for row in breached.rows)
    assert (
        page.driver.find_elements(
            "css selector", "form.filter:not([hidden]), button.copy:not([hidden])"
        )
        == []
    )
