"""Every page of a filled centre in Debian's Chromium, wide and light, narrow and dark: WCAG by axe-core, no sideways
scrolling, nothing asked of elsewhere, nothing that the content security policy stopped, a name for every control, and a
focus that is seen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from centrebrowser import PATIENCE, Visitor, chromium, environ, free_port, needs_chromium, served, visitor
from playwright.sync_api import Browser

pytestmark = needs_chromium
TESTS = Path(__file__).resolve().parents[1]
LOOKS = (("light", 1280), ("dark", 390))
MORE = (
    *("/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/password/change/"),
    *("/nothing/here", "/alerts/?status=all", "/hunting/?q=(", "/audit/?q=cases", "/cases/?q=nothing-of-the-kind"),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    path = tmp_path_factory.mktemp("pages")
    command = [sys.executable, str(TESTS / "centrefill.py"), str(path), f"127.0.0.1:{free_port()}"]
    done = subprocess.run(command, env=environ(), capture_output=True, check=False, timeout=2 * PATIENCE)
    assert done.returncode == 0, done.stderr.decode()
    with served(path / "centre"):
        yield orjson.loads(done.stdout)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_every_page(told: dict[str, Any], browser: Browser, scheme: str, width: int) -> None:
    size = {"width": width, "height": 900}
    who = visitor(browser, told["address"], color_scheme=scheme, viewport=size)
    who.page.goto(told["link"])
    wrong = faults(who, "the one-time link")
    who.go("/accounts/login/")
    wrong += faults(who, "the sign-in")
    who.send(login=told["user"], password=told["password"])
    for path in dict.fromkeys((*told["paths"], *MORE)):
        status = who.go(path)
        if status != 200 and path not in MORE:
            wrong.append(f"{path}: {status}")
        wrong += faults(who, path)
    wrong += [each for each in who.wrong if "404" not in each or "/nothing/here" not in each]
    assert not wrong, "\n".join(wrong)


def faults(who: Visitor, path: str) -> list[str]:
    """What is wrong with the page that is open."""
    page = who.page
    found = [
        f"{path}: {each['id']} ({each['impact']}): {node['html'][:160]}"
        for each in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        for node in each["nodes"][:3]
    ]
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if sideways > 0:
        found.append(f"{path}: {sideways} px wider than the screen: {page.evaluate(WIDE)}")
    found += [f"{path}: inline: {each}" for each in page.evaluate(INLINE)]
    found += [f"{path}: no focus seen: {each}" for each in page.evaluate(FOCUS)]
    return found


WIDE = """() => {
  const over = (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
  return [...document.querySelectorAll('main *')].filter(e => !e.closest('.wide, pre, svg') && over(e) &&
    ![...e.children].some(over)).slice(0, 3).map(e => e.outerHTML.slice(0, 120));
}"""
INLINE = """() => [...document.querySelectorAll('script:not([src]):not([type="application/json"]), style, [style]')]
  .concat([...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))))
  .map(e => e.outerHTML.slice(0, 120))"""
FOCUS = """() => {
  const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const shown = [...document.querySelectorAll(wanted)].filter(e => e.checkVisibility() && !e.disabled);
  const first = shown.find(e => e.tabIndex >= 0);
  const wrong = first && first.matches('.skip') ? [] : ['the first stop is not the way to the content'];
  for (const each of shown) {
    if (each.tabIndex > 0) wrong.push('order: ' + each.outerHTML.slice(0, 120));
    each.focus({ focusVisible: true, preventScroll: true });
    const style = getComputedStyle(each);
    if (document.activeElement !== each || (style.outlineStyle === 'none' && style.boxShadow === 'none'))
      wrong.push(each.outerHTML.slice(0, 120));
  }
  document.activeElement.blur();
  return wrong.slice(0, 3);
}"""
