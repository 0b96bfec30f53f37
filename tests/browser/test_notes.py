"""The example app, used as people use it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from .conftest import ROOT, Browser, Server

pytestmark = pytest.mark.browser

NOTES = (
    ("Bread", "500 g flour, 350 g water, 10 g salt, a little yeast.\nA night in the fridge."),
    ("Books to read", "The Dispossessed\nInvisible Cities\nThe Periodic Table"),
    ("Plants", "The fern wants water on Mondays. The cactus does not."),
    ("Flat tyre", "The valve is the French kind; the pump hangs behind the door."),
    ("Names for a cat", "Piston, Flask, Gasket."),
    ("Garden in March", "Prune the roses, sow peas, clean the water butt."),
    ("Packing", "Charger, rain coat, the thin blanket, two books and no more."),
    ("Kolben", "German for a flask, and for a piston."),
    ("Birthday", "Ada: tea and biscuits.\nBob: the map of the moon."),
    ("A walk", "Along the river to the mill, back over the hill. Three hours, without the cake."),
)


@pytest.fixture
def url(serve: t.Callable[..., Server], tmp_path: pathlib.Path) -> str:
    """The address of a new app: nobody has registered yet."""
    server = serve(
        *("-m", "notes"),
        cwd=ROOT / "examples" / "notes",
        PORT="0",
        NOTES_DATABASE=str(tmp_path / "notes.sqlite"),
        NOTES_UPLOADS=str(tmp_path / "uploads"),
        NOTES_SECRET_KEY="test",
        NOTES_MAX_CONTENT_LENGTH="200000",
    )
    return server.wait_for(r"(http://127\.0\.0\.1:\d+)")


def register(browser: Browser, url: str, name: str) -> None:
    browser.open(url)
    browser.press("Register")
    browser.fill(name=name, password="correct horse")
    browser.follow(browser.find("main button"))
    assert browser.message() == f"Welcome, {name}."


def write(browser: Browser, title: str, body: str) -> None:
    browser.press("New note")
    browser.fill(title=title, body=body)
    browser.press("Save")
    assert browser.message() == "The note is stored."


def test_a_visitor_sees_what_it_is_and_cannot_get_further(browser: Browser, url: str) -> None:
    browser.open(url)
    assert browser.texts("h1") == ["A place for your notes."]
    browser.look(900, 320)
    browser.photograph("notes-welcome")
    browser.open(f"{url}/notes/new")
    assert browser.driver.current_url == f"{url}/auth/login?next=/notes/new"
    browser.open(f"{url}/nowhere")
    assert browser.texts("h1") == ["Not Found"]


def test_notes_are_written_read_changed_and_removed(browser: Browser, url: str) -> None:
    register(browser, url, "ada")
    write(browser, "Bread", "500 g flour\n<b>350 g</b> water")
    assert browser.find(".body").text == "500 g flour\n<b>350 g</b> water"

    browser.press("Edit")
    browser.fill(title="Rolls")
    browser.press("Save")
    assert (browser.message(), browser.texts("h1")) == ("The note is changed.", ["Rolls"])

    browser.press("Delete")
    assert browser.message() == "The note “Rolls” is removed."
    assert browser.texts(".notes li") == []

    browser.press("Log out")
    assert browser.message() == "You are logged out."
    browser.press("Log in")
    browser.fill(name="ada", password="wrong")
    browser.follow(browser.find("main button"))
    assert browser.message() == "The name or the password is wrong."
    browser.fill(name="ada", password="correct horse")
    browser.follow(browser.find("main button"))
    assert browser.texts("h1") == ["Your notes"]


def test_many_notes_come_in_pages_large_and_small_light_and_dark(
    browser: Browser, url: str
) -> None:
    register(browser, url, "ada")
    for note in NOTES:
        write(browser, *note)
    browser.open(url)
    assert browser.texts("h2") == [title for title, _ in reversed(NOTES)][:8]
    browser.photograph("notes-list")
    browser.look(390, 760, "dark")
    assert wide(browser) <= 390
    browser.photograph("notes-phone")
    browser.press("Older →")
    assert browser.texts("h2") == ["Books to read", "Bread"]
    assert browser.find(".pages").text == "← Newer\nPage 2 of 2"


def wide(browser: Browser) -> int:
    """Return how wide the page is, with what hangs over."""
    return t.cast("int", browser.driver.execute_script("return document.body.scrollWidth"))


def test_files_go_up_come_down_and_may_be_too_large(
    browser: Browser, url: str, tmp_path: pathlib.Path
) -> None:
    register(browser, url, "ada")
    write(browser, *NOTES[0])
    content = bytes(range(256)) * 100
    for name, size in (("the loaf.jpg", 100), ("large.jpg", 4_000)):
        (tmp_path / name).write_bytes(bytes(range(256)) * size)

    browser.find("[name=file]").send_keys(str(tmp_path / "the loaf.jpg"))
    browser.press("Upload")
    assert browser.message() == "the_loaf.jpg is stored."
    assert browser.texts(".files li") == ["the_loaf.jpg\n25 KB\nDelete"]
    browser.look(scheme="dark")
    browser.photograph("notes-note")

    browser.find(".files a").click()
    saved = browser.driver.downloads / "the_loaf.jpg"
    browser.wait(saved.exists)
    assert saved.read_bytes() == content

    browser.find("[name=file]").send_keys(str(tmp_path / "large.jpg"))
    browser.press("Upload")
    assert browser.texts("h1") == ["Request Entity Too Large"]


def test_a_form_of_another_session_is_refused(browser: Browser, url: str) -> None:
    register(browser, url, "ada")
    browser.open(f"{url}/notes/new")
    browser.driver.execute_script("document.querySelector('main [name=csrf_token]').value = 'x'")
    browser.fill(title="Sent by", body="somebody else")
    browser.press("Save")
    assert browser.texts("h1") == ["Bad Request"]
    browser.open(url)
    assert browser.texts(".notes li") == []


def test_the_account_page_makes_a_token(browser: Browser, url: str) -> None:
    register(browser, url, "ada")
    browser.press("ada")
    browser.press("Make a new token")
    token = browser.find("#token").text
    answer = browser.driver.execute_async_script(
        "const [token, done] = arguments;"
        "fetch('/api/notes', {headers: {Authorization: `Bearer ${token}`}})"
        ".then(answer => answer.json()).then(done);",
        token,
    )
    assert answer == {"notes": [], "page": 1, "pages": 1, "total": 0}
