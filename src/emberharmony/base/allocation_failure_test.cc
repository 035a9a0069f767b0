#include "emberharmony/base/allocation_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

#include "emberharmony/base/call_guarded.h"

namespace emberharmony::base {
namespace {

using testing::HasSubstr;

std::string Described() {
  char text[64];
  Activity::Describe(text, sizeof(text));
  return text;
}

TEST(Activity, TheInnermostCounts) {
  EXPECT_EQ(Described(), "");
  {
    const Activity outer("fit", "price");
    EXPECT_EQ(Described(), "fit, column 'price'");
    {
      const Activity inner("report");
      EXPECT_EQ(Described(), "report");
    }
    EXPECT_EQ(Described(), "fit, column 'price'");
  }
  EXPECT_EQ(Described(), "");
  const std::string name(100, 'x');
  const Activity long_name("fit", name);
  EXPECT_EQ(Described().size(), 63u);
  char none[1] = {'x'};
  Activity::Describe(none, 1);
  EXPECT_EQ(none[0], '\0');
}

TEST(AllocationFailure, NamesWhatFailedAfterUnwinding) {
  const arrow::Status status = CallGuarded([]() -> arrow::Status {
    const Activity activity("fit", "price");
    NoteAllocationFailure();
    throw std::bad_alloc();
  });
  EXPECT_TRUE(status.IsOutOfMemory());
  EXPECT_THAT(status.message(), HasSubstr("fit, column 'price': "));
  EXPECT_THAT(status.message(), HasSubstr("raise --memory"));
}

TEST(AllocationFailure, IsRecognizedInTheWordsOfLibraries) {
  const auto thrown = [](const std::string& words) {
    return CallGuarded([&]() -> arrow::Status { throw std::runtime_error(words); });
  };
  EXPECT_TRUE(thrown("Couldn't deserialize thrift: std::bad_alloc\n").IsOutOfMemory());
  EXPECT_TRUE(thrown("unexpected end of stream").IsUnknownError());
  EXPECT_TRUE(RecognizeAllocationFailure(arrow::Status::OK()).ok());
  EXPECT_TRUE(RecognizeAllocationFailure(
                  arrow::Status::IOError("ZSTD: Allocation error : not enough memory"))
                  .IsOutOfMemory());
  EXPECT_TRUE(RecognizeAllocationFailure(arrow::Status::IOError("truncated")).IsIOError());
}

}  // namespace
}  // namespace emberharmony::base
