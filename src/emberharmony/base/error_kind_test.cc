#include "emberharmony/base/error_kind.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

#include "emberharmony/base/unknown_column.h"

namespace emberharmony::base {
namespace {

class ForeignDetail : public arrow::StatusDetail {
 public:
  const char* type_id() const override { return "somebody else's"; }
  std::string ToString() const override { return "foreign"; }
};

TEST(ErrorKind, IsCarriedByTheStatus) {
  EXPECT_EQ(KindOf(UsageError("x")), ErrorKind::kUsage);
  EXPECT_EQ(KindOf(DataError("x")), ErrorKind::kData);
  EXPECT_EQ(KindOf(InterruptedError("x")), ErrorKind::kInterrupted);
  EXPECT_EQ(UsageError("no column 'a'").message(), "no column 'a'");
  EXPECT_TRUE(UsageError("x").IsInvalid());
  EXPECT_TRUE(InterruptedError("x").IsCancelled());
}

TEST(ErrorKind, OfAnUnknownColumnIsAUsageErrorThatCanBeToldApart) {
  const arrow::Status unknown = UnknownColumnError("no column 'a'");
  EXPECT_EQ(KindOf(unknown), ErrorKind::kUsage);
  EXPECT_TRUE(IsUnknownColumn(unknown));
  EXPECT_TRUE(IsUnknownColumn(unknown.WithMessage("plan.yaml: ", unknown.message())));
  EXPECT_FALSE(IsUnknownColumn(UsageError("x")));
  EXPECT_FALSE(IsUnknownColumn(arrow::Status::KeyError("x")));
  EXPECT_FALSE(IsUnknownColumn(arrow::Status::OK()));
}

TEST(ErrorKind, SurvivesANewMessage) {
  arrow::Status status = UsageError("inner");
  EXPECT_EQ(KindOf(status.WithMessage("plan.yaml:3:1: ", status.message())), ErrorKind::kUsage);
}

TEST(ErrorKind, OfOtherStatusesFollowsTheCode) {
  EXPECT_EQ(KindOf(arrow::Status::OutOfMemory("x")), ErrorKind::kMemory);
  EXPECT_EQ(KindOf(arrow::Status::Cancelled("x")), ErrorKind::kInterrupted);
  EXPECT_EQ(KindOf(arrow::Status::IOError("x")), ErrorKind::kData);
  arrow::Status foreign(arrow::StatusCode::OutOfMemory, "x", std::make_shared<ForeignDetail>());
  EXPECT_EQ(KindOf(foreign), ErrorKind::kMemory);
}

}  // namespace
}  // namespace emberharmony::base
