"""The tool that checks accessibility is the one that its manifest names."""

import tomllib
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "vendor"


def test_vendored_files_are_what_their_manifest_says() -> None:
    manifest = tomllib.loads((FOLDER / "VENDOR.toml").read_text(encoding="utf-8"))
    named = {file["name"]: file["sha256"] for package in manifest["package"] for file in package["file"]}

    there = {
        file.name: sha256(file.read_bytes()).hexdigest() for file in FOLDER.iterdir() if file.name != "VENDOR.toml"
    }

    assert named == there
