#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "emberharmony/engine/index_partition_internal.h"

namespace emberharmony::engine::internal {
namespace {

TEST(IndexPartition, KeepsOrderWithinEachPart) {
  std::mt19937_64 random(7);
  for (const int64_t n : {0, 1, 7, 8, 9, 16, 31, 100, 1000}) {
    for (const int only : {-1, 0, 1, 2, 3}) {  // -1: rows in all parts, and in none (3)
      std::vector<int32_t> indices(n);
      std::vector<uint8_t> splits(n);
      std::vector<int32_t> expected[3];
      for (int64_t i = 0; i < n; ++i) {
        indices[i] = static_cast<int32_t>(random());
        splits[i] = static_cast<uint8_t>(only >= 0 ? only : random() % 4);
        if (splits[i] < 3) expected[splits[i]].push_back(indices[i]);
      }
      std::vector<int32_t> parts[3];
      for (auto& part : parts) part.resize(n + kPartitionPadding);
      int32_t* const data[3] = {parts[0].data(), parts[1].data(), parts[2].data()};
      int64_t sizes[3] = {-1, -1, -1};
      PartitionIndices(indices.data(), splits.data(), n, data, sizes);
      for (int s = 0; s < 3; ++s) {
        parts[s].resize(sizes[s]);
        EXPECT_EQ(parts[s], expected[s]) << n << " rows, part " << s;
      }
    }
  }
}

}  // namespace
}  // namespace emberharmony::engine::internal
