"""Pages that lie beside their code, and folders in the navigation.

Model cards and the READMEs of `train/` and `convert/` are read on their own as well. In the site
they have a place like any other page, and links between them and `docs/` lead there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Page of the site -> file of the repository.
_BESIDE = {
    "models/*.md": "srgan_edge/models/*.md",
    "inside/train.md": "train/README.md",
    "inside/convert.md": "convert/README.md",
    "inside/contributing.md": "CONTRIBUTING.md",
    "inside/times-on-your-board.md": "benchmarks/results/README.md",
    "inside/schema.json": "benchmarks/results/schema.json",
}
_LINK = re.compile(r"(?<=\]\()[^()\s#:]+(?=[)#])")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A folder in the navigation becomes all of its pages."""
    config.nav = _opened(config.nav, config)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are beside `docs/`."""
    for page, source in _beside(config).items():
        files.append(File.generated(config, page, abs_src_path=str(_root(config) / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    beside = _beside(config)
    here = beside.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    pages = {source: page for page, source in beside.items()} | {"README.md": "index.md"}

    def place(link: re.Match[str]) -> str:
        meant = os.path.normpath(PurePosixPath(here).parent / link[0])
        target = pages.get(meant, meant.removeprefix("docs/") if meant[:5] == "docs/" else "")
        if not target:
            return link[0]  # MkDocs warns of it
        return os.path.relpath(target, PurePosixPath(page.file.src_uri).parent)

    return _LINK.sub(place, markdown)


def _opened(nav: Any, config: MkDocsConfig) -> Any:
    if isinstance(nav, list):
        return [_opened(item, config) for item in nav]
    if isinstance(nav, dict):
        return {title: _opened(item, config) for title, item in nav.items()}
    return _pages_below(nav, config) if nav.endswith("/") else nav


def _pages_below(folder: str, config: MkDocsConfig) -> list[str]:
    """A folder's README first, else in the order of names."""
    docs = Path(config.docs_dir)
    found = [str(path.relative_to(docs).as_posix()) for path in (docs / folder).rglob("*.md")]
    found += [page for page in _beside(config) if page.startswith(folder)]
    return sorted(found, key=lambda page: (page != f"{folder}README.md", page.removesuffix(".md")))


def _beside(config: MkDocsConfig) -> dict[str, str]:
    found = {}
    for page, source in _BESIDE.items():
        for path in sorted(_root(config).glob(source)):
            found[page.replace("*", path.stem)] = path.relative_to(_root(config)).as_posix()
    return found


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).parent
