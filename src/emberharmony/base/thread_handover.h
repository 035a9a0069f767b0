#pragma once

/// Tells the thread sanitizer of orders that it cannot see: an object goes to a library that is not
/// instrumented, and comes back on another thread; what keeps the two apart lies in the library.
/// HandOver before the object is given away, TakeOver where it is back. Without the sanitizer both
/// are nothing. They order what each thread does with any memory, not this object's alone, and so
/// hide races: only for orders that the library promises.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EMBER_TELLS_THREAD_SANITIZER 1
#endif
#endif

#ifdef EMBER_TELLS_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace emberharmony::base {

inline void HandOver([[maybe_unused]] const void* object) {
#ifdef EMBER_TELLS_THREAD_SANITIZER
  __tsan_release(const_cast<void*>(object));
#endif
}

inline void TakeOver([[maybe_unused]] const void* object) {
#ifdef EMBER_TELLS_THREAD_SANITIZER
  __tsan_acquire(const_cast<void*>(object));
#endif
}

}  // namespace emberharmony::base
