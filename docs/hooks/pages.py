"""Pages of the site that do not stand in docs/: files of the project's root, a reference of each package."""

import re
import runpy
from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
FROM_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}


def on_files(files: Files, config) -> Files:
    for name, page in FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](", text)
        files.append(File.generated(config, page, content=text))
    for room in ("fabric", "topologies", "sims"):
        files.append(File.generated(config, f"api/{room}.md", content=reference(room)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    return re.sub(r"\]\(\.\./(\w+\.md)", r"](\1", markdown)


def reference(room: str) -> str:
    """A page with every name of a package's door, from where it is defined."""
    home = runpy.run_path(str(ROOT / room / "__init__.py"))["_HOME"]
    full = [
        f"{where if where.startswith(room) else f'{room}.{where}'}.{name}" for name, where in home.items()
    ]
    full.sort(key=lambda name: name.split(".")[-1])
    return f"# {room}\n\n" + "\n".join(f"::: {name}\n" for name in full)
