"""Every sentence of the portal can be translated, a language is chosen by the address, and the English is plain."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import polib
import pytest
from django.conf import settings as configured
from django.test import Client
from django.utils.translation import override, trans_real

from staydown.apps.cases.actions.asking import ask_reporter
from staydown.apps.cases.models import Report
from staydown.apps.ui.templatetags.ui import of_law
from tests import factories as make
from tests.apps.portal.walking import ANSWERS, Walk

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[3]
TOLD = ["/", "/safety/", "/status/", "/help/", "/under-18/", "/appeal/", "/nowhere/"]
#: What stays as it is in every language: names, commands, what a person typed, and laws in their own words.
NAMES = re.compile(
    r"StopNCII\.org|Revenge Porn Helpline|eSafety Commissioner|Hotline\.ie|Report Remove|Take It Down|INHOPE|staydown"
    r"|CyberTipline|Cybertip\.ca|jugendschutz\.net|Stopline|cybercrime\.gov\.in"
    r"|This platform|English|hash --json|picture\.jpg|https?://\S+|platform\.test\S*"
)


class Texts(HTMLParser):
    """The texts of a page that a person can read, without what is marked as being in one language."""

    QUIET = ("script", "style", "bdi", "code", "q")
    VOID = ("meta", "link", "input", "br", "img", "hr", "path")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        if tag in self.VOID:
            return
        given = dict(attrs)
        quiet = tag in self.QUIET or ("lang" in given and tag != "html") or "receipt" in (given.get("class") or "")
        self._open.append((tag, quiet))
        self.found += [given[name] for name in ("aria-label", "data-done", "data-leaving") if given.get(name)]

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not any(quiet for _tag, quiet in self._open):
            self.found.append(data.strip())


class Marked(dict):
    """A catalogue that has every sentence, as itself in brackets."""

    def get(self, key, default=None):
        return f"⟦{key}⟧" if key else ""

    def plural(self, key, number):
        return f"⟦{key}⟧"

    def __getitem__(self, key):
        return self.get(key)


@pytest.fixture
def marked(settings, monkeypatch):
    """A language that is nothing but marks."""
    settings.LANGUAGES = [*settings.LANGUAGES, ("ar", "العربية")]
    catalogue = trans_real.translation("ar")
    monkeypatch.setattr(catalogue, "_catalog", Marked())


def unmarked(page: str) -> list[str]:
    """The texts of a page with words outside of any mark."""
    reader = Texts()
    reader.feed(page)
    left = [NAMES.sub("", without_marks(text)) for text in reader.found]
    return [text for text in left if re.search(r"[A-Za-z]{4,}", text)]


def without_marks(text: str) -> str:
    """What is left of a text without the marked parts, of which one can stand inside another."""
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = less
    return text


@pytest.mark.parametrize("path", TOLD)
def test_every_sentence_of_a_page_that_tells_can_be_translated(client, marked, path):
    page = client.get(f"/ar{path}").content.decode()
    assert 'dir="rtl"' in page
    assert "⟦" in page
    assert unmarked(page) == []


class There(Walk):
    """Walks in another language."""

    def __init__(self, client: Client, language: str = "ar") -> None:
        self.client = client
        self.address = f"/{language}/report/"
        self.response = client.get(self.address)

    def post(self, **fields: str) -> Walk:
        """Post exactly these fields."""
        self.response = self.client.post(self.address, fields)
        return self


def test_every_question_can_be_translated(client, marked):
    walk = There(client)
    while 'name="step"' in walk.text:
        assert unmarked(walk.response.content.decode()) == [], walk.step
        walk.answer(**ANSWERS[walk.step])
    walk.press("send")
    assert unmarked(walk.response.content.decode()) == []
    assert 'action="/ar/status/"' in walk.response.content.decode()


def test_the_report_itself_can_be_translated(client, marked, bea):
    sent = make.submitted(links=["https://platform.test/a"], language="ar")
    ask_reporter(sent.report, bea, text="1?")
    for go in ("", "withdraw", "delete", "add"):
        page = client.post("/ar/status/", {"code": sent.code, "go": go}).content.decode()
        assert unmarked(page.replace("picture 1", "")) == [], go


def test_without_a_prefix_it_is_english_whatever_the_browser_says(client):
    page = client.get("/", headers={"accept-language": "ar"})
    assert page["Content-Language"] == "en-gb"
    assert 'dir="ltr"' in page.content.decode()
    assert not client.cookies


def test_a_language_that_is_not_whole_is_not_offered(client):
    assert client.get("/xx/").status_code == 404
    assert client.get("/tlh/report/").status_code == 404


def test_the_choice_leads_to_the_same_page_and_is_not_offered_where_answers_would_be_lost(client, marked):
    page = client.get("/help/").content.decode()
    assert 'href="/ar/help/"' in page
    page = client.get("/ar/help/").content.decode()
    assert 'href="/help/" lang="en-gb"' in page
    walk = There(client)
    before_main, main = walk.text.split("<main")
    assert 'class="languages"' in main, "outside of it, it would stay while the page's script goes from step to step"
    assert 'class="languages"' not in before_main + main.split("</main>")[1]
    walk.answer(minor="no")
    assert 'class="languages"' not in walk.text
    assert not client.cookies


@pytest.mark.parametrize("code", ["en", *(code for code, _name in configured.LANGUAGES[1:])])
def test_the_button_that_takes_a_report_back_is_named_as_it_is_called(client, code):
    sent = make.submitted()
    address = "/status/" if code == "en" else f"/{code}/status/"
    page = client.post(address, {"code": sent.code, "go": "withdraw"}).content.decode()
    button = re.search(r'value="withdraw-now">(.*?)</button>', page)[1]
    assert re.search(rf"[“„«]\s?{button}\s?[”“»]", page), "two buttons are red, so that red names neither"


@pytest.mark.parametrize("path", ["/", "/help/", "/report/", "/appeal/", "/nowhere/"])
def test_the_name_of_the_service_leads_to_the_start_in_the_same_language(client, path):
    assert '<a class="top__name" href="/ar/">' in client.get(f"/ar{path}").content.decode()
    assert '<a class="top__name" href="/">' in client.get(path).content.decode()


def test_the_way_out_is_the_same_in_every_language(client, marked):
    assert 'href="/leave/"' in client.get("/ar/").content.decode()
    assert client.get("/ar/leave/")["Location"] == configured.STAYDOWN_EXIT_URL


# Plain words ---------------------------------------------------------------------------------------------------------


def syllables(word: str) -> int:
    """About how many syllables an English word has."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    return max(1, groups - (word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1))


def grade(text: str) -> float:
    """The Flesch-Kincaid grade: the years of school that a text asks for."""
    sentences = [each for each in re.split(r"[.!?:]+(?:\s|$)", text) if re.search("[A-Za-z]", each)]
    words = re.findall(r"[A-Za-z][A-Za-z’'-]*", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_measure_tells_plain_from_hard():
    assert grade("The cat sat on the mat. It was warm.") < 2
    assert (
        grade("Notwithstanding jurisdictional considerations, applicants must substantiate their identification.") > 15
    )


def read(page: str) -> str:
    """What a page says in its main part, each block of it as a sentence."""
    main = re.sub(r"<(script|template|svg)\b.*?</\1>", " ", page.split("<main")[1].split("</main>")[0], flags=re.DOTALL)
    main = re.sub(r'<(span|div)[^>]*\blang="en".*?</\1>', " ", main, flags=re.DOTALL)
    blocks = re.split(r"</?(?:p|li|h\d|label|dt|dd|button|div|summary|legend|a|figcaption)\b[^>]*>", main)
    texts = [" ".join(html.unescape(re.sub(r"<[^>]*>", "", each)).split()) for each in blocks[1:]]
    return " ".join(each if each[-1] in ".!?:" else f"{each}." for each in texts if each)


@pytest.mark.parametrize("path", [path for path in TOLD if path != "/appeal/"])
def test_pages_that_tell_are_read_with_six_years_of_school(client, path):
    text = read(client.get(path).content.decode())
    assert grade(text) <= 6, (round(grade(text), 1), text)


def test_the_questions_and_the_answers_to_them_are_as_plain(client, bea):
    walk, texts = Walk(client), []
    while 'name="step"' in walk.text:
        if walk.step != "statements":
            texts.append(read(walk.response.content.decode()))
        walk.answer(**ANSWERS[walk.step])
    walk.press("send")
    texts.append(read(walk.response.content.decode()))
    sent = make.submitted()
    make.decided(sent.case, bea)
    texts += [read(client.post("/status/", {"code": sent.code, "go": go}).content.decode()) for go in ("", "withdraw")]
    assert {text[:40]: round(grade(text), 1) for text in texts if grade(text) > 6} == {}


# The languages that are there -----------------------------------------------------------------------------------------

CATALOGUES = sorted(Path(configured.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/django.po"))
HOLES = re.compile(r"\{\w+\}|%\(\w+\)s")


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-3])
def test_a_catalogue_is_whole_compiled_and_keeps_what_is_filled_in(file):
    entries = polib.pofile(str(file))
    assert [each.msgid for each in entries if not each.translated() or each.fuzzy] == []
    for each in entries:
        for text in each.msgstr_plural.values() or [each.msgstr]:
            assert sorted(HOLES.findall(text)) == sorted(HOLES.findall(each.msgid)), each.msgid
    compiled = polib.mofile(str(file.with_suffix(".mo")))
    assert {each.msgid: each.msgstr for each in compiled} == {each.msgid: each.msgstr for each in entries}, (
        "run `make messages`"
    )


def test_what_reporters_read_of_the_laws_is_collected_and_translated():
    generated = spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = module_from_spec(generated)
    generated.loader.exec_module(generate)
    collected = (Path(configured.LOCALE_PATHS[0]) / "laws.txt").read_text("utf-8")
    assert collected == generate.laws_sentences(), "run `make docs`, then translate what is new"
    wanted = set(re.findall(r'{% translate "(.*)" %}', collected))
    assert len(wanted) > 20
    for file in CATALOGUES:
        assert wanted - {each.msgid for each in polib.pofile(str(file))} == set(), file.parts[-3]


@pytest.mark.parametrize("code", ["es", "fr", "de", "ar", "ko", "hi"])
def test_each_language_of_the_portal_is_offered_and_says_which_it_is(client, code):
    page = client.get(f"/{code}/").content.decode()
    assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in page
    assert not client.cookies
    assert f'href="/{code}/help/"' in client.get("/help/").content.decode()


def test_a_law_s_sentence_without_a_translation_is_marked_as_english(settings):
    with override("de"):
        assert of_law("Sign the request by typing your name.").startswith("Unterschreiben Sie")
        assert (
            of_law("An operator's <own> law.") == '<bdi lang="en" dir="ltr">An operator&#x27;s &lt;own&gt; law.</bdi>'
        )
    with override("en-gb"):
        assert of_law("An operator's own law.") == "An operator's own law."


def test_days_are_written_as_the_language_writes_them(client):
    sent = make.submitted(language="ko")
    page = client.post("/ko/status/", {"code": sent.code}).content.decode()
    assert re.search(r">20\d\d년 \d+월 \d+일</time>", page)


def test_in_spanish_a_report_is_sent_from_the_first_page_to_the_receipt(client):
    assert "Haz que se retire una imagen privada" in client.get("/es/").content.decode()
    walk = There(client, "es").sent()
    assert walk.heading == "Tu denuncia se envió"
    assert Report.objects.get().language == "es"
    page = client.post("/es/status/", {"code": walk.code}).content.decode()
    assert "Recibimos tu denuncia." in page
    assert "esperando una decisión" in page


def test_in_arabic_the_page_runs_from_right_to_left_and_codes_and_links_do_not(client):
    page = client.get("/ar/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    walk = There(client).sent()
    assert walk.heading == "أرسل بلاغك"
    page = client.post("/ar/status/", {"code": walk.code}).content.decode()
    assert '<bdi dir="ltr">https://platform.test/posts/8231</bdi>' in page
    assert "استلمنا بلاغك." in page
