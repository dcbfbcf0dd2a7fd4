"""The status page is safe to open, and anybody can read it."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import cast

import pytest
from faust.types import TP

from processors import status_page
from processors.app import Web
from processors.projector import SinkState
from tests.support.pages import ANSWERS, Page, Worker, serving, worked

HOSTILE = "<hostile id=x>&\"'"


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with serving() as serves:
        yield serves


async def test_no_text_becomes_markup() -> None:
    """Whatever a topic, a program, a sink or an error is called stands there as it is written."""
    async with serving(worker_id=HOSTILE) as worker:
        status = worker.status
        status.kind = HOSTILE
        worker.consumer.next_offsets = worker.consumer.ends = {TP(HOSTILE, 0): 1}
        status.count({f"declined {HOSTILE}": 1, HOSTILE: 1})
        status.details |= {
            HOSTILE: lambda: HOSTILE,
            "list": lambda: [HOSTILE],
            HOSTILE * 2: lambda: 1,
        }
        status.obstacles.append(lambda: HOSTILE)
        status.sinks.append(SinkState(HOSTILE, error=HOSTILE, failing_since=0.0))
        status.went_wrong(HOSTILE)
        page = await worker.page()
        assert page.all("hostile") == []
        assert page.text.count(HOSTILE) == 18
        assert (await worker.get("/metrics")).status == 200


@pytest.mark.parametrize(
    "path", ["/table", "/table/", "/table/accounts/", "/router", "/router/", "/stats", "/metrics/x"]
)
async def test_no_page_of_faust(worker: Worker, path: str) -> None:
    """What Faust would show of tables, routes and itself is not there."""
    assert (await worker.get(path)).status == 404


async def test_only_this_machine_reaches_the_pages(worker: Worker) -> None:
    """By default the server listens on 127.0.0.1 alone, not on Faust's 0.0.0.0."""
    web = cast("Web", worker.consumer.app.web)
    assert [host for host, _ in web._runner.addresses] == ["127.0.0.1"]


async def test_nobody_can_write(worker: Worker) -> None:
    """Every page is for reading only."""
    for path in ANSWERS:
        assert (await worker.session.post(path)).status == 405


@pytest.mark.parametrize("path", [*ANSWERS, "/missing"])
async def test_security_headers(worker: Worker, path: str) -> None:
    """Every answer, a 404 too, says that nothing may be guessed, framed, kept or loaded."""
    headers = (await worker.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert headers["Server"] == "laurel"


async def test_the_policy_lets_only_the_page_itself_work(worker: Worker) -> None:
    """Style and script are allowed by their hash, nothing in attributes; nothing comes from outside."""
    worked(worker.status)
    answer = await worker.get("/")
    text = await answer.text()
    policy = answer.headers["Content-Security-Policy"]
    for element in ("style", "script"):
        (inline,) = re.findall(f"<{element}>(.*?)</{element}>", text, re.DOTALL)
        digest = b64encode(sha256(inline.encode()).digest()).decode()
        assert f"; {element}-src 'sha256-{digest}';" in policy
    page = Page(text)
    attributes = [(name, value) for _, each in page.elements for name, value in each.items()]
    assert [name for name, _ in attributes if name == "style" or name.startswith("on")] == []
    links = {value for name, value in attributes if name in ("href", "src")}
    assert {link for link in links if link and not link.startswith("data:")} == set(ANSWERS) - {"/"}


async def test_everybody_can_read_the_page(worker: Worker) -> None:
    """It has a language, one heading, landmarks, named sections and pictures, headed columns."""
    worked(worker.status)
    page = await worker.page()
    assert page.all("html") == [{"lang": "en"}]
    assert {tag: len(page.all(tag)) for tag in ("h1", "header", "main", "footer", "nav")} == {
        "h1": 1,
        "header": 1,
        "main": 1,
        "footer": 1,
        "nav": 1,
    }
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    names = [each.get("aria-label", each.get("aria-labelledby")) for each in page.all("section")]
    assert names == [
        "pace-title",
        "outcomes-title",
        "Details",
        "troubles-title",
        "partitions-title",
    ]
    assert {name for name in names if name and name.endswith("-title")} < set(ids)
    assert all(each.get("scope") in ("col", "row") for each in page.all("th"))
    assert all("aria-label" in each or "aria-hidden" in each for each in page.all("svg"))
    assert "width=device-width" in str(page.all("meta"))


async def test_the_page_refreshes_without_scripts(worker: Worker) -> None:
    """A browser without scripts is told to come again; one with them ignores it."""
    page = await worker.page()
    at = page.elements.index(("noscript", {}))
    assert page.elements[at + 1] == ("meta", {"http-equiv": "refresh", "content": "5"})


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out(scheme: int) -> None:
    """Each colour of text has a contrast of 4.5 to each ground it stands on (WCAG 2, AA)."""
    page = Path(status_page.__file__).with_name("status_page.html").read_text()
    palette = dict(re.findall(r"--([\w-]+): (#\w{6})", page.split(":root {")[scheme + 1]))
    pairs = [
        *product(("ink", "quiet"), ("ground", "card", "good-soft", "bad-soft")),
        *product(("good", "warn", "bad"), ("card",)),
        ("ink", "rail"),
    ]
    for text, ground in pairs:
        low, high = sorted(_luminance(palette[name]) for name in (text, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{text} on {ground}"
