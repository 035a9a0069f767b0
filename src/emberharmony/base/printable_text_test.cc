#include "emberharmony/base/printable_text.h"

#include <gtest/gtest.h>

namespace emberharmony::base {
namespace {

TEST(PrintableText, ShowsWhatWouldChangeTheDisplay) {
  EXPECT_EQ(PrintableText("a\x1b[31m\x07 b\r"), "a\\x1b[31m\\x07 b\\x0d");
  EXPECT_EQ(PrintableText("\xc2\x9b|\xe2\x80\xae|\xef\xbb\xbf"),
            "\\xc2\\x9b|\\xe2\\x80\\xae|\\xef\\xbb\\xbf");
  EXPECT_EQ(PrintableText("\xff\xfe\xc3"), "\\xff\\xfe\\xc3");
  EXPECT_EQ(PrintableText(std::string_view("\0", 1)), "\\x00");
}

TEST(PrintableText, LeavesTextAlone) {
  for (const char* text : {"", "two lines\n\tindented", "Zürich 東京 🜂", "\\x1b"}) {
    EXPECT_EQ(PrintableText(text), text);
    EXPECT_EQ(PrintableText(PrintableText(text)), text);
  }
}

}  // namespace
}  // namespace emberharmony::base
