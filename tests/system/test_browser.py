"""
The page at "/" in a real browser, Chromium without a window: what people do there, with eyes, a keyboard or a screen
reader. With SALLYPORT_PICTURES=FOLDER, pictures of it are left there.
"""

import json
import os
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from sallyport import DEADLINE, Server, random_txt, wait_until

PICTURES = os.environ.get("SALLYPORT_PICTURES")


@pytest.fixture(scope="module")
def server(module_folder):
    with Server(module_folder) as server:
        yield server


def open_browser(folder, *switches, settings=None):
    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   f"--user-data-dir={folder}/browser", "--window-size=900,1300", *switches):
        options.add_argument(switch)
    options.add_experimental_option("prefs", settings or {})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    browser.set_page_load_timeout(DEADLINE)
    return browser


@pytest.fixture
def browser(folder):
    browser = open_browser(folder)
    yield browser
    complaints = [entry["message"] for entry in browser.get_log("browser")
                  if "status of 4" not in entry["message"] and "favicon" not in entry["message"]]
    requested = {json.loads(entry["message"])["message"]["params"]["request"]["url"]
                 for entry in browser.get_log("performance") if '"Network.requestWillBeSent"' in entry["message"]}
    browser.quit()
    assert complaints == []  # what the policy refused among them
    assert all(url.startswith(("http://127.0.0.1:", "chrome", "data:")) for url in requested), requested


def find(browser, name):
    return browser.find_element(By.ID, name)


def fill(browser, **fields):
    for name, text in fields.items():
        find(browser, name).clear()
        find(browser, name).send_keys(text)


def picture(browser, name, width=900):
    if PICTURES:
        browser.set_window_size(width, 200)
        browser.set_window_size(width, browser.execute_script("return document.documentElement.scrollHeight") + 90)
        browser.execute_script("scrollTo(0, 0)")
        browser.save_screenshot(str(Path(PICTURES) / name))


def register(browser, **fields):
    fill(browser, **fields)
    find(browser, "registration").submit()
    wait_until(lambda: find(browser, "registered").is_displayed() or find(browser, "registration-problem").text, "an answer")


def blocks(browser, name):
    return [pre.get_attribute("textContent") for pre in find(browser, name).find_elements(By.TAG_NAME, "pre")]


def test_registering(server, browser):
    browser.get(server.url)
    picture(browser, "page-empty.png")
    register(browser, domain="*.Example.NET.", networks="127.0.0.0/8, ::1/128")
    assert find(browser, "registration-problem").text == ""
    rows = {term.text: term.find_element(By.XPATH, "following-sibling::dd[1]").text
            for term in find(browser, "credentials").find_elements(By.TAG_NAME, "dt")}
    assert rows["Networks"] == "127.0.0.0/8, ::1/128"
    assert blocks(browser, "cname") == [f"_acme-challenge.example.net.  CNAME  {rows['Full name']}."]
    account = {"username": rows["User name"], "password": rows["Password"], "subdomain": rows["Subdomain"]}
    txt = server.set_value(account)
    assert server.txt(account["subdomain"]) == [txt]

    details = find(browser, "clients").find_elements(By.TAG_NAME, "details")
    names = [detail.find_element(By.TAG_NAME, "summary").text.split(" ")[0] for detail in details]
    assert names == ["certbot", "lego", "acme.sh", "cert-manager", "Caddy", "Traefik"]
    for detail in details:
        whole = detail.get_attribute("textContent")
        assert all(account[key] in whole for key in account) and server.url in whole
    kept = [json.loads(text) for text in blocks(browser, "clients") if text.startswith("{")]
    assert len(kept) == 4
    assert all(set(file["example.net"]) == {"username", "password", "fulldomain", "subdomain", "allowfrom", "server_url"}
               for file in kept)
    details[1].find_element(By.TAG_NAME, "summary").click()
    picture(browser, "page.png")


@pytest.mark.parametrize("fields, words", [({"domain": "no domain"}, "not the name of a domain"),
                                           ({"domain": "x'y.example"}, "not the name of a domain"),
                                           ({"networks": "192.0.2.1"}, "one of the networks")])
def test_what_is_wrong_is_said(server, browser, fields, words):
    browser.get(server.url)
    register(browser, **fields)
    assert words in find(browser, "registration-problem").text
    assert not find(browser, "registered").is_displayed()


def test_looking_at_an_account(server, browser):
    account = server.register()
    browser.get(server.url)
    fill(browser, username=account["username"], password="x" * 40)
    find(browser, "looking").submit()
    wait_until(lambda: find(browser, "looking-problem").text, "an answer")
    assert "No account" in find(browser, "looking-problem").text
    for values in ([], [random_txt()]):
        for txt in values:
            server.set_value(account, txt)
        fill(browser, username=account["username"], password=account["password"])
        find(browser, "looking").submit()
        wait_until(lambda: find(browser, "account").is_displayed(), "an answer")
        assert blocks(browser, "values") == values
    assert find(browser, "password").get_attribute("value") == ""
    assert account["fulldomain"] in find(browser, "facts").text


def test_a_token_is_asked_for_and_sent(folder):
    with Server(folder, api={"registration": "token"}) as server:
        token, = [line for line in server.command("tokens", "add", "web").stdout.split() if line.startswith("sp_")]
        browser = open_browser(folder)
        try:
            browser.get(server.url)
            register(browser, token="sp_wrong")
            assert "token" in find(browser, "registration-problem").text
            register(browser, token=token)
            assert find(browser, "registration-problem").text == ""
        finally:
            browser.quit()


def test_by_keyboard_alone(server, browser):
    browser.get(server.url)
    at = lambda: browser.switch_to.active_element  # noqa: E731
    for name in ("domain", "networks"):
        at().send_keys(Keys.TAB)
        assert at().get_attribute("id") == name
        assert browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    at().send_keys(Keys.ENTER)
    wait_until(lambda: find(browser, "registered").is_displayed(), "an answer")
    # What came is where a screen reader goes on.
    assert at().get_attribute("id") == "registered"


def test_a_screen_reader_has_a_name_for_everything(server, browser):
    browser.get(server.url)
    register(browser)
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]
    for role in ("textbox", "button", "heading", "region", "DisclosureTriangle"):
        names = [name for kind, name in named if kind == role]
        assert names and all(names), role
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"


def test_without_scripts_it_can_be_read(server, folder):
    browser = open_browser(folder, settings={"profile.managed_default_content_settings.javascript": 2})
    try:
        browser.get(server.url)
        text = browser.find_element(By.TAG_NAME, "main").text
        assert "CNAME" in text and "curl -X POST" in text and "X-Api-User" in text
        assert not find(browser, "registration").is_displayed() and not find(browser, "looking").is_displayed()
    finally:
        browser.quit()


@pytest.mark.parametrize("manner, dark", [("light", False), ("dark", True)])
def test_it_can_be_read_by_day_and_by_night(server, browser, manner, dark):
    """WCAG's contrast of text and ground is 4.5 at the least."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia",
                            {"features": [{"name": "prefers-color-scheme", "value": manner}]})
    browser.get(server.url)
    ratios = browser.execute_script("""
        const part = value => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
        const light = colour => { const [r, g, b] = colour.match(/[0-9.]+/g).map(Number);
            return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
        const ground = it => { const colour = getComputedStyle(it).backgroundColor;
            return colour === "rgba(0, 0, 0, 0)" ? ground(it.parentElement) : colour; };
        return [...document.querySelectorAll("h1, h2, p, label, input, button, .faint, code")].map(it => {
            const both = [light(getComputedStyle(it).color), light(ground(it))].sort((a, b) => b - a);
            return [(both[0] + 0.05) / (both[1] + 0.05), it.tagName + " " + it.className]; });""")
    assert [what for ratio, what in ratios if ratio < 4.5] == []
    brightness = browser.execute_script("return getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
    assert (int(brightness) < 128) == dark
    if dark:
        picture(browser, "page-dark.png")


def test_narrow_screens_need_no_sideways_scrolling(server, browser):
    browser.set_window_size(360, 700)
    browser.get(server.url)
    register(browser)
    for summary in browser.find_elements(By.TAG_NAME, "summary"):
        summary.click()
    assert browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
