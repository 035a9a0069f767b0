#include "emberharmony/engine/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "emberharmony/engine/report_html_internal.h"
#include "emberharmony/engine/runs.h"

namespace emberharmony::engine::internal {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr char kScript[] = "<script>alert('x')</script>\"'&";

/// A strict reader of the page: elements must nest and close, attributes must be quoted, and only
/// the tags that the report uses may occur. Collects the text and fails on anything else.
class StrictPage {
 public:
  explicit StrictPage(std::string page) : page_(std::move(page)) {
    const std::string doctype = "<!doctype html>\n";
    EXPECT_TRUE(page_.starts_with(doctype));
    at_ = doctype.size();
    while (at_ < page_.size() && !testing::Test::HasFailure()) Step();
    EXPECT_TRUE(open_.empty());
  }
  const std::string& text() const { return text_; }
  const std::vector<std::string>& scripts() const { return scripts_; }
  int count(const std::string& tag) const {
    return static_cast<int>(std::count(tags_.begin(), tags_.end(), tag));
  }

 private:
  void Step() {
    if (page_.compare(at_, 4, "<!--") == 0) {
      at_ = page_.find("-->", at_) + 3;
      return;
    }
    if (!open_.empty() && open_.back() == "script" && page_.compare(at_, 9, "</script>") != 0) {
      // As browsers read a script: up to the first end tag.
      const size_t end = page_.find("</script", at_);
      scripts_.push_back(page_.substr(at_, end - at_));
      at_ = end;
      return;
    }
    if (page_[at_] != '<') {
      const size_t end = std::min(page_.find('<', at_), page_.size());
      if (!open_.empty() && open_.back() != "style") text_ += page_.substr(at_, end - at_);
      at_ = end;
      return;
    }
    ++at_;
    const bool closes = page_[at_] == '/';
    if (closes) ++at_;
    std::string tag;
    while (std::isalnum(static_cast<unsigned char>(page_[at_])) != 0) tag += page_[at_++];
    static const std::set<std::string> kKnown = {
        "html", "head", "meta", "title",   "style",   "body",       "a",       "header", "main",
        "svg",  "path", "rect", "line",    "circle",  "div",        "section", "h1",     "h2",
        "h3",   "h4",   "h5",   "p",       "span",    "code",       "dl",      "dt",     "dd",
        "ul",   "ol",   "li",   "details", "summary", "table",      "caption", "thead",  "tbody",
        "tr",   "th",   "td",   "footer",  "figure",  "figcaption", "script"};
    ASSERT_TRUE(kKnown.contains(tag)) << "unexpected <" << tag << "> at byte " << at_;
    if (closes) {
      ASSERT_EQ(page_[at_++], '>');
      ASSERT_FALSE(open_.empty());
      ASSERT_EQ(open_.back(), tag);
      open_.pop_back();
      return;
    }
    tags_.push_back(tag);
    while (page_[at_] == ' ') ReadAttribute();
    const bool self_closed = page_[at_] == '/';
    if (self_closed) ++at_;
    ASSERT_EQ(page_[at_++], '>') << "in <" << tag << ">";
    if (tag != "meta" && !self_closed) open_.push_back(tag);
  }
  void ReadAttribute() {
    ++at_;
    std::string name;
    while (std::isalnum(static_cast<unsigned char>(page_[at_])) != 0 || page_[at_] == '-') {
      name += page_[at_++];
    }
    ASSERT_FALSE(name.empty());
    ASSERT_FALSE(name.starts_with("on")) << name;
    ASSERT_EQ(page_.substr(at_, 2), "=\"");
    const size_t end = page_.find('"', at_ + 2);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(page_.substr(at_, end - at_).find('<'), std::string::npos);
    at_ = end + 1;
  }

  std::string page_;
  size_t at_ = 0;
  std::vector<std::string> open_;
  std::vector<std::string> tags_;
  std::vector<std::string> scripts_;
  std::string text_;
};

RunReport HtmlReport() {
  RunReport report;
  report.command = "extract";
  report.source = "data/flights.parquet";
  report.output = "out";
  report.num_threads = 2;
  report.memory_limit_bytes = int64_t{4} << 30;
  report.peak_resident_bytes = int64_t{1} << 30;
  report.num_rows = 3000000;
  report.num_units = 6;
  report.source_bytes = int64_t{300} << 20;
  report.output_bytes = int64_t{50} << 20;
  report.wall_seconds = 2;
  report.cpu_seconds = 3.5;
  report.phases = {{"fit", 0.5, 1, 3000000, 1000000}, {"transform", 1, 2, 3000000, 1000000}};
  report.manifest.splits = {{"train", {2400000, "0123456789abcdef0123456789abcdef"}},
                            {"validation", {300000, ""}},
                            {"test", {300000, ""}}};
  return report;
}

ReportColumn NumberColumn(const std::string& name) {
  ReportColumn column;
  column.name = name;
  column.type = "int64";
  column.is_number = true;
  column.profile = plan::ColumnProfile{90, 10, 40, true, -5, 95, 0};
  ReportPipeline pipeline;
  pipeline.steps.push_back({{{"step", "impute"},
                             {"strategy", "median"},
                             {"indicator", false},
                             {"fill", 7.5},
                             {"count", 90},
                             {"null_count", 10},
                             {"min", -5.0},
                             {"max", 95.0},
                             {"median_error_bound", 0.0}},
                            {}});
  pipeline.steps.push_back({{{"step", "scale"},
                             {"method", "standard"},
                             {"count", 100},
                             {"null_count", 0},
                             {"mean", 1.0 / 24},
                             {"variance", 100.0},
                             {"scale", 10.0}},
                            {}});
  pipeline.outputs = {{name, "float"}};
  column.pipelines.push_back(std::move(pipeline));
  return column;
}

ReportColumn TextColumn(const std::string& name, const std::string& value) {
  ReportColumn column;
  column.name = name;
  column.type = "string";
  ReportPipeline hot;
  hot.steps.push_back({{{"step", "one_hot"}, {"categories", {value, "plain"}}, {"count", 5}}, {}});
  hot.outputs = {{name + "=" + value, "float"}, {name + "=plain", "float"}};
  ReportPipeline ids;
  ids.steps.push_back({{{"step", "vocabulary"},
                        {"size", 1},
                        {"count", 8},
                        {"null_count", 0},
                        {"oov_count", 2},
                        {"distinct_count", 3},
                        {"a_later_fact", value}},
                       {{value, 6}}});
  ids.outputs = {{name, "int32"}};
  column.pipelines = {hot, ids};
  return column;
}

ReportColumns Columns(std::vector<ReportColumn> columns) {
  ReportColumns all;
  all.columns = std::move(columns);
  for (const ReportColumn& column : all.columns) all.num_outputs += column.num_outputs();
  return all;
}

TEST(ReportHtmlTest, SaysWhatTheRunDid) {
  const std::string html = RenderReport(HtmlReport(), Columns({NumberColumn("distance")}));
  const StrictPage page(html);
  for (const char* expected : {"Features extracted",
                               "data/flights.parquet",
                               "3,000,000",
                               "in 6 units",
                               "2.00 s",
                               "3.50 s CPU on 2 threads",
                               "Rows per second1.5 M",
                               "150 MiB/s",
                               "1 GiB",
                               "25 % of the limit of 4 GiB",
                               "2,400,000",
                               "80 %",
                               "10 %",
                               "0123456789abcdef0123456789abcdef",
                               "distance",
                               "int64",
                               "impute median \u2192 scale standard",
                               "0.0416667",
                               "mean",
                               "variance",
                               "filled with",
                               "transform and write",
                               "everything else",
                               "500 ms"}) {
    EXPECT_THAT(page.text(), HasSubstr(expected));
  }
  EXPECT_THAT(html, HasSubstr("title=\"0.041666666666666664\""));
  EXPECT_THAT(html, HasSubstr("aria-label=\"from -5 to 95, median 7.5 \u00b7 mean 0.0416667 \u00b1 "
                              "10, with nulls filled\""));
  // A bound of zero says nothing.
  EXPECT_THAT(page.text(), Not(HasSubstr("error at most")));
}

TEST(ReportHtmlTest, IsSelfContainedAndAccessible) {
  const std::string html = RenderReport(HtmlReport(), Columns({NumberColumn("distance")}));
  const StrictPage page(html);
  EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("<meta charset=\"utf-8\">"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));
  EXPECT_THAT(html, HasSubstr("default-src &#39;none&#39;"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  for (const char* outside : {"http://", "https://", "url(", "@import", "src="}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  EXPECT_EQ(page.count("h1"), 1);
  EXPECT_EQ(page.count("table"), page.count("caption"));
  EXPECT_EQ(page.count("main"), 1);
}

TEST(ReportHtmlTest, TextFromDataNeverBecomesMarkup) {
  RunReport report = HtmlReport();
  report.source = report.output = kScript;
  report.warnings = {kScript};
  report.manifest.shards = {{kScript, kScript, 0, 1, 2, kScript}};
  report.manifest.splits["train"].content_checksum = kScript;
  report.manifest.backend = kScript;
  report.phases.push_back({kScript, 1, 1, 1, 1});
  ReportColumn unused = NumberColumn(kScript);
  unused.type = unused.reason = kScript;
  ReportColumns columns = Columns({NumberColumn(kScript), TextColumn(kScript, kScript), unused});
  columns.columns[0].pipelines[0].steps[0].facts["step"] = kScript;
  columns.columns[0].pipelines[0].steps[0].facts[kScript] = {{kScript, kScript}};
  columns.notes = {kScript};
  const std::string html = RenderReport(report, columns);
  const StrictPage page(html);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&#39;&amp;"));
}

// What a transform would have counted of a column: a histogram, and categories under `value`.
ReportColumns WithCharts(std::vector<ReportColumn> list, const std::string& value) {
  ReportColumns columns = Columns(std::move(list));
  columns.splits = {{"train", "validation", "test"}, {0, 1, 2}, {2400000, 300000, 300000}};
  for (ReportColumn& column : columns.columns) {
    ReportValues values;
    values.missing = {240000, 0, 150000};
    ReportChart bins;
    bins.title = "Values";
    bins.edges = {0, 10, 20, 30};
    bins.rows = {{1080000, 150000, 0}, {0, 0, 0}, {540000, 150000, 150000}};
    bins.above = {540000, 0, 0};
    values.charts.push_back(bins);
    ReportChart categories;
    categories.kind = ReportChart::Kind::kCategories;
    categories.title = "Categories";
    categories.labels = {value, "plain"};
    categories.rows = {{2000000, 200000, 150000}, {100000, 100000, 0}};
    categories.has_unseen = true;
    categories.unseen = {60000, 0, 0};
    values.charts.push_back(categories);
    column.values = values;
  }
  return columns;
}

TEST(ReportHtmlTest, ChartsAreDrawnWithoutTheScriptToo) {
  ReportColumns columns = WithCharts({NumberColumn("distance")}, "red");
  columns.columns[0].is_target = true;
  const std::string html = RenderReport(HtmlReport(), columns);
  const StrictPage page(html);
  for (const char* expected : {"Target", "Values, share of the rows with a value", "Missing values",
                               "1 of 1 columns hold nulls or NaN", "50 %",
                               "Not drawn: from 30: 25 % of train, 0 % of validation, 0 % of test.",
                               "Not drawn: not learned: 2.8 % of train", "92.6 % of train"}) {
    EXPECT_THAT(page.text(), HasSubstr(expected));
  }
  // All test rows with a value lie in one bin, which fills the box but for its margin; the first
  // bin's half of the training rows is half as high.
  EXPECT_THAT(html, HasSubstr("d=\"M0 100L0.0 52.0H133.3"));
  EXPECT_THAT(html, HasSubstr("3 bins from 0 to 30; most train rows, 50 %, in [0, 10)"));
}

TEST(ReportHtmlTest, OnlyThePagesOwnScriptsRun) {
  const std::string html = RenderReport(HtmlReport(), WithCharts({NumberColumn("x")}, "red"));
  const StrictPage page(html);
  ASSERT_EQ(page.scripts().size(), 4);  // the data, vega, its interpreter, the page's own
  EXPECT_THAT(html, HasSubstr("script-src &#39;sha256-"));
  EXPECT_THAT(html, Not(HasSubstr("unsafe-eval")));
  EXPECT_THAT(page.scripts()[1], HasSubstr("vega"));
  // The notices that the licences ask for.
  EXPECT_THAT(html, HasSubstr("University of Washington Interactive Data Lab"));
  EXPECT_THAT(html, HasSubstr("Mike Bostock"));
  // Without charts there is nothing to run.
  const std::string plain = RenderReport(HtmlReport(), Columns({NumberColumn("x")}));
  EXPECT_THAT(plain, Not(HasSubstr("<script")));
  EXPECT_THAT(plain, HasSubstr("script-src &#39;none&#39;"));
}

TEST(ReportHtmlTest, TextFromDataNeverLeavesTheChartsData) {
  const std::string hostile = "</script><script>alert(1)</script><!--\u2028\xff\"'\\";
  ReportColumns columns =
      WithCharts({NumberColumn(hostile), TextColumn(hostile, hostile)}, hostile);
  columns.columns[1].values->no_chart = hostile;
  columns.columns[1].type = hostile;
  const StrictPage page(RenderReport(HtmlReport(), columns));
  ASSERT_EQ(page.scripts().size(), 4);
  const std::string& data = page.scripts()[0];
  for (const char c : data) {
    ASSERT_TRUE(c >= 0x20 && c < 0x7f && c != '<' && c != '>' && c != '&') << static_cast<int>(c);
  }
  const json parsed = json::parse(data);
  ASSERT_EQ(parsed["columns"].size(), 2);
  // A label is as it was, but for the byte that is no text.
  const std::string label = parsed["columns"][0]["charts"][1]["labels"][0];
  EXPECT_TRUE(label.starts_with("</script><script>alert(1)</script><!--"));
  EXPECT_EQ(parsed["columns"][0]["missing"], json({240000, 0, 150000}));
  EXPECT_EQ(parsed["columns"][0]["charts"][0]["rows"][2], json({540000, 150000, 150000}));
  EXPECT_EQ(parsed["rows"], json({2400000, 300000, 300000}));
}

TEST(ReportHtmlTest, AbsentSplitsAreLeftOut) {
  ReportColumns columns = WithCharts({NumberColumn("x")}, "red");
  columns.splits = {{"validation"}, {1}, {0, 300000, 0}};
  const StrictPage page(RenderReport(HtmlReport(), columns));
  const json parsed = json::parse(page.scripts()[0]);
  EXPECT_EQ(parsed["splits"], json::array({"validation"}));
  EXPECT_EQ(parsed["columns"][0]["missing"], json::array({0}));
  EXPECT_EQ(parsed["columns"][0]["charts"][0]["rows"], json::parse("[[150000], [0], [150000]]"));
}

TEST(ReportHtmlTest, ControlsAndBrokenUtf8BecomeVisible) {
  const std::string name("a\0b\x1b\n\xff\u202e", 9);
  const std::string html = RenderReport(HtmlReport(), Columns({TextColumn(name, name)}));
  const StrictPage page(html);
  EXPECT_THAT(page.text(), HasSubstr("a\\x00b\\x1b\\n\\xff\\xe2\\x80\\xae"));
  for (const char c : html) {
    ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    ASSERT_NE(c, '\xff');
  }
}

TEST(ReportHtmlTest, ManyColumnsBecomeATable) {
  std::vector<ReportColumn> many;
  for (int i = 0; i < 20000; ++i) many.push_back(NumberColumn("c" + std::to_string(i)));
  const std::string html = RenderReport(HtmlReport(), Columns(many));
  const StrictPage page(html);
  EXPECT_EQ(page.count("details"), 0);
  EXPECT_THAT(page.text(), HasSubstr("20,000 source columns in"));
  EXPECT_THAT(page.text(), HasSubstr("c4999"));
  EXPECT_THAT(page.text(), Not(HasSubstr("c5000")));
  EXPECT_THAT(page.text(), HasSubstr("and 15,000 more"));
  EXPECT_LT(html.size(), size_t{4} << 20);
}

TEST(ReportHtmlTest, FewCardsAreOpenManyAreFolded) {
  std::vector<ReportColumn> columns(16, NumberColumn("x"));
  EXPECT_THAT(RenderReport(HtmlReport(), Columns(columns)),
              HasSubstr("<details class=\"card column\" open"));
  columns.resize(500, NumberColumn("x"));
  const std::string html = RenderReport(HtmlReport(), Columns(columns));
  EXPECT_THAT(html, Not(HasSubstr("open=\"\"")));
  EXPECT_EQ(StrictPage(html).count("details"), 500);
}

TEST(ReportHtmlTest, LongTextsListsAndShardsAreBounded) {
  RunReport report = HtmlReport();
  for (int i = 0; i < 5000; ++i) {
    report.manifest.shards.push_back({"train", "train/p" + std::to_string(i), i, 1, 1, "00"});
  }
  ReportColumn column = TextColumn(std::string(1 << 20, 'n'), std::string(1 << 20, 'v'));
  column.pipelines[0].steps[0].facts["categories"] = std::vector<std::string>(100000, "v");
  column.pipelines[0].outputs.resize(100000);
  const std::string html = RenderReport(report, Columns({column}));
  const StrictPage page(html);
  EXPECT_LT(html.size(), 120000);
  EXPECT_THAT(page.text(), HasSubstr("train/p199"));
  EXPECT_THAT(page.text(), Not(HasSubstr("train/p200")));
  EXPECT_THAT(page.text(), HasSubstr("and 4,800 more; manifest.json lists them all"));
  EXPECT_THAT(page.text(), HasSubstr("and 99,960 more"));  // categories
  EXPECT_THAT(page.text(), HasSubstr("and 99,977 more"));  // outputs
}

TEST(ReportHtmlTest, AReportWithoutAnythingIsStillAPage) {
  RunReport report;
  report.command = "transform";
  const StrictPage page(ReportHtml(report));
  EXPECT_THAT(page.text(), HasSubstr("Features transformed"));
}

}  // namespace
}  // namespace emberharmony::engine::internal
