#include "emberharmony/base/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace emberharmony::base {

namespace {

// A limit file holds a number or "max"; absent means no limit.
int64_t ReadLimit(const std::string& path) {
  std::ifstream file(path);
  int64_t limit = 0;
  if (file >> limit && limit > 0) return limit;
  return std::numeric_limits<int64_t>::max();
}

// The smallest limit along a group's path, up to the root of the hierarchy.
int64_t SmallestLimit(const std::string& root, std::string group, const char* file_name) {
  int64_t limit = ReadLimit(root + "/" + file_name);
  while (group.size() > 1) {
    limit = std::min(limit, ReadLimit(root + group + "/" + file_name));
    group.resize(group.find_last_of('/'));
  }
  return limit;
}

}  // namespace

int64_t MachineMemoryBytes() {
  int64_t limit = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    // "0::/path" in version 2, "5:memory:/path" in version 1.
    size_t first = line.find(':');
    size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, SmallestLimit("/sys/fs/cgroup", group, "memory.max"));
    } else if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      limit =
          std::min(limit, SmallestLimit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace emberharmony::base
