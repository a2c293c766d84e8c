"""Sites that screen uploads, built by the pages about them and run for real in front of a running node."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from staydown.project.demo.platform import free_port
from tests import pictures
from tests.environment import clean
from tests.journeys.protocols import pages
from tests.journeys.protocols.house import House
from tests.screening.nodes import eventually

pytestmark = pytest.mark.journey

PICTURE = pictures.pattern(4711)
BANKED = pictures.encoded(PICTURE, "PNG")
COPY = pictures.encoded(PICTURE.resize((400, 300)), quality=50)
OTHER = pictures.encoded(pictures.pattern(4712))
WORDS = b"%PDF-1.7 words and no picture"
NOBODY = "http://127.0.0.1:9"  # the port of the discard protocol, on which nobody listens

SERVED = """
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
site = get_wsgi_application()
call_command("migrate", run_syncdb=True, verbosity=0)
"""
SETTINGS = """
SECRET_KEY, ALLOWED_HOSTS, ROOT_URLCONF, USE_TZ = "of a test", ["*"], "shop.urls", True
INSTALLED_APPS, DATABASES = ["shop"], {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "rows.sqlite3"}}
MEDIA_ROOT, DEFAULT_AUTO_FIELD = "media", "django.db.models.BigAutoField"
"""
URLS = """
from django.forms import modelform_factory
from django.http import JsonResponse
from django.urls import path
from staydown.errors import UploadError
from shop.models import Photo

def by_form(request):
    form = modelform_factory(Photo, fields=["file"])(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse({"codes": [error.code for error in form.errors.as_data()["file"]]}, status=400)
    form.save()
    return JsonResponse({"photos": Photo.objects.count()})

def past_every_form(request):
    try:
        Photo.objects.create(file=request.FILES["file"])
    except UploadError as error:
        return JsonResponse({"codes": [error.code]}, status=400)
    return JsonResponse({"photos": Photo.objects.count()})

urlpatterns = [path("form", by_form), path("storage", past_every_form)]
"""

APPS = "wagtail.images wagtail.documents wagtail.users wagtail.admin wagtail modelsearch modelcluster taggit"
APPS += " django.contrib.auth django.contrib.contenttypes django.contrib.sessions django.contrib.messages"
WAGTAIL = f"""
SECRET_KEY, ALLOWED_HOSTS, ROOT_URLCONF, USE_TZ, LANGUAGE_CODE = "of a test", ["*"], "desk.urls", True, "en"
INSTALLED_APPS = "{APPS} django.contrib.staticfiles".split()
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "rows.sqlite3"}}}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT, STATIC_URL, DEFAULT_AUTO_FIELD = "media", "/static/", "django.db.models.BigAutoField"
MODELSEARCH_BACKENDS = WAGTAILSEARCH_BACKENDS = {{"default": {{"BACKEND": "modelsearch.backends.database.fallback"}}}}
WAGTAIL_SITE_NAME, WAGTAILADMIN_BASE_URL, WAGTAILDOCS_SERVE_METHOD = "desk", "http://desk.example", "direct"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
MIGRATION_MODULES = {{name.rpartition(".")[2]: None for name in INSTALLED_APPS}} | {{"wagtailcore": None}}
MIGRATION_MODULES |= {{f"wagtail{{name}}": None for name in ("images", "docs", "users", "admin")}}
PROCESSORS = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
              "django.contrib.messages.context_processors.messages"]
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {{"context_processors": PROCESSORS}}}}]
"""
WAGTAIL_URLS = """
from django.http import HttpResponse
from django.urls import include, path
from wagtail.admin import urls
from wagtail.images import get_image_model
count = lambda request: HttpResponse(str(get_image_model().objects.count()))
urlpatterns = [path("count", count), path("admin/", include(urls))]
"""
EDITOR = """
from django.contrib.auth.models import User
from wagtail.models import Collection
User.objects.create_superuser("ed", password="of a test")
Collection.add_root(name="Root")
"""


@pytest.fixture(scope="module")
def node(house: House) -> dict[str, str]:
    """Where a node is that blocks `BANKED`, and the key for it."""
    with house.web("curator") as web:
        assert web.post("/c/banks", json={"name": "SITES"}).status_code == 201
        assert web.post("/c/bank/SITES/content", files={"photo": BANKED}).status_code == 200
    with house.web("everything") as web:
        eventually(
            lambda: web.post("/v1/screen?status=1", files={"file": BANKED}).status_code == 451,
        )
    return {"STAYDOWN": house.url, "KEY": house.keys["everything"]}


@contextmanager
def serving(folder: Path, *command: str, port: int, **settings: str) -> Iterator[httpx.Client]:
    """A client of the program that ``command`` starts in ``folder``, once it takes connections at ``port``."""
    environment = {**clean(), "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", **settings}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as web:
            eventually(lambda: process.poll() is not None or answers(web), seconds=60)
            assert process.poll() is None, (folder / "log").read_text()
            yield web
    finally:
        process.terminate()
        process.wait(timeout=30)


def answers(web: httpx.Client) -> bool:
    """Whether somebody listens."""
    try:
        web.get("/")
    except httpx.TransportError:
        return False
    return True


def program(page: str, part: str) -> str:
    """The one block of a page in which ``part`` stands."""
    (found,) = [block for block in pages.commands(page) if part in block]
    return found


def posted(web: httpx.Client, data: bytes, path: str = "/photos", part: str = "photo") -> httpx.Response:
    return web.post(path, files={part: ("a.jpg", data)}, data={} if part == "file" else {"title": "mine"})


def test_an_asgi_site(tmp_path, node):
    (tmp_path / "gallery.py").write_text(program("python-sites.md", "from staydown.platforms.asgi"))
    command = program("python-sites.md", "uvicorn gallery:app").split()
    assert command[-2:] == ["--port", "8100"]
    port = free_port()
    uvicorn = [sys.executable, "-m", *command[:-1], str(port)]
    with serving(tmp_path, *uvicorn, port=port, **node) as web:
        assert posted(web, OTHER).text == f"published {len(OTHER)} bytes, mine"
        assert posted(web, WORDS).text == f"published {len(WORDS)} bytes, mine"
        for data in (BANKED, COPY):
            assert posted(web, data).json()["code"] == "upload_refused"
        assert posted(web, BANKED[:5000]).json()["code"] == "upload_unchecked"
    with serving(tmp_path, *uvicorn, port=port, **{**node, "STAYDOWN": NOBODY}) as web:
        assert posted(web, OTHER).status_code == 503


def test_a_wsgi_site(tmp_path, node):
    (tmp_path / "album.py").write_text(program("python-sites.md", "from staydown.platforms.wsgi"))
    port = free_port()
    with serving(tmp_path, *wsgi("album.app", port), port=port, **node) as web:
        assert posted(web, OTHER).text.startswith("published ")
        assert [posted(web, data).status_code for data in (BANKED, COPY)] == [451, 451]


def test_a_django_site(tmp_path, node):
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "__init__.py").touch()
    (shop / "settings.py").write_text(program("django.md", "STAYDOWN_SCREENING = ") + SETTINGS)
    (shop / "models.py").write_text(program("django.md", "validate_upload"))
    (shop / "urls.py").write_text(URLS)
    settings = {**node, "DJANGO_SETTINGS_MODULE": "shop.settings"}
    pages.started([program("django.md", "printf").splitlines()[-1]], tmp_path, **settings)
    (tmp_path / "served.py").write_text(SERVED)
    port = free_port()
    with serving(tmp_path, *wsgi("served.site", port), port=port, **settings) as web:
        for at, path in enumerate(("/form", "/storage"), start=1):
            assert posted(web, OTHER, path, "file").json() == {"photos": at}
            for data in (BANKED, COPY):
                assert posted(web, data, path, "file").json() == {"codes": ["upload_refused"]}
            assert posted(web, BANKED[:5000], path, "file").json() == {"codes": ["upload_unchecked"]}
    assert sorted(each.read_bytes() for each in (tmp_path / "media").iterdir()) == [OTHER, OTHER]


def test_a_wagtail_site(tmp_path, node):
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "__init__.py").touch()
    own = program("django.md", "STAYDOWN_SCREENING = ") + "\n" + program("wagtail.md", "WAGTAILIMAGES_IMAGE_FORM_BASE")
    (desk / "settings.py").write_text(own + WAGTAIL)
    (desk / "urls.py").write_text(WAGTAIL_URLS)
    (tmp_path / "screen.key").write_text(node["KEY"])
    settings = {**node, "DJANGO_SETTINGS_MODULE": "desk.settings"}
    (tmp_path / "served.py").write_text(SERVED + EDITOR)
    port = free_port()
    with serving(tmp_path, *wsgi("served.site", port), port=port, **settings) as web:
        web.get("/admin/login/")
        web.headers["x-csrftoken"] = web.cookies["csrftoken"]
        assert web.post("/admin/login/", data={"username": "ed", "password": "of a test"}).status_code == 302
        for at, path in enumerate(("/admin/images/add/", "/admin/images/multiple/add/"), start=1):
            for data in (BANKED, COPY, OTHER):
                said = uploaded(web, path, data)
                assert ("may not be published here" in said) is (data != OTHER)
            assert web.get("/count").text == str(at)


def uploaded(web: httpx.Client, path: str, data: bytes) -> str:
    """What an editor reads who uploads an image: on a page, or from the form for many."""
    part = "files[]" if "multiple" in path else "file"
    headers = {"x-csrftoken": web.cookies["csrftoken"]}
    headers |= {"x-requested-with": "XMLHttpRequest"} if "multiple" in path else {}
    sent = {"title": "mine", "collection": "1"}
    name = "a.png" if data == BANKED else "a.jpg"
    return web.post(path, data=sent, files={part: (name, data)}, headers=headers, follow_redirects=True).text


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, as the workers of an nginx that root started are nobody."""
    with tempfile.TemporaryDirectory(prefix="staydown-nginx-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def test_nginx_by_the_commands_of_the_page(open_folder, node):
    (open_folder / "album.py").write_text(program("python-sites.md", "from staydown.platforms.wsgi"))
    program_port, port = free_port(), free_port()
    settings = {**node, "PROGRAM": f"http://127.0.0.1:{program_port}", "PORT": str(port), "PATH": os.environ["PATH"]}
    settings["PATH"] += ":/usr/sbin"
    blocks = [block for block in pages.commands("nginx.md") if "nginx" in block or "proxy_set_header" in block]
    config, start = "\n".join(line for line in blocks[0].splitlines() if not line.startswith("export ")), blocks[-1]
    with serving(open_folder, *wsgi("album.site", program_port), port=program_port, **node):
        pages.started([config, start], open_folder, **settings)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as web:
                refused = {451: (BANKED, COPY), 422: (WORDS, BANKED[:5000])}
                for status, files in refused.items():
                    assert [posted(web, data, part="file").status_code for data in files] == [status] * len(files)
                sent = web.build_request("POST", "/photos", files={"file": ("a.jpg", OTHER)})
                assert web.send(sent).text == f"published {sent.headers['content-length']} bytes"
                assert web.get("/photos").text == "published 0 bytes"  # what uploads nothing is not screened
                file = open_folder / "nginx.conf"
                file.write_text(
                    file.read_text().replace(node["STAYDOWN"], NOBODY).replace("# error_page", "error_page")
                )
                assert posted(web, COPY, part="file").status_code == 451  # it still runs by what it read before
                pages.started([f"{start} -s reload"], open_folder, **settings)
                eventually(lambda: posted(web, COPY, part="file").text.startswith("published"))
        finally:
            pages.started([f"{start} -s stop"], open_folder, **settings)


def test_a_service_that_makes_pictures(tmp_path, node):
    code = tmp_path / "service.py"
    code.write_text(program("image-generators.md", "GenerationGate"))
    for name, data, said in (("other", OTHER, f"made {len(OTHER)} bytes"), ("copy", COPY, "refused upload_refused")):
        (tmp_path / name).write_bytes(data)
        done = pages.started([f'"{sys.executable}" service.py {name}'], tmp_path, **node)
        assert done == [said]


def wsgi(app: str, port: int) -> list[str]:
    """A server for the WSGI program ``app``, a name in a module."""
    module, _, name = app.partition(".")
    code = f"import {module}; from wsgiref.simple_server import make_server as made"
    return [sys.executable, "-c", f"{code}; made('127.0.0.1', {port}, {module}.{name}).serve_forever()"]
