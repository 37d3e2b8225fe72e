"""What holds for every member of the workspace alike; uv itself notices none of it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Project = Mapping[str, Any]


def requirements(project: Project) -> Iterable[str]:
    """What a member asks for at run time, in its extras too."""
    table = project["project"]
    yield from table.get("dependencies", ())
    for extra in table.get("optional-dependencies", {}).values():
        yield from extra


def distribution(requirement: str) -> str:
    return re.split(r"[^\w-]", requirement, maxsplit=1)[0]


def test_all_members_have_one_version(members: Mapping[Path, Project]) -> None:
    versions = {project["project"]["name"]: project["project"]["version"] for project in members.values()}

    assert len(set(versions.values())) == 1, versions


def test_siblings_are_pinned_to_exactly_that_version(members: Mapping[Path, Project]) -> None:
    siblings = {project["project"]["name"]: project["project"]["version"] for project in members.values()}

    for project in members.values():
        for requirement in requirements(project):
            if (name := distribution(requirement)) in siblings:
                assert requirement.endswith(f"=={siblings[name]}"), (
                    f"{project['project']['name']} asks for {requirement!r}"
                )


def test_sources_and_dependency_groups_stand_once_at_the_root(members: Mapping[Path, Project]) -> None:
    for folder, project in members.items():
        assert project.keys() <= {"build-system", "project", "tool"}, folder
        assert project.get("tool", {}).keys() <= {"hatch"}, folder


def test_every_member_ships_its_types(members: Mapping[Path, Project]) -> None:
    for folder in members:
        for package in (folder / "src").iterdir():
            assert (package / "py.typed").is_file(), f"{package} has no py.typed"


def test_folders_of_packages_are_named_after_their_distributions(members: Mapping[Path, Project]) -> None:
    packages = {
        folder.name: project["project"]["name"]
        for folder, project in members.items()
        if folder.parent.name == "packages"
    }

    assert packages == {name: name for name in packages}
