"""What a plan may hold, as the code that reads plans and the files of the steps have it."""

import re
from dataclasses import dataclass
from pathlib import Path

KINDS = {
    "Choice": "one of",
    "Choices": "one or some of",
    "Integer": "integer",
    "Number": "number",
    "Boolean": "true or false",
    "Value": "a value",
    "Numbers": "numbers",
    "Names": "names",
    "Name": "a name",
}
CALL = re.compile(r"\breader\.([A-Z]\w+)\(\s*(\"\w+\"|k\w+)\s*(?:,\s*([^;]*?))?\)\s*(?=[;,)])")
REGISTRATION = re.compile(r"(?:Transform|RowStep)Registration \w+\(\s*\"(\w+)\"")
SHORTHAND = re.compile(r"StepOptions reader\(\s*\w+\s*,\s*\w+\s*,\s*\"(\w+)\"\)")


@dataclass(frozen=True)
class Option:
    """An option of a step."""

    step: str
    name: str
    kind: str
    details: str
    shorthand: bool


def constants(text: str) -> dict[str, str]:
    """Constants of a file that are written down as a number or a text."""
    declared = r"const(?:expr)? (?:const char\*|[\w:]+) (k\w+)(?:\[\])? = (\"[^\"]*\"|-?[\d'.]+);"
    found = dict(re.findall(declared, text))
    return {name: value.replace("'", "") for name, value in found.items()}


def resolved(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\bk[A-Z]\w+", lambda found: known.get(found[0], found[0]), text)


def details(kind: str, rest: str, known: dict[str, str]) -> str:
    """Choices, bounds and defaults, as far as they are written in place."""
    text = resolved(" ".join(rest.split()), known)
    if kind in ("Choice", "Choices"):
        choices = re.match(r"\{([^}]*)\}", text)
        return " ".join(re.findall(r"\"(\w+)\"", choices[1])) if choices else ""
    if kind == "Integer":
        text = re.sub(r"std::numeric_limits<int32_t>::max\(\)?", str(2**31 - 1), text)
        _, least, most = (each.strip() for each in text.split(","))
        limits = (("from", least), ("to", most))
        return " ".join(f"{word} {each}" for word, each in limits if re.fullmatch(r"-?\d+", each))
    return ""


def options_of(path: Path) -> list[Option]:
    text = path.read_text(encoding="utf-8")
    known = constants(text)
    steps = REGISTRATION.findall(text)
    short = SHORTHAND.search(text)
    found: dict[str, Option] = {}
    for kind, key, rest in CALL.findall(text):
        name = resolved(key, known).strip('"')
        if kind not in KINDS or len(steps) != 1:
            continue
        found[name] = Option(
            step=steps[0],
            name=name,
            kind=KINDS[kind],
            details=details(kind, rest, known),
            shorthand=short is not None and short[1] == name,
        )
    return list(found.values())


def steps(root: Path) -> dict[str, list[Option]]:
    """The options of every step that is registered."""
    found: dict[str, list[Option]] = {}
    for path in sorted((root / "src" / "emberharmony" / "feature").glob("*.cc")):
        for step in REGISTRATION.findall(path.read_text(encoding="utf-8")):
            found[step] = options_of(path)
    return dict(sorted(found.items()))


def plan_keys(root: Path) -> dict[str, list[str]]:
    """The keys of a plan and of its parts."""
    text = (root / "src" / "emberharmony" / "plan" / "plan_reader.cc").read_text(encoding="utf-8")
    keys: dict[str, list[str]] = {}
    known = re.search(r"known = \{(\"version\"[^}]*)\}", text)
    keys["a plan"] = re.findall(r"\"(\w+)\"", known[1])
    for names, what in re.findall(
        r"CheckKeys\([^,]+, \{([^}]*)\}, \"key of (?:a |the )?(\w+)\"", text
    ):
        keys[what] = re.findall(r"\"(\w+)\"", names)
    split = re.search(r"known = \{(\"method\"[^}]*)\}", text)
    common = re.findall(r"\"(\w+)\"", split[1])
    branches = text[split.end() :].split("CheckKeys(")[0]
    for method, branch in zip(
        ("hash", "time", "random"), re.split(r"\} else(?: if \([^)]*\))? \{", branches), strict=True
    ):
        added = re.findall(
            r"(?:insert\(known\.end\(\), \{([^}]*)\}|push_back\((\"\w+\")\))", branch
        )
        names = [name for pair in added for text in pair for name in re.findall(r"\"(\w+)\"", text)]
        keys[f"split, method {method}"] = common + names
    return keys


def generate(root: Path) -> str:
    rows = [
        f"| {what} | {', '.join(f'`{name}`' for name in names)} |"
        for what, names in plan_keys(root).items()
    ]
    parts = ["## Keys\n\n| of | keys |\n|---|---|\n" + "\n".join(rows) + "\n"]
    rows = []
    for step, options in steps(root).items():
        if not options:
            rows.append(f"| `{step}` | none | | |")
        for each in options:
            alone = "; may stand alone" if each.shorthand else ""
            values = ", ".join(each.details.split()) if "one" in each.kind else each.details
            values = values or ("see the step" if "one" in each.kind else "")
            link = f"[`{step}`](steps.md#{step})"
            rows.append(f"| {link} | `{each.name}` | {each.kind}{alone} | {values} |")
    parts.append("## Steps\n\n| step | option | | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)
