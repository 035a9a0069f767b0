#include "emberharmony/engine/column_status.h"

#include <gtest/gtest.h>

#include "emberharmony/base/error_kind.h"

namespace emberharmony::engine {
namespace {

TEST(ColumnStatus, NamesTheColumnOnce) {
  const arrow::Status status = WithColumn(base::DataError("it is damaged"), "x");
  EXPECT_EQ(status.message(), "column 'x': it is damaged");
  EXPECT_EQ(base::KindOf(status), base::ErrorKind::kData);
  EXPECT_EQ(WithColumn(status, "x").message(), "column 'x': it is damaged");
}

TEST(ColumnStatus, TheStepsNumberIsForBinding) {
  EXPECT_EQ(WithColumn(base::DataError("step 0: column 'x' is empty"), "x").message(),
            "column 'x' is empty");
  EXPECT_EQ(WithColumn(base::DataError("step 12: no: never"), "x").message(),
            "column 'x': no: never");
}

TEST(ColumnStatus, AnInterruptionIsNoFaultOfTheColumn) {
  EXPECT_EQ(WithColumn(base::InterruptedError("interrupted"), "x").message(), "interrupted");
  EXPECT_TRUE(WithColumn(arrow::Status::OK(), "x").ok());
}

}  // namespace
}  // namespace emberharmony::engine
