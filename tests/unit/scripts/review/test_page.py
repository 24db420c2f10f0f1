"""The page of a review in a real browser: filters, links, widths, and names that would like to run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.map import write as write_map
from scripts.map.fleet import fleet
from scripts.project import Project
from scripts.review import page
from scripts.review.change import (
    MISSING,
    Cause,
    Change,
    ClusterPicture,
    Consequence,
    FieldChange,
    LedgerRow,
    Level,
    Node,
    ObjectChange,
    ObjectId,
    StackPicture,
    Step,
    Verdict,
)
from tests.support import browser as support
from tests.support import review_cases as cases

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
HOSTILE = "</script><script>window.hacked=1;alert(1)</script><img src=x onerror='window.hacked=1'>\"'`${1}"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with support.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("review")
    _, _, change = cases.run(cases.case("several-edits"), folder)
    file = folder / "review.html"
    file.write_text(page.write(change, "https://git.example.com/blob/1"), encoding="utf-8")
    return file


def hostile() -> Change:
    """A change in which everything foreign would like to run."""
    id_ = ObjectId(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    target = f"{HOSTILE}.{HOSTILE}"
    path = (Step("key", HOSTILE), Step("item", "name", json.dumps([HOSTILE])))
    node = Node("gateway", HOSTILE, HOSTILE, "changed")
    stack = StackPicture(target, HOSTILE, node, node, node)
    level = Level(8, 1, 2, 3, 1.5)
    return Change(
        base=HOSTILE,
        head=HOSTILE,
        objects=(
            ObjectChange(
                "changed", id_, target, HOSTILE, (FieldChange(path, HOSTILE, {HOSTILE: HOSTILE}, (0,)),)
            ),
            ObjectChange("removed", id_, target, HOSTILE, causes=(1,)),
        ),
        causes=(Cause("value", HOSTILE, 3, HOSTILE, HOSTILE, [HOSTILE]), Cause("code", files=(HOSTILE,))),
        consequences=(Consequence("x", "dangerous", HOSTILE, (HOSTILE,), (target,), HOSTILE),),
        ledger=(LedgerRow(HOSTILE, HOSTILE, "GPUs", HOSTILE, HOSTILE, level, replace(level, minimum=4)),),
        pictures=(ClusterPicture(HOSTILE, HOSTILE, HOSTILE, node, node, (stack,), {HOSTILE: HOSTILE}),),
        verdict=Verdict("dangerous", (HOSTILE,)),
        models={target: HOSTILE},
        notes=(HOSTILE,),
    )


def test_one_file_and_no_request(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        assert found.requests == [review.as_uri()]
        assert found.complaints == []
    text = review.read_text(encoding="utf-8")
    assert not re.search(
        r"""(src|href)=["'](https?:)?//""", text.partition('<script type="application/json"')[0]
    )


@pytest.mark.parametrize(("width", "height"), [(390, 844), (768, 1024), (1280, 900)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(
    width: int, height: int, scheme: str, review: Path, chromium: Browser
) -> None:
    options = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    with support.opened(chromium, review, **options) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width
        assert found.complaints == []
        background = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(15, 20, 27)") == (scheme == "dark")


def test_a_phone_shows_what_changes_in_each_stack(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review, viewport={"width": 390, "height": 844}) as found:
        assert not found.page.locator(".wide svg").first.is_visible()
        stacks = found.page.locator("figure[data-cluster=eu] .narrow svg a")
        assert stacks.first.is_visible()
        assert "changed" in (stacks.first.text_content() or "")
        box = stacks.first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    with support.opened(chromium, review, viewport={"width": 1280, "height": 900}) as found:
        assert found.page.locator(".wide svg").first.is_visible()
        assert not found.page.locator(".narrow svg").first.is_visible()


def test_the_theme_can_be_switched(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review, color_scheme="light") as found:
        button = found.page.get_by_role("button", name="Use dark colours")
        button.click()
        assert found.page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert found.page.get_by_role("button", name="Use light colours").is_visible()


def test_filters(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        tab = found.page
        groups, sentences = tab.locator("#changes > li"), tab.locator("#consequences > li")
        every = (groups.count(), sentences.count())
        tab.get_by_label("Cluster").select_option("lab")
        assert groups.count() == 1
        assert "reasoning-parser" in groups.inner_text()
        assert 0 < sentences.count() < every[1]
        assert not tab.locator("figure[data-cluster=eu]").is_visible()
        assert "cluster=lab" in tab.url
        assert tab.locator("#shown").inner_text().startswith("Shown: ")
        tab.get_by_role("button", name="Reset").click()
        assert (groups.count(), sentences.count()) == every
        tab.get_by_label("Cause").select_option("inventory/targets/eu/qwen-8b.yml")
        assert groups.count() == 1
        tab.get_by_role("button", name="Reset").click()
        tab.get_by_label("Severity").select_option("look")
        assert sentences.count() == tab.locator("#consequences > li.look").count() > 0
        tab.get_by_label("Severity").select_option("")
        tab.get_by_label("Model").select_option("meta-llama/Llama-3.3-70B-Instruct")
        assert "requests.cpu" in groups.inner_text()
        tab.get_by_role("button", name="Reset").click()
        tab.get_by_label("Text").fill("no such text")
        assert groups.count() == 0
        assert tab.locator("#changes-empty").is_visible()


def test_a_link_keeps_its_filters(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        found.page.goto(f"{review.as_uri()}#cluster=lab&severity=look")
        found.page.reload()
        assert found.page.get_by_label("Cluster").input_value() == "lab"
        assert found.page.get_by_label("Severity").input_value() == "look"


def test_the_way_to_a_section_keeps_the_filters_and_stays_in_sight(review: Path, chromium: Browser) -> None:
    for width in (1280, 900):
        with support.opened(chromium, review, viewport={"width": width, "height": 700}) as found:
            tab = found.page
            tab.goto(f"{review.as_uri()}#cluster=eu")
            tab.reload()
            tab.get_by_role("link", name="Why, and what changes").click()
            bar, title = (tab.locator(one).bounding_box() for one in ("#filters", "#title-changes"))
            assert bar is not None
            assert title is not None
            assert bar["y"] == 0
            assert bar["height"] <= title["y"] < 700
            assert tab.evaluate("location.hash") == "#cluster=eu"


def test_text_is_searched_as_it_is_shown(tmp_path: Path, chromium: Browser) -> None:
    id_ = ObjectId("lab", "", "ConfigMap", "llm", "proxy")
    field = FieldChange((Step("key", "data"),), MISSING, {"model_name": "qwen", "stream": True}, (0,))
    change = Change(
        "base",
        "head",
        (ObjectChange("changed", id_, "lab.a", "f", (field,)),),
        (Cause("value", "inventory/a.yml", 1, "litellm.modelName", "one", "two"),),
        consequences=(Consequence("x", "look", "A name goes.", ("lab",), ("lab.a",), "Keep it."),),
    )
    file = tmp_path / "text.html"
    file.write_text(page.write(change), encoding="utf-8")
    with support.opened(chromium, file) as found:
        tab = found.page
        for text, wanted in {
            '"model_name": "qwen"': (1, 0),
            "configmap data": (1, 0),
            "litellm.modelname": (1, 0),
            "keep it": (0, 1),
            "look here": (1, 1),
            "clusters": (0, 0),
            "haystack": (0, 0),
            "differs": (0, 0),
            "false": (0, 0),
        }.items():
            tab.get_by_label("Text").fill(text)
            shown = tab.locator("#changes > li").count(), tab.locator("#consequences > li").count()
            assert shown == wanted, text


def test_a_cause_filters_changes_and_says_so(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        sentences = found.page.locator("#consequences > li")
        every = sentences.count()
        found.page.get_by_label("Cause of changes").select_option("inventory/targets/eu/qwen-8b.yml")
        assert sentences.count() == every


@pytest.mark.parametrize("width", [720, 800, 1000, 1060])
def test_a_tablet_shows_the_whole_picture(width: int, review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review, viewport={"width": width, "height": 900}) as found:
        cut = (
            "[...document.querySelectorAll('.wide')].filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert found.page.evaluate(cut) == 0


def many(count: int) -> Change:
    """A change of many fields, and of more objects that each have a cause of their own."""
    id_ = ObjectId("lab", "apps", "Deployment", "llm", "a")
    fields = tuple(FieldChange((Step("key", f"f{one}"),), one, one + 1, (0,)) for one in range(40))
    others = [
        ObjectChange("added", id_._replace(name=f"b{one}"), "lab.a", "f", causes=(one,))
        for one in range(1, count)
    ]
    causes = tuple(Cause("value", f"inventory/{one}.yml", 1, "a.b", one, one + 1) for one in range(count))
    return Change("base", "head", (ObjectChange("changed", id_, "lab.a", "f", fields), *others), causes)


def test_the_keyboard_goes_on_where_more_is_shown(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "many.html"
    file.write_text(page.write(many(70)), encoding="utf-8")
    with support.opened(chromium, file) as found:
        tab = found.page
        for button, wanted in (("fields", "row"), ("of 10 more", "group")):
            tab.get_by_role("button", name=re.compile(button)).press("Enter")
            assert wanted in tab.evaluate("document.activeElement.className")
        assert tab.locator("#changes > li").count() == 70


def test_values_say_in_text_which_they_are(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "many.html"
    file.write_text(page.write(many(2)), encoding="utf-8")
    with support.opened(chromium, file) as found:
        assert found.page.locator("#changes pre").all_text_contents()[:2] == ["before: 0", "after: 1"]
        assert found.page.locator("code", has_not_text=re.compile(".")).count() == 0


def test_paper_holds_everything_and_is_light(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "many.html"
    file.write_text(page.write(many(70)), encoding="utf-8")
    with support.opened(chromium, file, color_scheme="dark") as found:
        tab = found.page
        tab.emulate_media(media="print", color_scheme="dark")
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert tab.locator("#changes > li").count() == 70
        assert tab.locator("#changes button.more").count() == 0
        assert tab.evaluate("getComputedStyle(document.querySelector('pre')).maxHeight") == "none"
        assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(27, 36, 48)"
        tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert tab.locator("#changes > li").count() == 60


def test_an_empty_review_blames_no_filter(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "none.html"
    file.write_text(page.write(Change("base", "head", (), ())), encoding="utf-8")
    with support.opened(chromium, file) as found:
        assert found.page.locator("#changes-empty").inner_text() == "Nothing."


def test_links(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        links = found.page.eval_on_selector_all("a[href^='#']", "all => all.map(a => a.getAttribute('href'))")
        assert links
        for link in set(links):
            assert found.page.locator(link).count() == 1, link
        source = found.page.locator("#changes a.code").first.get_attribute("href")
        assert source == "https://git.example.com/blob/1/inventory/classes/accelerators/h100-sxm.yml#L8"
        found.page.locator("svg a").first.click()
        assert found.page.get_by_label("Model").input_value()


def test_the_keyboard_reaches_everything(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        tab = found.page
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == "Skip to the filters"
        seen = set()
        for _ in range(80):
            tab.keyboard.press("Tab")
            seen.add(tab.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert {
            "theme",
            "filter-cluster",
            "filter-model",
            "filter-severity",
            "filter-cause",
            "filter-text",
        } <= seen
        unnamed = tab.evaluate(
            "[...document.querySelectorAll('select, input, button, svg[role=img]')]"
            ".filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim())).length"
        )
        assert unnamed == 0


def test_hostile_names_stay_text(tmp_path: Path, chromium: Browser) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(page.write(hostile()), encoding="utf-8")
    with support.opened(chromium, file) as found:
        tab = found.page
        assert tab.evaluate("window.hacked") is None
        assert found.complaints == []
        assert tab.locator("img, iframe, object").count() == 0
        assert tab.locator("script").count() == 2
        assert HOSTILE in tab.locator("#changes").inner_text()
        tab.locator("svg a").first.click()
        assert tab.get_by_label("Model").input_value() == HOSTILE
        assert tab.evaluate("window.hacked") is None


def test_only_our_script_may_run(review: Path, chromium: Browser) -> None:
    with support.opened(chromium, review) as found:
        found.page.evaluate(
            "const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s)"
        )
        assert found.page.evaluate("window.hacked") is None
        assert any("Content Security Policy" in line for line in found.complaints)


def test_the_map(tmp_path: Path, chromium: Browser) -> None:
    tree = cases.tree(tmp_path / "fleet")
    file = tmp_path / "map.html"
    file.write_text(write_map.page(fleet(Project(tree.folder))), encoding="utf-8")
    with support.opened(chromium, file, viewport={"width": 390, "height": 844}) as found:
        tab = found.page
        assert found.complaints == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        assert tab.locator("#stacks tr").count() == 4
        tab.get_by_label("Cluster").select_option("lab")
        assert tab.locator("#stacks tr").count() == 2


def test_data_cannot_end_its_element() -> None:
    text = page.embedded({"a": "</script><!-- & \u2028"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}
