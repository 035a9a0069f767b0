"""What the references must tell, taken from the code."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools" / "site"))

import plan_reference  # noqa: E402


def sections(page: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))


def test_every_option_of_a_step_is_in_its_section() -> None:
    told = sections("steps.md")
    steps = plan_reference.steps(ROOT)
    assert len(steps) >= 13
    assert sum(map(len, steps.values())) >= 20
    missing = [
        f"{step}: {option.name}"
        for step, options in steps.items()
        for option in options
        if not option.shorthand and not re.search(rf"\b{option.name}\b", told[step])
    ]
    assert not missing


def test_every_key_of_a_plan_is_on_its_page() -> None:
    text = (ROOT / "docs" / "reference" / "plan.md").read_text(encoding="utf-8")
    keys = plan_reference.plan_keys(ROOT)
    assert {"a plan", "feature", "output", "target"} <= set(keys)
    missing = [
        f"{what}: {name}"
        for what, names in keys.items()
        for name in names
        if not re.search(rf"\b{name}\b", text)
    ]
    assert not missing


def test_options_that_were_found_are_those_that_the_command_takes(
    run_ember, flights: Path, tmp_path: Path
) -> None:
    """An option that is not there is refused by name, so these tables cannot name one too many."""
    for step, options in plan_reference.steps(ROOT).items():
        for option in options:
            plan = tmp_path / "plan.yaml"
            plan.write_text(
                f"version: 1\nfeatures: [{{columns: [delay], steps: [{{{step}: "
                f"{{{option.name}: [[1]]}}}}]}}]\n"
            )
            process = run_ember("explain", plan, flights, status=None)
            assert f"unknown option '{option.name}'" not in process.stderr
    plan.write_text(plan.read_text().replace(option.name, "nonsense"))
    assert "nonsense" in run_ember("explain", plan, flights, status=2).stderr


def test_every_room_is_in_the_overview() -> None:
    text = (ROOT / "docs" / "architecture" / "overview.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    rooms = {path.name for path in (ROOT / "src" / "emberharmony").iterdir() if path.is_dir()}
    assert rooms == told


def test_notices_name_every_python_package() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8").lower()
    missing = []
    for path in sorted((ROOT / "setup").glob("requirements*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, version = line.split("#")[0].strip().partition("==")
            if not name:
                continue
            words = {name.lower(), name.lower().replace("_", "-"), name.lower().replace("-", " ")}
            if not any(re.search(rf"\b{re.escape(word)}\b", notices) for word in words):
                missing.append(f"{path.name}: {name}")
            elif version not in notices:
                missing.append(f"{path.name}: {name} {version}, the version")
    assert not missing
