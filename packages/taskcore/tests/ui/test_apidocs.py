"""The pages that show an API: out of this package alone. Faces prove that theirs are drawn."""

import tomllib
from hashlib import sha256
from importlib.resources import files

VENDOR = files("taskcore.ui.apidocs") / "static/vendor"


def test_vendored_files_are_what_their_manifest_says_with_their_licences() -> None:
    manifest = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))
    named = {file["name"]: file["sha256"] for package in manifest["package"] for file in package["file"]}

    there = {
        file.name: sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir() if file.name != "VENDOR.toml"
    }

    assert named == there
    for package in manifest["package"]:
        assert package["licence"]
        assert any("LICENSE" in file["name"] for file in package["file"]), package["name"]
