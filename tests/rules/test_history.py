"""The history can be read: short subjects of commits, and a changelog by Added, Changed, Fixed."""

import re
from typing import Any

import pytest
import yaml
from pre_commit.languages import pygrep

from tests.rules.source_tree import REPOSITORY

SECTIONS = ("Added", "Changed", "Fixed")


def hooks() -> dict[str, dict[str, Any]]:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert "commit-msg" in config["default_install_hook_types"]
    return {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("s" * 72 + "\n\n" + "The why may have longer lines than that. " * 3, 0),
        ("s" * 73 + "\n\nThe why.\n", 1),
        ("s" * 73, 1),
        ("é" * 36, 0),
    ],
)
def test_the_hook_refuses_a_long_subject(message: str, status: int, tmp_path: Any) -> None:
    hook = hooks()["subject"]
    assert (hook["language"], hook["stages"]) == ("pygrep", ["commit-msg"])
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    assert pygrep.main([*hook["args"], hook["entry"], str(file)]) == status


def wrong_in_changelog(text: str) -> list[str]:
    """Return versions whose changes are not under Added, Changed, Fixed, in this order."""
    wrong = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        version, _, body = part.partition("\n")
        before, *sections = re.split(r"^### ", body, flags=re.MULTILINE)
        titles = [section.partition("\n")[0] for section in sections]
        if not titles or titles != [title for title in SECTIONS if title in titles]:
            wrong.append(f"{version}: {titles}")
        if re.search(r"^- ", before, re.MULTILINE):
            wrong.append(f"{version}: changes before the first section")
        wrong += [
            f"{version}: nothing under {title}"
            for title, section in zip(titles, sections, strict=True)
            if not re.search(r"^- ", section, re.MULTILINE)
        ]
    return wrong


def test_the_changelog_has_its_sections() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## " in text
    assert wrong_in_changelog(text) == []


@pytest.mark.parametrize(
    ("body", "complaints"),
    [
        ("### Added\n\n- A thing.\n\n### Fixed\n\n- Another.\n", 0),
        ("The chain.\n\n### Changed\n\n- A thing.\n", 0),
        ("- A thing.\n", 2),
        ("### Fixed\n\n- A thing.\n\n### Added\n\n- Another.\n", 1),
        ("### News\n\n- A thing.\n", 1),
        ("### Added\n\nNothing.\n", 1),
    ],
)
def test_a_changelog_without_sections_would_be_found(body: str, complaints: int) -> None:
    assert len(wrong_in_changelog(f"# Changelog\n\n## 0.1.0\n\n{body}")) == complaints
