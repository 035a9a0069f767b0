"""The site that `make docs` builds: no warnings, and no page wider than the screen that shows it.

Skipped where MkDocs (`setup/venv.sh docs`), Doxygen (`setup/apt.sh docs`) or Chromium
(`setup/apt.sh reports`) are not installed.
"""

import functools
import http.server
import importlib.util
import inspect
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

WIDTHS = {"phone": 375, "desktop": 1280}
# Opens page after page in a frame of the wanted width and tells the server what sticks out of it.
LOOKER = """<!doctype html><meta charset=utf-8><script>
const pages = PAGES, width = WIDTH;
const frame = document.createElement("iframe");
frame.style = `border: 0; width: ${width}px; height: 900px`;
document.documentElement.append(frame);
const open = page => new Promise(done => { frame.onload = done; frame.src = page; });
(async () => {
  for (const page of pages) {
    await open(page);
    const inside = frame.contentDocument;
    const seen = {width: inside.documentElement.scrollWidth, title: inside.title,
                  text: inside.body.innerText.length};
    await fetch("/seen", {method: "POST", body: JSON.stringify([page, seen])});
  }
})();
</script>"""
# A page takes a tenth of a second; a browser that shows none for so long has got stuck.
PATIENCE_SECONDS = 60


# One worker builds the site, not each.
pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(root: Path, ember: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("mkdocs") is None or shutil.which("doxygen") is None:
        pytest.skip("MkDocs or Doxygen is not installed: `make docs` installs both")
    folder = tmp_path_factory.mktemp("site")
    process = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=root,
        env={**os.environ, "EMBER_BIN": str(ember), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return folder


class Server(NamedTuple):
    address: str
    seen: queue.Queue  # of (page, what the browser found on it)


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[Server]:
    seen: queue.Queue = queue.Queue()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield Server(f"http://127.0.0.1:{listening.server_port}", seen)
        listening.shutdown()
        thread.join()


def look(browser: str, address: str, seen: queue.Queue, count: int, profile: Path) -> dict:
    """What a browser found on `count` pages, or on those it came to before it got stuck."""
    found = {}
    with (profile.parent / f"{profile.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(browser, "--headless=new", "--no-sandbox", "--disable-gpu"),
                *("--hide-scrollbars", f"--user-data-dir={profile}", "--no-first-run"),
                *("--window-size=1400,1000", "--remote-debugging-port=0", address),
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while len(found) < count:
            page, what = seen.get(timeout=PATIENCE_SECONDS)
            found[page] = what
    except queue.Empty:
        pass
    finally:
        # The browser is a family of processes, which need not end with their parent.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return found


def test_every_page_is_in_the_site(root: Path, site: Path) -> None:
    for path in (root / "docs").rglob("*.md"):
        name = path.relative_to(root / "docs").with_suffix("")
        page = site / (name.parent if name.name == "index" else name) / "index.html"
        assert page.is_file(), name
    assert (site / "cpp" / "index.html").is_file()


def test_references_are_made_from_the_code(site: Path, run_ember) -> None:
    """Names that only the command and the modules know are on the pages."""
    options = (site / "reference" / "command_line_options" / "index.html").read_text("utf-8")
    shown = set(re.findall(r"--[a-z][a-z-]+", options))
    for command in ("inspect", "plan", "explain", "fit", "transform", "extract", "merge", "bench"):
        told = set(re.findall(r"--[a-z][a-z-]+", run_ember(command, "--help").stdout))
        assert told
        assert told <= shown, told - shown
    functions = (site / "reference" / "python_ops_api" / "index.html").read_text("utf-8")
    from emberharmony import ops

    for name in ops.__all__:
        if inspect.isbuiltin(getattr(ops, name)):
            assert f">{name}<" in functions, name
    standard = (site / "reference" / "ops_standard" / "index.html").read_text("utf-8")
    assert "<strong>missing</strong>" not in standard
    headers = (site / "reference" / "cpp_api" / "index.html").read_text("utf-8")
    assert "ops/fft.h" in headers
    for page in re.findall(r'href="\.\./\.\./(cpp/[^"]+)"', headers):
        assert (site / page).is_file(), page


@pytest.mark.parametrize("screen", WIDTHS)
def test_no_page_is_wider_than_the_screen(
    site: Path, server: Server, screen: str, tmp_path: Path
) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser is installed: `setup/apt.sh reports`")
    pages = [
        path.relative_to(site).as_posix()
        for path in sorted({*site.rglob("index.html"), *site.glob("cpp/*.html")})
        # Of Doxygen's pages those of headers and classes, on a phone, not the lists of letters.
        if path.parent.name != "cpp"
        or (screen == "phone" and re.search(r"_8h|class|struct|files|index", path.name))
        if not re.search(r"/source/|_8h_source|-members|_func_|_vars_", path.as_posix())
    ]
    assert len(pages) > 30
    found: dict = {}
    for attempt in range(3):
        left = [page for page in pages if page not in found]
        if not left:
            break
        looker = LOOKER.replace("PAGES", json.dumps(left)).replace("WIDTH", str(WIDTHS[screen]))
        name = f"look-{screen}-{attempt}"
        (site / f"{name}.html").write_text(looker, encoding="utf-8")
        address = f"{server.address}/{name}.html"
        found |= look(browser, address, server.seen, len(left), tmp_path / name)
    assert set(found) == set(pages)
    empty = {page: each for page, each in found.items() if each["text"] < 100}
    assert not empty
    wide = {page: each for page, each in found.items() if each["width"] > WIDTHS[screen]}
    assert not wide
