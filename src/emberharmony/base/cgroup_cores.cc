#include <charconv>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "emberharmony/base/thread_pool_internal.h"

namespace emberharmony::base::internal {
namespace {

// A mounted control group hierarchy that may limit the CPU.
struct Hierarchy {
  bool version2 = false;
  std::string mount_root;  // the group that is visible at mount_point
  std::string mount_point;
};

std::optional<int64_t> ToInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool HasItem(const std::string& list, std::string_view item) {
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) {
    if (part == item) return true;
  }
  return false;
}

// Lines of proc(5) mountinfo: "36 35 98:0 /root /mount/point rw,noatime master:1 - cgroup2 source
// rw,cpu".
std::vector<Hierarchy> ReadHierarchies(const std::string& root) {
  std::vector<Hierarchy> result;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, type, source, options;
    Hierarchy hierarchy;
    fields >> skipped >> skipped >> skipped >> hierarchy.mount_root >> hierarchy.mount_point;
    while (fields >> skipped && skipped != "-") {
    }
    fields >> type >> source >> options;
    hierarchy.version2 = type == "cgroup2";
    if (hierarchy.version2 || (type == "cgroup" && HasItem(options, "cpu"))) {
      result.push_back(std::move(hierarchy));
    }
  }
  return result;
}

// The group of this process: lines "0::/path" (version 2) and "4:cpu,cpuacct:/path" (version 1).
std::optional<std::string> ReadGroup(const std::string& root, bool version2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool matches = version2 ? controllers.empty() && line.substr(0, first) == "0"
                                  : HasItem(controllers, "cpu");
    if (matches) return line.substr(second + 1);
  }
  return std::nullopt;
}

int QuotaCores(std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return 0;
  const int64_t cores = (*quota - 1) / *period + 1;
  return static_cast<int>(cores < 1 << 20 ? cores : 1 << 20);
}

int CoresOfFolder(const std::string& folder, bool version2) {
  std::string quota, period;
  if (version2) {
    std::ifstream(folder + "/cpu.max") >> quota >> period;  // "max 100000" or "150000 100000"
  } else {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;  // -1 when unlimited
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  return QuotaCores(ToInteger(quota), ToInteger(period));
}

}  // namespace

int CgroupCores(const std::string& root) {
  int smallest = 0;
  for (const Hierarchy& hierarchy : ReadHierarchies(root)) {
    const std::optional<std::string> group = ReadGroup(root, hierarchy.version2);
    if (!group) continue;
    // In a container the mount may show only the part of the tree from mount_root on, and the group
    // may lie outside it
    // ("/.." paths of control group namespaces): then the mount's own top is all that can be seen.
    std::string below;
    if (hierarchy.mount_root == "/") {
      below = *group;
    } else if (*group == hierarchy.mount_root || group->starts_with(hierarchy.mount_root + "/")) {
      below = group->substr(hierarchy.mount_root.size());
    }
    if (below.find("/..") != std::string::npos) below.clear();
    while (true) {
      while (below.ends_with('/')) below.pop_back();
      const int cores = CoresOfFolder(root + hierarchy.mount_point + below, hierarchy.version2);
      if (cores > 0 && (smallest == 0 || cores < smallest)) smallest = cores;
      if (below.empty()) break;
      below.resize(below.rfind('/') == std::string::npos ? 0 : below.rfind('/'));
    }
  }
  return smallest;
}

}  // namespace emberharmony::base::internal
