"""What browsers are sent: the files of others as they came, small enough, and never older than the page."""

import gzip
import tomllib
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePosixPath

import pytest
from starlette.testclient import TestClient
from taskcore.ui import Dashboard
from taskcore.ui.assets import Assets
from taskcore.ui.source import DashboardSource

STATIC = files("taskcore.ui") / "static"
RAW, FIRST_LOAD, MODULE = 250_000, 75_000, 4_096


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(STATIC)


@pytest.fixture
def client() -> TestClient:
    return TestClient(Dashboard(DashboardSource(system="demo")))


def test_vendored_files_are_what_their_manifest_says() -> None:
    manifest = tomllib.loads((STATIC / "vendor/VENDOR.toml").read_text(encoding="utf-8"))
    named = {file["name"]: file["sha256"] for package in manifest["package"] for file in package["file"]}

    there = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in (STATIC / "vendor").iterdir()
        if file.name != "VENDOR.toml"
    }

    assert named == there


def test_each_vendored_package_names_its_licence_and_ships_its_text() -> None:
    manifest = tomllib.loads((STATIC / "vendor/VENDOR.toml").read_text(encoding="utf-8"))

    for package in manifest["package"]:
        assert package["licence"]
        assert package["url"].startswith("https://registry.npmjs.org/")
        assert any("LICENSE" in file["name"] for file in package["file"]), package["name"]


def test_all_files_together_stay_within_the_budget(assets: Assets) -> None:
    assert RAW >= sum(len(asset.body) for asset in assets.files.values())


def test_a_first_page_loads_within_the_budget(client: TestClient, assets: Assets) -> None:
    page = client.get("/settings").text
    loaded = {name for name in assets.files if f"/{name}" in page}

    assert {"vendor/htmx.min.js", "js/shell.js", "css/tokens.css"} <= loaded
    size = sum(len(assets.files[name].packed) for name in loaded) + len(gzip.compress(page.encode()))
    assert FIRST_LOAD >= size


def test_each_module_of_ours_fits_into_a_head(assets: Assets) -> None:
    sizes = {name: len(asset.body) for name, asset in assets.files.items() if PurePosixPath(name).parent.name == "js"}

    assert {} == {name: size for name, size in sizes.items() if size > MODULE}


def test_a_file_is_kept_for_ever_under_the_digest_of_all_and_not_at_all_under_another(
    client: TestClient, assets: Assets
) -> None:
    current = client.get(f"{assets.root}/js/shell.js")
    older = client.get("/static/000000000000/js/shell.js")

    assert "public, max-age=31536000, immutable" == current.headers["Cache-Control"]
    assert "no-cache" == older.headers["Cache-Control"]
    assert current.content == older.content


def test_a_file_is_sent_compressed_only_to_those_who_ask(client: TestClient, assets: Assets) -> None:
    packed = client.get(f"{assets.root}/css/frame.css", headers={"Accept-Encoding": "gzip"})
    plain = client.get(f"{assets.root}/css/frame.css", headers={"Accept-Encoding": "identity"})

    assert "gzip" == packed.headers["Content-Encoding"]
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "js/../../app.py", "vendor/VENDOR.toml", "nothing.js"])
def test_nothing_else_of_the_package_is_served(client: TestClient, assets: Assets, name: str) -> None:
    assert 404 == client.get(f"{assets.root}/{name}").status_code
