"""The manual does what it says: its commands parse and run, its code gives what it promises."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from helpers import SAMPLES, TESTS
from manual import DOCS, PAGES, ROOT, Line, blocks, inline_code, lines
from PIL import Image
from typer.exceptions import TyperException

import srgan_edge
from srgan_edge import Upscaler, embedded_models, load_model
from srgan_edge.cli import _build
from srgan_edge.errors import SrganEdgeError
from srgan_edge_convert.flatbuffer import embed
from srgan_edge_train.command import choose_recipe

SOURCES = (
    ROOT / "srgan_edge",
    ROOT / "train" / "srgan_edge_train",
    ROOT / "convert" / "srgan_edge_convert",
)
SCRIPTS = ROOT / "deploy" / "raspberry-pi"
LANGUAGES = {"sh", "python", "text", "math", "bash", "kotlin", "cpp", "toml"}
LINES = lines()
# What else a line may begin with.
OTHERS = {".", "cp", "ffmpeg", "make", "mkdir", "pip"}
QUICK = {"doctor", "eval", "info", "models", "upscale"}
pytestmark = pytest.mark.timeout(300)


# ------------------------------------------------------------------------------------- commands


def test_every_block_has_a_language_that_is_known() -> None:
    found = list(blocks())
    assert {block.language for block in found} <= LANGUAGES
    fences = sum(page.read_text(encoding="utf-8").count("\n```") for page in PAGES)
    assert fences == 2 * len(found)
    assert len(LINES) > 60


@pytest.mark.parametrize("line", LINES, ids=[line.text for line in LINES])
def test_every_command_line_is_understood(line: Line) -> None:
    known = len(line.srgan_edge) + len(line.benchmarks)
    known += sum(command[0] in OTHERS for command in line.commands)
    assert known == len(line.commands), "neither srgan-edge nor a benchmark nor a tool"
    for arguments in line.srgan_edge:
        command, options = parse(arguments)
        if command == "train" and not options["resume"]:
            check_recipe(options)
        if command == "convert":
            formats = ("int8", "int16x8", "float16", "float32", "dynamic")
            assert sum(bool(options[name]) for name in formats) == (not _is_kept(options))


def parse(arguments: list[str]) -> tuple[str, dict[str, Any]]:
    """As the command line itself does, but for running the command."""
    group: Any = typer.main.get_command(_build())
    with group.make_context("srgan-edge", [*arguments]) as context:
        name, command, rest = group.resolve_command(context, [*arguments])
        return name, command.make_context(name, rest, parent=context).params


def check_recipe(options: dict[str, Any]) -> None:
    """Raises InputError when the recipe does not take what is set."""
    named = options["recipe"]
    choose_recipe(
        None if named and named.endswith(".toml") else named,  # one that a run would have left
        options["set_"] or [],
        options["content_layer"] or [],
        options["steps"],
        options["init"],
    )


def test_a_wrong_option_would_be_found() -> None:
    with pytest.raises(Exception, match="--tiel"):
        parse(["upscale", "photo.jpg", "-o", "out.png", "--tiel", "64"])
    with pytest.raises(SrganEdgeError, match="adversarial_wait"):
        check_recipe({**parse(["train", "a", "-o", "b"])[1], "set_": ["adversarial_wait=1"]})


def test_every_benchmark_takes_its_options() -> None:
    wanted = [command for line in LINES for command in line.benchmarks]
    modules = {command[0] for command in wanted}
    assert len(modules) >= 8
    script = TESTS / "support" / "parse_benchmarks.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_options_in_the_text_exist() -> None:
    sources = [*(ROOT / "benchmarks").glob("*.py"), *(path for path, _ in python_sources())]
    sources += SCRIPTS.glob("*.sh")
    known = set(re.findall(r"--[a-z][a-z0-9-]+", "".join(path.read_text() for path in sources)))
    group: Any = typer.main.get_command(_build())
    for command in group.commands.values():
        known |= {one for each in command.params for one in (*each.opts, *each.secondary_opts)}
    known |= {"--help", "--install-completion", "--system-site-packages", "--no-deps"}
    for page in PAGES:
        text = " ".join(inline_code(page))
        assert set(re.findall(r"(?<!\S)--[a-z][a-z0-9-]+", text)) <= known, page.name


@dataclass
class Worked:
    """The folder that quick commands were run in, and how each ended."""

    folder: Path
    ended: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)


def is_quick(line: Line) -> bool:
    """Whether it runs here within seconds: no camera, no network, no training."""
    try:
        return all(_is_quick(command) for command in line.commands)
    except TyperException:  # which the test of every line tells
        return False


def _is_quick(command: tuple[str, ...]) -> bool:
    if command[0] != "srgan-edge":
        return command[0] in ("cp", "ffmpeg", "mkdir")
    name, options = parse([*command[1:]])
    if name == "webcam":
        unseen = options["source"] == "clip.mp4" and options["show"] == "none"
        return unseen or options["print_url"]
    if name == "convert":  # what needs no pictures, one of each kind: they import TensorFlow
        return bool(options["float16"] or (options["io"] and _is_kept(options)))
    return name in QUICK or (name == "bench" and options["runs"] <= 10)


def _is_kept(options: dict[str, Any]) -> bool:
    return str(options["generator"]).endswith(".qat.keras")


RUN = list(dict.fromkeys(line.text for line in LINES if is_quick(line)))


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """Runs them all, each once, page after page, with a home of their own."""
    folder = prepare(tmp_path_factory.mktemp("manual"))
    home = {"HOME": str(folder / "home"), "SRGAN_EDGE_STATE": str(folder / "state")}
    home["COLUMNS"] = "250"  # tables as a wide window shows them
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    left = {"XDG_DATA_HOME", "XDG_STATE_HOME", "SRGAN_EDGE_MODELS", "STATE_DIRECTORY"}
    kept = {name: value for name, value in os.environ.items() if name not in left}
    found = Worked(folder)
    for text in RUN:
        if "ffmpeg" in text and shutil.which("ffmpeg") is None:
            continue
        found.ended[text] = subprocess.run(
            ["sh", "-c", text],
            capture_output=True,
            text=True,
            cwd=folder,
            env={**kept, **home, "PATH": tools},
            timeout=120,
            check=False,
        )
    return found


def prepare(folder: Path) -> Path:
    """What the manual's commands take for there."""
    with Image.open(SAMPLES / "harbour.png") as picture:
        harbour = picture.convert("RGB")
    small = harbour.resize((160, 90))
    small.save(folder / "photo.jpg", quality=95)
    for path in (folder / "holiday" / "day1", folder / "Set5", folder / "run", folder / "home"):
        path.mkdir(parents=True)
    small.save(folder / "holiday" / "beach.png")
    small.save(folder / "holiday" / "day1" / "tree.jpg")
    harbour.save(folder / "Set5" / "harbour.png")
    write_clip(folder / "clip.mp4")
    for name in ("train", "convert"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "train" / "weights" / "edge.keras", folder / "run" / "generator.keras")
    for name in ("run.json", "metrics.csv"):
        shutil.copy(DOCS / "runs" / "edge" / name, folder / "run")
    shutil.copy(embedded_models()["edge"], folder / "run" / "generator.int8.tflite")
    write_lpips_weights(folder / "ALEX.npz")
    return folder


def write_clip(path: Path) -> None:
    """The first second of the sample clip, in a quarter of its size."""
    source = cv2.VideoCapture(str(SAMPLES / "clip.mp4"))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 24.0, (160, 90))
    for _ in range(24):
        found, frame = source.read()
        assert found
        writer.write(cv2.resize(frame, (160, 90), interpolation=cv2.INTER_AREA))
    writer.release()
    source.release()


def write_lpips_weights(path: Path) -> None:
    """Of the right shapes; what it says of pictures is worth nothing."""
    random, weights = np.random.default_rng(0), {}
    shapes = ((11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256))
    for number, (size, c_in, c_out) in enumerate(shapes, start=1):
        kernel = random.normal(0, 0.05, (size, size, c_in, c_out))
        weights[f"conv{number}/kernel"] = kernel.astype(np.float32)
        weights[f"conv{number}/bias"] = np.zeros(c_out, np.float32)
        weights[f"lin{number}"] = np.ones(c_out, np.float32)
    np.savez(path, **weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", RUN)
def test_quick_commands_run(worked: Worked, text: str) -> None:
    if text not in worked.ended:
        pytest.skip("ffmpeg is not installed")
    ended = worked.ended[text]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (line, *_) = (line for line in LINES if line.text == text)
    for arguments in line.srgan_edge:
        for written in ("output", "record", "stats"):
            target = str(parse(arguments)[1].get(written) or "-")
            assert target == "-" or (worked.folder / target).exists(), target


def test_all_kinds_of_commands_were_run() -> None:
    names = {arguments[0] for line in LINES if line.text in RUN for arguments in line.srgan_edge}
    assert names == QUICK | {"bench", "convert", "webcam"}


def test_what_was_run_says_what_the_manual_says(worked: Worked) -> None:
    said = {text: ended.stdout for text, ended in worked.ended.items()}
    assert "mine" in said["srgan-edge models"]  # of the line before it, in the user's folder
    assert json.loads(said["srgan-edge info edge"])["halo"] == 8
    address = said["srgan-edge webcam --print-url --bind 0.0.0.0:8090"]
    assert re.fullmatch(r"http://[^/]+:8090/#\S{43}\n", address)
    stats = json.loads((worked.folder / "stats.json").read_text())
    stages = re.findall(r"^\| `(\w+)` \| ", (DOCS / "manual" / "cameras.md").read_text(), re.M)
    assert set(stages) & set(stats["milliseconds"]) == set(stats["milliseconds"])
    tables = said["srgan-edge bench edge edge-tiny --runs 10"].split("\n\n")
    headings = [table.splitlines()[0] for table in tables[:2]]
    page = (DOCS / "manual" / "measure.md").read_text(encoding="utf-8")
    columns = re.findall(r"^\| (`.+?) \|", page[: page.index("A twin")], re.MULTILINE)
    for column in re.findall("`(.+?)`", " ".join(columns)):
        assert any(column in heading for heading in headings), (column, headings)


# --------------------------------------------------------------------------------------- Python


def run_python(page: str, folder: Path) -> None:
    """All Python blocks of a page, one after the other in one process; warnings are errors."""
    code = "\n".join(block.text for block in blocks("python") if block.page == page)
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_python_of_the_first_steps(tmp_path: Path) -> None:
    prepare(tmp_path)
    run_python("first-steps", tmp_path)
    larger = cv2.imread(str(tmp_path / "photo-x4.png"))
    assert larger is not None
    assert larger.shape == (360, 640, 3)


@pytest.mark.parametrize("kind", ["int8", "said to be rgb", "uint8", "float16"])
def test_the_bare_interpreter_gives_the_upscalers_picture(
    worked: Worked, tmp_path: Path, kind: str
) -> None:
    shutil.copy(worked.folder / "photo.jpg", tmp_path)
    model = tmp_path / "model.tflite"
    made = {"uint8": "edge-uint8.tflite", "float16": "run/generator.float16.tflite"}
    if kind in made:
        shutil.copy(worked.folder / made[kind], model)
        assert load_model(model).facts.conversion["io"] == (
            "uint8" if kind == "uint8" else "float32"
        )
    else:
        edge = load_model("edge")
        facts = replace(edge.facts, colour="bgr" if kind == "int8" else "rgb")
        model.write_bytes(embed(edge.content, facts))
    run_python("apps", tmp_path)
    frame, larger = (cv2.imread(str(tmp_path / name)) for name in ("photo.jpg", "larger.png"))
    assert frame is not None
    assert larger is not None
    assert np.array_equal(Upscaler(model)(np.asarray(frame, np.uint8)), larger)


def test_all_python_blocks_are_run() -> None:
    assert {block.page for block in blocks("python")} == {"first-steps", "apps"}


# ---------------------------------------------------------------------- what it says of the code


@cache
def python_sources() -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted(path for folder in SOURCES for path in folder.rglob("*.py"))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def names_in(module: ast.Module) -> set[str]:
    """Functions and classes, and the methods of these as `Class.method`."""
    found = set()
    for node in module.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (one for one in node.body if isinstance(one, ast.FunctionDef))
            found |= {f"{node.name}.{one.name}" for one in methods}
    return found


REFERENCES = [
    tuple(code.split("::")) for page in PAGES for code in inline_code(page) if ".py::" in code
]


@pytest.mark.parametrize(("file", "name"), REFERENCES)
def test_what_the_manual_points_at_is_there(file: str, name: str) -> None:
    places = [folder / file for folder in (*SOURCES, ROOT)]
    there = [path for path in places if path.is_file()]
    assert there, "no such file"
    found = [names_in(ast.parse(path.read_text(encoding="utf-8"))) for path in there]
    assert any(name in names for names in found), "no such name"


def test_the_paper_and_the_recipe_are_both_pointed_at() -> None:
    assert len(REFERENCES) > 30
    equations = [block for block in blocks("math") if block.page == "how-it-works"]
    text = (DOCS / "manual" / "how-it-works.md").read_text(encoding="utf-8")
    assert re.findall(r"\*\*Eq\. (\d)", text) == list("123456")
    assert len(equations) >= 6


def test_the_api_page_has_all_public_names() -> None:
    text = (DOCS / "manual" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    public = {f"srgan_edge.{name}" for name in srgan_edge.__all__} - {"srgan_edge.__version__"}
    assert public <= set(shown)
    homes = {folder.name: folder for folder in SOURCES}
    for name in set(shown) - public:
        package, *parts, last = name.split(".")
        module = homes[package].joinpath(*parts)
        path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        assert re.search(rf"\b{last}\b", path.read_text(encoding="utf-8")), name


def sentences() -> Iterator[str]:
    """Every string of the sources, with … for what is put into it."""
    for _, module in python_sources():
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr):
                parts = (one.value if isinstance(one, ast.Constant) else "…" for one in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.sub(r"%[sd]|%\.\d+f", "…", node.value)
    yield (ROOT / "Makefile").read_text(encoding="utf-8")


def told_lines() -> list[str]:
    """The first column of the tables of the troubleshooting page, from its second table on."""
    text = (DOCS / "manual" / "troubleshooting.md").read_text(encoding="utf-8")
    tables = text.split("| it prints |")[1:]
    cells = re.findall(r"^\| (`.+?) \| ", "\n".join(tables), re.MULTILINE)
    return [line for cell in cells for line in re.findall(r"`([^`]+)`", cell)]


@cache
def all_sentences() -> tuple[str, ...]:
    return tuple(sentences())


@pytest.mark.parametrize("told", told_lines())
def test_every_line_of_the_troubleshooting_page_is_the_programs_own(told: str) -> None:
    parts = [part.strip(" :") for part in told.split("…") if len(part.strip(" :")) > 2]
    assert parts
    pattern = re.compile(".*?".join(map(re.escape, parts)), re.DOTALL)
    assert any(pattern.search(sentence) for sentence in all_sentences())


# ---------------------------------------------------------------------------------- the site


def test_links_lead_to_files_that_are_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


class Loads(HTMLParser):
    """What a page loads without being asked."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"script": "src", "link": "href", "img": "src", "iframe": "src"}.get(tag)
        self.found += [value for name, value in attrs if name == wanted and value]


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    tmp_path: Path,
) -> None:
    if any(find_spec(name) is None for name in ("mkdocs", "material", "mkdocstrings")):
        pytest.skip("the manual's tools are not installed: make docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=quiet, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    names = {page.relative_to(tmp_path).as_posix() for page in pages}
    decisions = {f"decisions/{path.stem}.html" for path in (DOCS / "decisions").glob("*.md")}
    models = {f"models/{name}.html" for name in embedded_models()}
    assert {"runs/edge/index.html", "inside/convert.html"} | decisions | models <= names
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert not [one for one in loads.found if re.match(r"(https?:)?//", one)], page
    for style in tmp_path.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.read_text()), style
    equations = (tmp_path / "manual" / "how-it-works.html").read_text(encoding="utf-8")
    assert equations.count("<math") > 30
    assert "$<code>" not in equations
