#include "emberharmony/engine/run_ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {
namespace {

namespace fs = std::filesystem;

class RunLedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("run_ledger_test." + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = (folder_ / "ledger").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  static LedgerContents Header() {
    LedgerContents header;
    header.command = "extract";
    header.program = "0.1";
    header.source = "flights.parquet";
    header.request.Add("--where", "delay > 60");
    header.request.AddHidden("the plan", "version: 1");
    return header;
  }
  // A ledger with a line of each kind.
  void WriteAll() const {
    auto ledger = RunLedger::Create(path_, Header()).ValueOrDie();
    ASSERT_TRUE(ledger->AddSource(3, 700).ok());
    ASSERT_TRUE(ledger->AddPhase("detect").ok());
    ASSERT_TRUE(ledger->AddToLearn(5, 1).ok());
    ASSERT_TRUE(ledger->AddLearnedColumn(3).ok());
    ASSERT_TRUE(ledger->AddLearnedColumn(3).ok());
    ASSERT_TRUE(ledger->AddLearnedRowStep(9).ok());
    ASSERT_TRUE(ledger->AddFile("detect-1-0", {77, "ab"}).ok());
    ASSERT_TRUE(ledger->AddModel("cd", {{"automatic", true}}).ok());
    ASSERT_TRUE(ledger->AddPhase("transform").ok());
    ASSERT_TRUE(ledger->AddUnit(0, {{0, 10, 100, "00"}, {2, 20, 200, "22"}}).ok());
    ASSERT_TRUE(ledger->AddUnit(2, {}).ok());
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void SetBytes(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  static std::string Line(const std::string& json) {
    char hash[17];
    std::snprintf(hash, sizeof hash, "%016llx",
                  static_cast<unsigned long long>(XXH3_64bits(json.data(), json.size())));
    return std::string(hash) + " " + json + "\n";
  }
  std::optional<LedgerContents> Read() const { return RunLedger::Read(path_).ValueOrDie(); }

  fs::path folder_;
  std::string path_;
};

TEST_F(RunLedgerTest, SaysWhatWasNoted) {
  EXPECT_FALSE(Read().has_value());
  WriteAll();
  const auto found = Read();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->command, "extract");
  EXPECT_EQ(found->program, "0.1");
  EXPECT_EQ(found->source, "flights.parquet");
  EXPECT_EQ(Header().request.DifferenceFrom(found->request), "");
  EXPECT_EQ(found->num_units, 3);
  EXPECT_EQ(found->num_rows, 700);
  EXPECT_EQ(found->num_columns, 5);
  EXPECT_EQ(found->num_row_steps, 1);
  EXPECT_EQ(found->learned_columns, std::set<int64_t>{3});
  EXPECT_EQ(found->learned_row_steps, std::set<int64_t>{9});
  EXPECT_EQ(found->end, "");
  EXPECT_EQ(found->phase, "transform");
  ASSERT_TRUE(found->files.contains("detect-1-0"));
  EXPECT_EQ(found->files.at("detect-1-0").bytes, 77);
  EXPECT_EQ(found->model_digest, "cd");
  EXPECT_EQ(found->model_facts["automatic"], true);
  ASSERT_EQ(found->units.size(), 2);
  ASSERT_EQ(found->units.at(0).size(), 2);
  EXPECT_EQ(found->units.at(0)[1].split, 2);
  EXPECT_EQ(found->units.at(0)[1].num_rows, 20);
  EXPECT_EQ(found->units.at(0)[1].bytes, 200);
  EXPECT_EQ(found->units.at(0)[1].xxh3_128, "22");
  EXPECT_TRUE(found->units.at(2).empty());
  EXPECT_EQ(found->valid_bytes, static_cast<int64_t>(Bytes().size()));
}

TEST_F(RunLedgerTest, ALineThatNobodyWritesAddsNothing) {
  WriteAll();
  auto ledger = RunLedger::Continue(path_, Read()->valid_bytes).ValueOrDie();
  ASSERT_TRUE(ledger->AddEnd("memory").ok());
  const std::string whole = Bytes();
  for (const char* line :
       {R"({"line":"source","units":9})", R"({"line":"source","rows":9,"units":-1})",
        R"({"line":"phase"})", R"({"line":"phase","phase":""})", R"({"line":"end","reason":7})"}) {
    SetBytes(whole + Line(line));
    const auto found = Read();
    EXPECT_EQ(found->valid_bytes, static_cast<int64_t>(whole.size())) << line;
    EXPECT_EQ(found->num_units, 3) << line;
    EXPECT_EQ(found->num_rows, 700) << line;
    EXPECT_EQ(found->phase, "transform") << line;
    EXPECT_EQ(found->end, "memory") << line;
  }
}

TEST_F(RunLedgerTest, WhoBeginsAPhaseHasNotEnded) {
  WriteAll();
  auto ledger = RunLedger::Continue(path_, Read()->valid_bytes).ValueOrDie();
  ASSERT_TRUE(ledger->AddEnd("memory").ok());
  EXPECT_EQ(Read()->end, "memory");
  ASSERT_TRUE(ledger->AddPhase("check").ok());
  EXPECT_EQ(Read()->end, "");
  // What was made of other rows is not learned any more.
  ASSERT_TRUE(ledger->AddForgetting().ok());
  EXPECT_TRUE(Read()->learned_columns.empty());
  EXPECT_TRUE(Read()->learned_row_steps.empty());
  EXPECT_EQ(Read()->num_columns, 5);
}

TEST_F(RunLedgerTest, CutAnywhereItSaysNoMoreThanWhatIsWhole) {
  WriteAll();
  const std::string whole = Bytes();
  const size_t first = whole.find('\n') + 1;
  int64_t last_valid = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    SetBytes(whole.substr(0, size));
    const auto found = Read();
    ASSERT_EQ(found.has_value(), size >= first) << size;
    if (!found) continue;
    EXPECT_LE(found->valid_bytes, static_cast<int64_t>(size));
    EXPECT_GE(found->valid_bytes, last_valid);
    EXPECT_EQ(whole[static_cast<size_t>(found->valid_bytes) - 1], '\n');
    last_valid = found->valid_bytes;
    EXPECT_LT(found->units.size(), 2);
  }
}

TEST_F(RunLedgerTest, GoesOnBehindWhatIsWhole) {
  WriteAll();
  const std::string whole = Bytes();
  SetBytes(whole.substr(0, whole.size() - 3));
  auto found = Read();
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->units.contains(2));
  {
    auto ledger = RunLedger::Continue(path_, found->valid_bytes).ValueOrDie();
    ASSERT_TRUE(ledger->AddUnit(1, {{0, 1, 2, "x"}}).ok());
  }
  found = Read();
  EXPECT_TRUE(found->units.contains(0));
  EXPECT_TRUE(found->units.contains(1));
  EXPECT_FALSE(found->units.contains(2));
  EXPECT_EQ(found->valid_bytes, static_cast<int64_t>(Bytes().size()));
}

TEST_F(RunLedgerTest, AFlippedBitEndsIt) {
  WriteAll();
  const std::string whole = Bytes();
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    SetBytes(damaged);
    const auto found = RunLedger::Read(path_);
    ASSERT_TRUE(found.ok()) << found.status();
    if (found->has_value()) {
      EXPECT_LE((*found)->valid_bytes, static_cast<int64_t>(at)) << at;
    }
  }
}

TEST_F(RunLedgerTest, LinesOfStrangersEndIt) {
  WriteAll();
  const std::string whole = Bytes();
  const std::string deep =
      "{\"line\":\"unit\",\"unit\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  const std::vector<std::string> strange = {
      R"({"line":"unit"})",
      R"({"line":"unit","unit":-1,"shards":[]})",
      R"({"line":"unit","unit":1e300,"shards":[]})",
      R"({"line":"unit","unit":18446744073709551615,"shards":[]})",
      R"({"line":"unit","unit":1,"shards":{}})",
      R"({"line":"unit","unit":1,"shards":[[0,1,2,3]]})",
      R"({"line":"unit","unit":1,"shards":[[3,1,2,"a"]]})",
      R"({"line":"unit","unit":1,"shards":[[0,-1,2,"a"]]})",
      R"({"line":"unit","unit":1,"shards":[[0,1,2,"a"],[0,1,2,"a"],[0,1,2,"a"],[0,1,2,"a"]]})",
      R"({"line":"file","file":3,"bytes":1,"xxh3_128":"a"})",
      R"({"line":"model","digest":"a"})",
      R"({"line":"run","version":1})",
      R"({"line":"drop table"})",
      R"([])",
      R"(7)",
      "",
      deep,
  };
  for (const std::string& line : strange) {
    SetBytes(whole + Line(line) + Line(R"({"line":"unit","unit":1,"shards":[]})"));
    const auto found = RunLedger::Read(path_);
    ASSERT_TRUE(found.ok()) << line << found.status();
    ASSERT_TRUE(found->has_value()) << line;
    EXPECT_FALSE((*found)->units.contains(1)) << line;
    EXPECT_EQ((*found)->valid_bytes, static_cast<int64_t>(whole.size())) << line;
  }
}

TEST_F(RunLedgerTest, OtherVersionsAndOtherThings) {
  SetBytes(Line(R"({"line":"run","version":2,"program":"9.9"})"));
  const auto refused = RunLedger::Read(path_).status();
  EXPECT_EQ(base::KindOf(refused), base::ErrorKind::kUsage);
  EXPECT_NE(refused.message().find("9.9"), std::string::npos) << refused;
  for (const std::string& bytes :
       {std::string("PAR1"), std::string(100000, '\0'), Line(R"({"line":"unit","unit":1})"),
        Line(R"({"line":"run","version":1,"command":"fit","source":"a","request":7})")}) {
    SetBytes(bytes);
    EXPECT_FALSE(Read().has_value());
  }
  fs::remove(path_);
  fs::create_symlink("/etc/passwd", path_);
  EXPECT_FALSE(Read().has_value());
  EXPECT_FALSE(RunLedger::Create(path_, Header()).ok());
  EXPECT_FALSE(RunLedger::Continue(path_, 0).ok());
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_FALSE(Read().has_value());
}

TEST_F(RunLedgerTest, ForgetsWhatWasMadeOfOtherRows) {
  WriteAll();
  {
    auto ledger = RunLedger::Continue(path_, Read()->valid_bytes).ValueOrDie();
    ASSERT_TRUE(ledger->AddFile("download-00000", {5, "ef"}).ok());
    ASSERT_TRUE(ledger->AddForgetting().ok());
    ASSERT_TRUE(ledger->AddUnit(1, {}).ok());
  }
  const auto found = Read();
  EXPECT_FALSE(found->model_digest.has_value());
  EXPECT_EQ(found->files.size(), 1);
  EXPECT_TRUE(found->files.contains("download-00000"));
  EXPECT_EQ(found->units.size(), 1);
  EXPECT_TRUE(found->units.contains(1));
}

TEST_F(RunLedgerTest, DifferencesAreNamed) {
  const LedgerContents before = Header();
  RunRequest now;
  now.Add("--where", "");
  now.AddHidden("the plan", "version: 2");
  now.Add("--limit", "");
  EXPECT_EQ(now.DifferenceFrom(before.request),
            "--where (was 'delay > 60', is none), the plan, --limit");
  RunRequest less;
  less.Add("--where", "delay > 60");
  EXPECT_EQ(less.DifferenceFrom(before.request), "the plan");
  // What is shown is cut; what is compared is not.
  RunRequest a;
  RunRequest b;
  a.Add("--where", std::string(5000, 'x') + "1");
  b.Add("--where", std::string(5000, 'x') + "2");
  EXPECT_NE(a.DifferenceFrom(b), "");
  EXPECT_EQ(RunRequest::FromJson(a.ToJson())->DifferenceFrom(a), "");
}

}  // namespace
}  // namespace emberharmony::engine
