// What a backend costs beside its work: an addition of eight numbers by the plugin torch and by
// PyTorch itself, and the choice of who computes. The best of many short rounds, one after the
// other.
//
//   ninja -C build overhead_bench && EMBERHARMONY_NUM_THREADS=1 build/bin/overhead_bench
#include <ATen/Parallel.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "emberharmony/backend/automatic_choice.h"
#include "emberharmony/backend/plugin_loader.h"
#include "emberharmony/ops.h"

namespace {

namespace backend = emberharmony::backend;
namespace ops = emberharmony::ops;
using emberharmony::tensor::DType;
using emberharmony::tensor::Tensor;

constexpr int kRounds = 200;
constexpr int kCalls = 2000;

struct Timed {
  std::string what;
  std::function<void()> call;
  double least_ns = std::numeric_limits<double>::infinity();
};

void TimeAll(std::vector<Timed>* all) {
  for (int round = 0; round < kRounds; ++round) {
    for (Timed& each : *all) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < kCalls; ++i) each.call();
      const std::chrono::duration<double, std::nano> taken =
          std::chrono::steady_clock::now() - begin;
      each.least_ns = std::min(each.least_ns, taken.count() / kCalls);
    }
  }
  for (const Timed& each : *all) std::printf("%8.1f ns  %s\n", each.least_ns, each.what.c_str());
}

/// The choice alone, for inputs of so many elements.
Timed Choice(const std::string& what, backend::Op op, int64_t size, int num_inputs) {
  const Tensor x = ops::full({size}, 0.5);
  const std::string name(backend::InfoOf(op).name);
  return {"choosing who computes " + name + " of " + std::to_string(size) + " elements, " + what,
          [=] {
            const Tensor* const inputs[] = {&x, &x};
            constexpr DType kDTypes[] = {DType::kFloat64};
            const backend::Backend& chosen =
                backend::ChooseFor({op, kDTypes, 1}, {inputs, static_cast<size_t>(num_inputs)},
                                   num_inputs == 1 ? emberharmony::tensor::Shape{} : x.shape());
            asm volatile("" : : "r"(&chosen) : "memory");
          }};
}

void TimeAdditions(backend::Backend* torch) {
  double a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  double out[8];
  const Tensor x = Tensor::Wrap(a, {8}, DType::kFloat64, nullptr);
  const Tensor result = Tensor::WrapMutable(out, {8}, DType::kFloat64, nullptr);
  const Tensor* const inputs[] = {&x, &x};
  const Tensor* const outputs[] = {&result};
  const auto blob = [](double* data) { return at::from_blob(data, {8}, at::kDouble); };
  at::Tensor at_hand = blob(a);
  at::Tensor at_hand_out = blob(out);
  std::vector<Timed> all;
  all.push_back({"8 numbers added by the plugin torch",
                 [&] { torch->Execute(backend::Op::kAdd, inputs, {}, outputs); }});
  all.push_back(
      {"at::add_out, of tensors at hand", [&] { at::add_out(at_hand_out, at_hand, at_hand); }});
  all.push_back({"at::add_out, of tensors that from_blob makes for the call", [&] {
                   at::Tensor made = blob(out);
                   at::add_out(made, blob(a), blob(a));
                 }});
  all.push_back(
      {"natively", [&] { backend::Native().Execute(backend::Op::kAdd, inputs, {}, outputs); }});
  TimeAll(&all);
}

}  // namespace

int main() {
  at::set_num_threads(1);
  const auto loaded = backend::LoadBackend("torch");
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", loaded.status().message().c_str());
    return 2;
  }
  TimeAdditions(*loaded);
  std::vector<Timed> choices;
  choices.push_back(Choice("natively without asking", backend::Op::kAdd, 1000, 2));
  TimeAll(&choices);
  if (const auto done = backend::CalibrateNow(); !done.ok()) {
    std::fprintf(stderr, "%s\n", done.status().message().c_str());
    return 2;
  }
  choices.clear();
  choices.push_back(Choice("by cost", backend::Op::kAdd, 1000, 2));
  choices.push_back(Choice("by cost", backend::Op::kSum, 1000, 1));
  choices.push_back(Choice("by cost", backend::Op::kSin, 100000, 1));
  choices.push_back(Choice("by cost", backend::Op::kExp, 1000000, 1));
  TimeAll(&choices);
  return 0;
}
