"""Names that one source keeps to itself differ from those of the other sources of its folder.

Sources of a folder are compiled several at a time (`ember_units`, cmake/EmberRooms.cmake). Which of
them come together changes with the list of files: two equal names would do no harm today and fail
somebody else's build, or change what an overload means, when a file is added.
"""

import collections
import re
from collections.abc import Iterator
from pathlib import Path

# What is never compiled together with others.
ALONE = re.compile(
    r"/emberharmony/(tensor|backend)/|_(avx2|avx512|fuzz)\.cc$|/openblas_plugin\.cc$"
)
ALONE_BINDING = re.compile(r"/bindings/(tensor_[a-z]+|[a-z]+_object)\.cc$")
# `using other::name;` may be said twice, and so may an alias of the same type.
NO_NAME = re.compile(
    r"(using\s|namespace|template\s*<|static_assert|TEST|TYPED_TEST|INSTANTIATE|REGISTER|EMBER_|public:|private:)"
)
TYPE = re.compile(r"(?:class|struct|union|enum(?: class)?)\s+(\w+)\s*(?:final\s*)?(?:[:{]|$)")
# A function's or constant's name comes before the first parenthesis, brace, bracket or "=".
FUNCTION_OR_CONSTANT = re.compile(r"[\w:<>,&*\s]*?(?<![:\w~])(\w+)\s*(?:\(|\{|=|\[|;)")


def kept_names(source: str) -> Iterator[str]:
    """Types, functions and constants of the anonymous namespaces, as clang-format lays them out."""
    inside = False
    for line in source.splitlines():
        if line == "namespace {":
            inside = True
        elif line == "}  // namespace":
            inside = False
        elif (inside or line.startswith("static ")) and re.match(r"[\w\[]", line):
            text = re.sub(r"^(\[\[\w+\]\]\s*)?template\s*<[^>]*>\s*", "", line)
            text = re.sub(r"^\[\[\w+\]\]\s*|<[^()]*>", "", text)
            if NO_NAME.match(text):
                continue
            found = TYPE.match(text) or FUNCTION_OR_CONSTANT.match(text)
            if found:
                yield found[1]


def declared_names(header: str) -> Iterator[str]:
    return kept_names("namespace {\n" + header.replace("}  // namespace\n", ""))


def test_names_are_found() -> None:
    source = """
namespace {

using arrow::Status;
constexpr int64_t kRows = 4;
constexpr std::array<Entry, 2> kEntries = {{{1, 2}, {3, 4}}};
const Registration kCast("cast", Cast::Make);
struct Pair {
  int first;
};
class Reader final : public Base {
};
enum class Part { kHour };
arrow::Result<std::map<int, std::string>> ReadAll(const Reader& reader,
                                                  int64_t rows) {
}
template <class T>
std::vector<T> ListOf(const Tensor& x) {
}
[[noreturn]] void Throw(const char* what) {
}
Reader::Reader(int x) : Base(x) {}
arrow::Status Reader::Open(int x) {
}
TEST(Reader, Opens) {
}

}  // namespace
int Shared() { return 0; }
static int Kept() { return 0; }
"""
    assert list(kept_names(source)) == (
        [
            "kRows",
            "kEntries",
            "kCast",
            "Pair",
            "Reader",
            "Part",
            "ReadAll",
            "ListOf",
            "Throw",
            "Kept",
        ]
    )


def test_names_differ_within_a_folder(root: Path) -> None:
    owners: dict[tuple[Path, str, str], set[str]] = collections.defaultdict(set)
    for folder in ("src/emberharmony", "python/bindings"):
        for path in sorted((root / folder).rglob("*.cc")):
            if ALONE.search(path.as_posix()) or ALONE_BINDING.search(path.as_posix()):
                continue
            program = "test" if path.name.endswith("_test.cc") else "library"
            for name in kept_names(path.read_text(encoding="utf-8")):
                owners[path.parent, program, name].add(path.name)
        # What headers declare is seen by all sources of a unit, whichever of them includes it.
        for path in sorted((root / folder).rglob("*.h")):
            program = "test" if "_test_" in path.name else "library"
            for name in declared_names(path.read_text(encoding="utf-8")):
                if (path.parent, program, name) in owners:
                    owners[path.parent, program, name].add(path.name)
    faults = [
        f"{folder.relative_to(root)}: '{name}' of {', '.join(sorted(files))}"
        for (folder, _, name), files in owners.items()
        if len(files) > 1
    ]
    assert not faults, "give these names that tell them apart:\n" + "\n".join(faults)
    assert len(owners) > 500, "hardly any name was found: is the source tree laid out otherwise?"
