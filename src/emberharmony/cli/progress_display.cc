#include "emberharmony/cli/progress_display.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "emberharmony/base/memory_budget.h"

namespace emberharmony::cli {

namespace {

using engine::ProgressSnapshot;

double Share(const ProgressSnapshot& s) {
  if (s.phase_finished) return 1;
  return s.rows_total > 0 ? static_cast<double>(s.rows_done) / static_cast<double>(s.rows_total)
                          : 0;
}

std::string Duration(double seconds) {
  if (seconds < 0) return "--";
  if (seconds < 60) return fmt::format("{:.0f}s", seconds);
  const int64_t whole = static_cast<int64_t>(seconds);
  if (whole < 3600) return fmt::format("{}m{:02d}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02d}m", whole / 3600, whole / 60 % 60);
}

std::string Figures(const ProgressSnapshot& s) {
  const double seconds = std::max(s.seconds, 1e-3);
  return fmt::format("{:.1f}M rows  {:.2f}M rows/s  {:.0f} MB/s  {}", s.rows_done / 1e6,
                     s.rows_done / 1e6 / seconds, s.bytes_done / 1e6 / seconds,
                     base::FormatByteSize(s.resident_bytes));
}

// One line that is drawn over and over; phases that have ended stay.
class BarDisplay : public engine::ProgressListener {
 public:
  // Of a phase that was given up the line stays open.
  ~BarDisplay() override {
    if (line_is_open_) fmt::print(stderr, "\n");
  }

  int64_t interval_ms() const override { return 100; }

  void OnProgress(const ProgressSnapshot& s) override {
    constexpr int kBarWidth = 24;
    // A phase too short to have been seen leaves no line.
    if (s.phase_finished && s.seconds < 0.1) return;
    const int filled = static_cast<int>(Share(s) * kBarWidth);
    std::string bar(filled, '=');
    bar.resize(kBarWidth, ' ');
    std::string left =
        s.phase_finished ? "in " + Duration(s.seconds) : "left " + Duration(s.seconds_left);
    std::string line =
        fmt::format("{:<9} [{}] {:3.0f}%  {}  {}", s.phase, bar, 100 * Share(s), Figures(s), left);
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        line.size() >= size.ws_col) {
      line.resize(size.ws_col - 1);
    }
    fmt::print(stderr, "\r{}\x1b[K{}", line, s.phase_finished ? "\n" : "");
    std::fflush(stderr);
    line_is_open_ = !s.phase_finished;
  }

 private:
  bool line_is_open_ = false;
};

// A line every few seconds, for logs.
class LineDisplay : public engine::ProgressListener {
 public:
  int64_t interval_ms() const override { return 5000; }

  void OnProgress(const ProgressSnapshot& s) override {
    if (s.phase_finished) return;
    fmt::print(stderr, "{}: {:.0f}%  {}  left {}\n", s.phase, 100 * Share(s), Figures(s),
               Duration(s.seconds_left));
  }
};

// A JSON object a line, for programs.
class JsonDisplay : public engine::ProgressListener {
 public:
  int64_t interval_ms() const override { return 1000; }

  void OnProgress(const ProgressSnapshot& s) override {
    nlohmann::json json = {{"phase", s.phase},
                           {"rows_done", s.rows_done},
                           {"rows_total", s.rows_total},
                           {"bytes_done", s.bytes_done},
                           {"bytes_total", s.bytes_total},
                           {"seconds", s.seconds},
                           {"resident_bytes", s.resident_bytes},
                           {"finished", s.phase_finished}};
    json["seconds_left"] = s.seconds_left < 0 ? nlohmann::json() : nlohmann::json(s.seconds_left);
    fmt::print(stderr, "{}\n", json.dump());
  }
};

}  // namespace

std::unique_ptr<engine::ProgressListener> MakeProgressDisplay(const std::string& kind) {
  if (kind == "none") return nullptr;
  if (kind == "json") return std::make_unique<JsonDisplay>();
  if (kind == "bar" || isatty(STDERR_FILENO) == 1) return std::make_unique<BarDisplay>();
  return std::make_unique<LineDisplay>();
}

}  // namespace emberharmony::cli
