#include "emberharmony/base/shortened.h"

#include <fmt/format.h>

namespace emberharmony::base {

std::string Shortened(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  // A sequence's bytes but the first one are 10xxxxxx; none has more than three of them.
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++i) {
    --end;
  }
  return fmt::format("{}... ({} bytes)", text.substr(0, end), text.size());
}

}  // namespace emberharmony::base
