#pragma once

#include <fmt/format.h>
#include <xxhash.h>

#include <string>
#include <string_view>

namespace emberharmony::base {

/// The XXH3 128-bit hash of bytes that come piece by piece.
class ContentHash {
 public:
  ContentHash() : state_(XXH3_createState()) {
    if (state_ != nullptr && XXH3_128bits_reset(state_) != XXH_OK) {
      XXH3_freeState(state_);
      state_ = nullptr;
    }
  }
  ~ContentHash() { XXH3_freeState(state_); }
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  /// Whether there was memory for it; nothing else may be called where there was not.
  bool is_valid() const { return state_ != nullptr; }
  void Add(std::string_view bytes) { XXH3_128bits_update(state_, bytes.data(), bytes.size()); }
  /// Of what has been added so far, in lower-case hexadecimal digits.
  std::string Hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_);
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  XXH3_state_t* state_;
};

}  // namespace emberharmony::base
