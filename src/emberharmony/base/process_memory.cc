#include "emberharmony/base/process_memory.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace emberharmony::base {
namespace {

// The main thread's stack, and what was mapped but untouched at the start and is touched later.
constexpr int64_t kUncountedBytes = int64_t{2} << 20;

// The number in kibibytes behind "\nKey:" in bytes; 0 if there is none.
int64_t BytesOf(const char* status, const char* key) {
  const char* found = std::strstr(status, key);
  if (found == nullptr) return 0;
  found += std::strlen(key);
  while (*found == ' ' || *found == '\t') ++found;
  int64_t kibibytes = 0;
  for (; *found >= '0' && *found <= '9'; ++found) kibibytes = kibibytes * 10 + (*found - '0');
  return kibibytes * 1024;
}

}  // namespace

ProcessMemory ReadProcessMemory() noexcept {
  ProcessMemory memory;
  const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return memory;
  char status[8192];
  size_t size = 0;
  while (size < sizeof(status) - 1) {
    const ssize_t length = read(fd, status + size, sizeof(status) - 1 - size);
    if (length <= 0) break;
    size += static_cast<size_t>(length);
  }
  close(fd);
  status[size] = '\0';
  memory.resident = BytesOf(status, "\nVmRSS:");
  memory.file_resident = BytesOf(status, "\nRssFile:");
  memory.shared_resident = BytesOf(status, "\nRssShmem:");
  memory.anonymous = BytesOf(status, "\nRssAnon:");
  memory.private_mapped = BytesOf(status, "\nVmData:");
  return memory;
}

bool PrivateBytesAreLimited() noexcept {
  rlimit limit{};
  return getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

int64_t PrivateBytesMax(int64_t limit_bytes, const ProcessMemory& at_start) noexcept {
  const int64_t others = at_start.anonymous + at_start.file_resident + at_start.shared_resident +
                         kProgramGrowthBytes + kUncountedBytes;
  return at_start.private_mapped + std::max<int64_t>(0, limit_bytes - others);
}

}  // namespace emberharmony::base
