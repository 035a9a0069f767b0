#include "emberharmony/cli/memory_guard.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

#include "emberharmony/base/allocation_failure.h"
#include "emberharmony/base/error_kind.h"
#include "emberharmony/base/process_memory.h"

namespace emberharmony::cli {
namespace {

// Nothing here recurses deeply; a stack is private memory in its full size, touched or not.
constexpr size_t kStackBytes = 512 << 10;
constexpr int kMaxArenas = 2;
constexpr int64_t kReturnedBlockBytesMin = 256 << 10;
constexpr int64_t kReturnedBlockBytesMax = 32 << 20;  // malloc takes no larger one
// For messages and clean-up once memory has run out.
constexpr int64_t kReserveBytes = int64_t{2} << 20;
constexpr std::chrono::milliseconds kWatchInterval{20};
// How much of the program may be loaded between two looks.
constexpr int64_t kProgramStepBytes = int64_t{4} << 20;

std::atomic<int64_t> private_bytes_max{0};
std::atomic<bool> hit{false};

// Never raises a limit that was set from outside.
void LimitPrivateBytes(int64_t bytes) noexcept {
  static const rlim_t inherited = [] {
    rlimit limit{};
    return getrlimit(RLIMIT_DATA, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
  }();
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = std::min({static_cast<rlim_t>(bytes), inherited, limit.rlim_max});
  (void)setrlimit(RLIMIT_DATA, &limit);
}

// Of operator new, on the thread that was refused: what malloc keeps is tried first. Then the
// reserve is opened, so that there is memory to fail with.
void OnRefusal() {
  thread_local bool trimmed = false;
  if (!trimmed) {
    trimmed = true;
    malloc_trim(0);
    return;
  }
  trimmed = false;
  base::NoteAllocationFailure();
  hit.store(true);
  LimitPrivateBytes(private_bytes_max.load());
  throw std::bad_alloc();
}

std::terminate_handler default_terminate = nullptr;

void SayUnbuffered(const char* text) noexcept {
  (void)!write(STDERR_FILENO, text, std::strlen(text));
}

// An exception where none may be thrown. When memory was the reason it still ends the run as the
// memory limit does; the output folder has no manifest then.
[[noreturn]] void OnTerminate() {
  bool out_of_memory = false;
  if (const std::exception_ptr exception = std::current_exception(); exception != nullptr) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    } catch (...) {
    }
  }
  if (out_of_memory) {
    char consumer[256];
    base::Activity::Describe(consumer, sizeof(consumer));
    SayUnbuffered("ember: ");
    SayUnbuffered(consumer[0] != '\0' ? consumer : "the run");
    SayUnbuffered(": there is no memory left for it; raise --memory\n");
    _exit(static_cast<int>(base::ErrorKind::kMemory));
  }
  if (default_terminate != nullptr) default_terminate();
  std::abort();
}

}  // namespace

void MemoryGuard::Prepare(int64_t limit_bytes) {
  mallopt(M_ARENA_MAX, kMaxArenas);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    if (pthread_attr_setstacksize(&attributes, kStackBytes) == 0) {
      pthread_setattr_default_np(&attributes);
    }
    pthread_attr_destroy(&attributes);
  }
  if (limit_bytes <= 0) return;
  // Left alone, malloc raises these with every large block that is freed, and keeps what it has.
  const auto returned = static_cast<int>(
      std::clamp(limit_bytes / 512, kReturnedBlockBytesMin, kReturnedBlockBytesMax));
  mallopt(M_MMAP_THRESHOLD, returned);
  mallopt(M_TRIM_THRESHOLD, returned);
}

MemoryGuard::MemoryGuard(int64_t limit_bytes) : limit_bytes_(limit_bytes) {
  const base::ProcessMemory memory = base::ReadProcessMemory();
  if (memory.private_mapped == 0) return;  // another system: the budgets are all there is
  private_bytes_max.store(base::PrivateBytesMax(limit_bytes, memory));
  LimitPrivateBytes(private_bytes_max.load() - kReserveBytes);
  std::set_new_handler(OnRefusal);
  default_terminate = std::set_terminate(OnTerminate);
  try {
    watcher_ = std::thread([this] { Watch(); });
  } catch (const std::system_error&) {
    // Without it the limit stays where it is.
  }
}

MemoryGuard::~MemoryGuard() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  std::set_new_handler(nullptr);
  LimitPrivateBytes(INT64_MAX);
}

bool MemoryGuard::was_hit() { return hit.load(); }

// More of the program than was reckoned with leaves less to everything else.
void MemoryGuard::Watch() {
  const base::ProcessMemory start = base::ReadProcessMemory();
  int64_t allowed = start.file_resident + base::kProgramGrowthBytes;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kWatchInterval, [this] { return closing_; })) {
    const base::ProcessMemory now = base::ReadProcessMemory();
    const int64_t excess = now.file_resident + now.shared_resident + kProgramStepBytes - allowed;
    if (excess <= 0) continue;
    allowed += excess;
    private_bytes_max.fetch_sub(excess);
    LimitPrivateBytes(private_bytes_max.load() - kReserveBytes);
  }
}

}  // namespace emberharmony::cli
