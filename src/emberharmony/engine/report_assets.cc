#include "emberharmony/engine/report_assets.h"

#include <cstdint>

// The files themselves become part of this object: a compiler need not read half a megabyte of
// text. CMake gives their paths and their SHA-256 (src/emberharmony/CMakeLists.txt).
#define EMBER_EMBED(symbol, path)                                           \
  __asm__(                                                                  \
      ".pushsection .rodata\n"                                              \
      ".global " #symbol                                                    \
      "_begin\n"                                                            \
      ".hidden " #symbol "_begin\n" #symbol                                 \
      "_begin:\n"                                                           \
      ".incbin \"" path                                                     \
      "\"\n"                                                                \
      ".global " #symbol                                                    \
      "_end\n"                                                              \
      ".hidden " #symbol "_end\n" #symbol                                   \
      "_end:\n"                                                             \
      ".byte 0\n"                                                           \
      ".popsection\n");                                                     \
  extern "C" {                                                              \
  extern const char symbol##_begin[] __attribute__((visibility("hidden"))); \
  extern const char symbol##_end[] __attribute__((visibility("hidden")));   \
  }

EMBER_EMBED(ember_vega, EMBER_VEGA_PATH)
EMBER_EMBED(ember_vega_interpreter, EMBER_VEGA_INTERPRETER_PATH)
EMBER_EMBED(ember_report_page, EMBER_REPORT_PAGE_PATH)
EMBER_EMBED(ember_vega_notices, EMBER_VEGA_NOTICES_PATH)

namespace emberharmony::engine {

namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// A digest of 64 hexadecimal digits as a content security policy writes it, in base 64.
std::string CspSource(std::string_view hex) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string source = "'sha256-";
  uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : hex) {
    bits = bits << 4 | static_cast<uint32_t>(HexDigit(c));
    num_bits += 4;
    if (num_bits < 6) continue;
    num_bits -= 6;
    source += kDigits[bits >> num_bits & 63];
  }
  // 256 bits leave 4 over: one more digit and one sign of padding.
  source += kDigits[bits << (6 - num_bits) & 63];
  return source + "='";
}

}  // namespace

ReportScript VegaScript() {
  return {Between(ember_vega_begin, ember_vega_end), CspSource(EMBER_VEGA_SHA256)};
}

ReportScript VegaInterpreterScript() {
  return {Between(ember_vega_interpreter_begin, ember_vega_interpreter_end),
          CspSource(EMBER_VEGA_INTERPRETER_SHA256)};
}

ReportScript PageScript() {
  return {Between(ember_report_page_begin, ember_report_page_end),
          CspSource(EMBER_REPORT_PAGE_SHA256)};
}

std::string_view VegaNotices() { return Between(ember_vega_notices_begin, ember_vega_notices_end); }

}  // namespace emberharmony::engine
