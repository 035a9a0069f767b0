// Rows on their way to a model that learns: their order, and their columns as tensors.
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nanobind/nanobind.h>

#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>

#include "bindings/bigquery_internal.h"
#include "bindings/engine_internal.h"
#include "bindings/results.h"
#include "emberharmony/base/philox.h"
#include "emberharmony/io/lossless_cast.h"

namespace emberharmony::python {
namespace {

/// A number in [0, bound), evenly: the upper half of a product of 128 bits, after Lemire 2019; the
/// few products that would favour some numbers are drawn again.
class EvenNumbers {
 public:
  EvenNumbers(uint64_t seed, const std::array<uint32_t, 3>& stream)
      : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)}, stream_(stream) {}

  uint64_t Below(uint64_t bound) {
    __extension__ using Product = unsigned __int128;
    const uint64_t unfair = (0 - bound) % bound;
    while (true) {
      const Product product = static_cast<Product>(Next()) * bound;
      if (static_cast<uint64_t>(product) >= unfair) return static_cast<uint64_t>(product >> 64);
    }
  }

 private:
  uint64_t Next() {
    if (left_ == 0) {
      words_ = base::Philox4x32({block_, stream_[0], stream_[1], stream_[2]}, key_);
      ++block_;
      left_ = 2;
    }
    --left_;
    return uint64_t{words_[2 * left_ + 1]} << 32 | words_[2 * left_];
  }

  const std::array<uint32_t, 2> key_;
  const std::array<uint32_t, 3> stream_;
  uint32_t block_ = 0;  // of two numbers each; a permutation of 2^33 rows does not fit into memory
  int left_ = 0;
  std::array<uint32_t, 4> words_{};
};

/// The numbers from 0 on in an order that the seed and the three numbers of a stream fix (Fisher
/// and Yates, Durstenfeld 1964).
nanobind::object Permutation(int64_t size, int64_t seed, uint32_t epoch, uint32_t rank,
                             uint32_t part) {
  if (size < 0) throw nanobind::value_error("permutation: expected a size of 0 or more");
  ops::Tensor tensor = ops::Tensor::Empty(ops::Shape{size}, ops::DType::kInt64);
  int64_t* const order = tensor.mutable_data_as<int64_t>();
  std::iota(order, order + size, int64_t{0});
  EvenNumbers numbers(static_cast<uint64_t>(seed), {epoch, rank, part});
  for (int64_t i = size - 1; i > 0; --i) {
    std::swap(order[i], order[numbers.Below(static_cast<uint64_t>(i) + 1)]);
  }
  try {
    return nanobind::steal(ToPython(std::move(tensor)));
  } catch (const PythonError&) {
    throw nanobind::python_error();
  }
}

template <class Struct>
Struct* ContentOf(const nanobind::object& capsule, const char* name) {
  auto* const content = static_cast<Struct*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (content == nullptr) throw nanobind::python_error();
  if (content->release == nullptr) throw nanobind::value_error("the capsule has been read already");
  return content;
}

/// The batch of a pair of capsules (__arrow_c_array__), whose memory it shares.
BigQueryBatch BatchOfCapsules(const nanobind::object& schema, const nanobind::object& array) {
  return {ImportedOrRaise(arrow::ImportRecordBatch(ContentOf<ArrowArray>(array, "arrow_array"),
                                                   ContentOf<ArrowSchema>(schema, "arrow_schema"))),
          -1, -1};
}

/// The values of a pair of capsules (__arrow_c_array__) in the type of a third one, as a stream of
/// one column; None where values of the two types are never the same. ValueError for one that would
/// change.
nanobind::object CastValues(const nanobind::object& schema, const nanobind::object& array,
                            const nanobind::object& wanted) {
  const auto values = ImportedOrRaise(arrow::ImportArray(
      ContentOf<ArrowArray>(array, "arrow_array"), ContentOf<ArrowSchema>(schema, "arrow_schema")));
  const auto type =
      ImportedOrRaise(arrow::ImportType(ContentOf<ArrowSchema>(wanted, "arrow_schema")));
  if (!io::CanBeCast(*values->type(), *type)) return nanobind::none();
  auto cast = io::CastWithoutLoss(values, type, arrow::default_memory_pool());
  if (cast.status().IsInvalid()) throw nanobind::value_error(cast.status().message().c_str());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("value", type)}),
                                              values->length(), {RunValueOrRaise(std::move(cast))});
  return StreamCapsule(RunValueOrRaise(arrow::RecordBatchReader::Make({batch})));
}

}  // namespace

void InitEngineRows(nanobind::module_& module) {
  module.def("permutation", &Permutation, nanobind::arg("size"), nanobind::arg("seed"),
             nanobind::arg("epoch"), nanobind::arg("rank"), nanobind::arg("part"));
  module.def("batch_of_capsules", &BatchOfCapsules, nanobind::arg("schema"),
             nanobind::arg("array"));
  module.def("cast_values", &CastValues, nanobind::arg("schema"), nanobind::arg("array"),
             nanobind::arg("wanted"));
}

}  // namespace emberharmony::python
