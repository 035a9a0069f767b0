#include "emberharmony/base/printable_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "emberharmony/base/utf8.h"

namespace emberharmony::base {

bool ChangesDisplay(std::string_view sequence) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (sequence.size() == 2) return (byte(0) == 0xc2 && byte(1) < 0xa0) || sequence == "\xd8\x9c";
  if (sequence.size() != 3) return false;
  if (sequence == "\xef\xbb\xbf") return true;
  if (byte(0) != 0xe2) return false;
  if (byte(1) == 0x80)
    return byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae);
  return byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
}

std::string PrintableText(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    const bool stays = sequence == "\n" || sequence == "\t";
    if (!stays && (length == 0 || ChangesDisplay(sequence))) {
      for (const char c : sequence) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

}  // namespace emberharmony::base
