"""Look at a page with axe-core, the rules of accessibility that browsers' own tools use.

It is fetched from the npm registry for the tests alone (`python -m tests.axe`, a part of `make
test-setup`), in one pinned version, and never passed on: its licence is the MPL-2.0.
"""

from __future__ import annotations

import io
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector_app.web.npm_archive import NotFetchedError, NpmPackage, fetch_archive

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE: Final = NpmPackage(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
AXE_FOLDER: Final = Path(__file__).resolve().parent / ".axe" / AXE.version
# What a person without a mouse, or without eyes, is held up by.
GRAVE: Final = ("moderate", "serious", "critical")
# Not the whole of it: what it only wonders about, it cannot decide.
_RUN: Final = """async (grave) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => grave.includes(impact))
    .map(({ id, impact, help, nodes }) => `${impact} ${id}: ${help}\\n` +
      nodes.map(({ target, failureSummary }) => `    ${target.join(" ")}: ${failureSummary}`).join("\\n"));
}"""


def ensure_axe(folder: Path = AXE_FOLDER) -> bool:
    """Fetch the pinned version unless it is there; tell whether it was fetched; raise `NotFetchedError`."""
    if (folder / "axe.min.js").is_file():
        return False
    archive = fetch_archive(AXE)
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        # The script last: where it is, all is.
        for name in ("LICENSE", "LICENSE-3RD-PARTY.txt", "axe.min.js"):
            member = files.extractfile(f"package/{name}")
            assert member is not None
            draft = folder / f"{name}.part"
            draft.write_bytes(member.read())
            draft.replace(folder / name)
    return True


def find_barriers(page: Page) -> list[str]:
    """Return what on the page is a barrier, moderate or worse, a paragraph each."""
    if not page.evaluate("'axe' in globalThis"):
        script = AXE_FOLDER / "axe.min.js"
        assert script.is_file(), "axe-core is not here; fetch it with: python -m tests.axe"
        # Not as a tag: the page's policy forbids scripts of others.
        page.evaluate(script.read_text(encoding="utf-8"))
    barriers: list[str] = page.evaluate(_RUN, list(GRAVE))
    return barriers


def main() -> int:
    """Fetch what is missing; say what was done."""
    try:
        fetched = ensure_axe()
    except NotFetchedError as error:
        sys.stderr.write(f"error: {error}. Without it no test looks for barriers.\n")
        return 1
    if fetched:
        sys.stdout.write(f"{AXE} is in {AXE_FOLDER}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
