// Bodies of the comparison, logical and selection kernels; see loops_internal.h. A bool is read as
// a byte, 0 or 1.
#pragma once

#include "emberharmony/backend/native/loops_internal.h"

namespace emberharmony::backend::native {
namespace {

#define EMBER_COMPARISON(Name, op)                 \
  template <class T>                               \
  struct Name {                                    \
    static uint8_t Do(T x, T y) { return x op y; } \
  };
EMBER_COMPARISON(Equal, ==)
EMBER_COMPARISON(NotEqual, !=)
EMBER_COMPARISON(Less, <)
EMBER_COMPARISON(LessEqual, <=)
EMBER_COMPARISON(Greater, >)
EMBER_COMPARISON(GreaterEqual, >=)
EMBER_COMPARISON(BitAnd, &)
EMBER_COMPARISON(BitOr, |)
EMBER_COMPARISON(BitXor, ^)
#undef EMBER_COMPARISON

struct LogicalNot {
  static uint8_t Do(uint8_t x) { return x ^ 1; }
};

template <class T>
struct IsNan {
  static uint8_t Do(T x) { return x != x; }
};
template <class T>
struct IsFinite {
  static uint8_t Do(T x) { return x - x == T(0); }
};
template <class T>
struct IsInf {
  static uint8_t Do(T x) { return (x == x) & (x - x != T(0)); }
};

template <template <class> class F, class... Ts>
void AddPredicate(KernelTable* table, Op op, Types<Ts...>) {
  (table->Set(op, DTypeOf<Ts>(), &UnaryLoop<F<Ts>, Ts, uint8_t>), ...);
}
template <template <class> class F, class... Ts>
void AddComparison(KernelTable* table, Op op, Types<Ts...>) {
  (table->Set(op, DTypeOf<Ts>(), &BinaryLoop<F<Ts>, Ts, uint8_t>), ...);
}

struct Pair {
  uint64_t low, high;
};

// Only the size of an item matters to these. Selecting by masks is what every instruction set has
// in vectors.
template <class Item>
Item Select(uint8_t condition, Item x, Item y) {
  const Item mask = static_cast<Item>(Item(0) - Item(condition));
  return static_cast<Item>((x & mask) | (y & ~mask));
}
Pair Select(uint8_t condition, Pair x, Pair y) { return condition != 0 ? x : y; }

template <class Item>
void WhereLoop(const void* const* inputs, void* output, int64_t n) {
  const uint8_t* condition = static_cast<const uint8_t*>(inputs[0]);
  const Item* x = static_cast<const Item*>(inputs[1]);
  const Item* y = static_cast<const Item*>(inputs[2]);
  Item* out = static_cast<Item*>(output);
  EMBER_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) out[i] = Select(condition[i], x[i], y[i]);
}

template <class Item>
void CopyLoop(const void* const* inputs, void* output, int64_t n) {
  __builtin_memmove(output, inputs[0], n * sizeof(Item));
}

template <template <class> class Loop>
void AddBySize(KernelTable* table, Op op) {
  for (int i = 0; i < tensor::kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    switch (tensor::ItemSize(dtype)) {
      case 1:
        table->Set(op, dtype, Loop<uint8_t>::kLoop);
        break;
      case 2:
        table->Set(op, dtype, Loop<uint16_t>::kLoop);
        break;
      case 4:
        table->Set(op, dtype, Loop<uint32_t>::kLoop);
        break;
      case 8:
        table->Set(op, dtype, Loop<uint64_t>::kLoop);
        break;
      default:
        table->Set(op, dtype, Loop<Pair>::kLoop);
        break;
    }
  }
}
template <class Item>
struct Where {
  static constexpr Kernel kLoop = &WhereLoop<Item>;
};
template <class Item>
struct Copy {
  static constexpr Kernel kLoop = &CopyLoop<Item>;
};

void AddComparisons(KernelTable* table) {
  AddComparison<Equal>(table, Op::kEqual, RealTypes{});
  AddComparison<NotEqual>(table, Op::kNotEqual, RealTypes{});
  table->Set(Op::kEqual, DType::kBool, &BinaryLoop<Equal<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kNotEqual, DType::kBool, &BinaryLoop<NotEqual<uint8_t>, uint8_t, uint8_t>);
  AddComparison<Less>(table, Op::kLess, RealTypes{});
  table->Set(Op::kLess, DType::kBool, &BinaryLoop<Less<uint8_t>, uint8_t, uint8_t>);
  AddComparison<LessEqual>(table, Op::kLessEqual, RealTypes{});
  table->Set(Op::kLessEqual, DType::kBool, &BinaryLoop<LessEqual<uint8_t>, uint8_t, uint8_t>);
  AddComparison<Greater>(table, Op::kGreater, RealTypes{});
  table->Set(Op::kGreater, DType::kBool, &BinaryLoop<Greater<uint8_t>, uint8_t, uint8_t>);
  AddComparison<GreaterEqual>(table, Op::kGreaterEqual, RealTypes{});
  table->Set(Op::kGreaterEqual, DType::kBool, &BinaryLoop<GreaterEqual<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kLogicalAnd, DType::kBool, &BinaryLoop<BitAnd<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kLogicalOr, DType::kBool, &BinaryLoop<BitOr<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kLogicalXor, DType::kBool, &BinaryLoop<BitXor<uint8_t>, uint8_t, uint8_t>);
  table->Set(Op::kLogicalNot, DType::kBool, &UnaryLoop<LogicalNot, uint8_t, uint8_t>);
  AddPredicate<IsNan>(table, Op::kIsNan, RealTypes{});
  table->Set(Op::kIsNan, DType::kBool, &UnaryLoop<IsNan<uint8_t>, uint8_t, uint8_t>);
  AddPredicate<IsFinite>(table, Op::kIsFinite, RealTypes{});
  table->Set(Op::kIsFinite, DType::kBool, &UnaryLoop<IsFinite<uint8_t>, uint8_t, uint8_t>);
  AddPredicate<IsInf>(table, Op::kIsInf, RealTypes{});
  table->Set(Op::kIsInf, DType::kBool, &UnaryLoop<IsInf<uint8_t>, uint8_t, uint8_t>);
  AddBySize<Where>(table, Op::kWhere);
  AddBySize<Copy>(table, Op::kCopy);
}

}  // namespace
}  // namespace emberharmony::backend::native
