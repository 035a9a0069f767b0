// A tour of the tensor interface: creation, operators, indexing, statistics, files. It checks what
// it shows, and ends with status 1 if anything is not as said.
#include <emberharmony/ops.h>

#include <complex>
#include <iostream>
#include <string>
#include <vector>

namespace ops = emberharmony::ops;
using ops::Slice;
using ops::Tensor;

namespace {

bool all_hold = true;

void Check(bool holds, const std::string& what) {
  if (holds) return;
  all_hold = false;
  std::cerr << "not as said: " << what << "\n";
}

void Show(const std::string& what, const Tensor& x) { std::cout << what << "\n" << x << "\n\n"; }

void Creation() {
  const Tensor matrix = ops::asarray({{1.0, 2.0}, {3.0, 4.0}});
  Show("a matrix", matrix);
  const Tensor angles = ops::linspace(0, 2 * ops::pi, 9);
  Show("sines", ops::sin(angles));
  Check(ops::arange(0, 10, 3).size() == 4, "arange leaves the stop out");
  Check(ops::eye(3).shape() == ops::Shape{3, 3}, "eye makes squares");
  Check(ops::asarray<float>({1, 2}).dtype() == ops::DType::kFloat32, "the type may be named");
}

void Operators() {
  const Tensor x = ops::arange(6.0).Reshape({2, 3});
  const Tensor weights = ops::asarray({0.5, 1.0, 2.0});
  const Tensor y = 2.0 * x - weights;  // weights are repeated for each row
  Check(y.shape() == x.shape(), "shapes broadcast");
  const Tensor inside = (y > 0.0) & (y < 5.0);
  Show("between 0 and 5", inside);
  Show("elsewhere 0", ops::where(inside, y, 0.0));
}

void Indexing() {
  Tensor x = ops::arange(12).Reshape({3, 4});
  Show("every second column, last row first",
       ops::get_index(x, {Slice{.step = -1}, Slice{.step = 2}}));
  const Tensor rows = ops::asarray<int64_t>({2, 0});
  Check(ops::get_index(x, {rows, 1}).size() == 2, "integer tensors select elements");
  Check(ops::get_index(x, {ops::ellipsis, ops::newaxis}).rank() == 3, "a new axis comes last");
  ops::set_index(x, {x > 8}, -1);  // x changes; a copy of it would not
  Check(ops::get_index(x, {x == -1}).size() == 3, "three elements were above 8");
  Show("capped", x);
  try {
    ops::get_index(x, {5});
    Check(false, "an index outside throws");
  } catch (const ops::IndexError& error) {
    std::cout << error.what() << "\n\n";
  }
}

void Rearranging() {
  const Tensor x = ops::arange(6).Reshape({2, 3});
  const std::vector<Tensor> both = {x, ops::flip(x)};
  Check(ops::concat(both, 1).shape() == ops::Shape{2, 6}, "concat joins along an axis");
  Check(ops::stack(both).shape() == ops::Shape{2, 2, 3}, "stack makes a new one");
  Show("windows of three elements", ops::sliding_window(ops::arange(5), 3));
  Show("sums by group",
       ops::scatter_add(ops::asarray({1.0, 2.0, 4.0}), ops::asarray<int64_t>({0, 2, 0})));
}

void FilesOfNumPy(const std::string& folder) {
  const Tensor x = ops::linspace(0, 1, 5);
  const std::string path = folder + "/tour.npy";
  const arrow::Status saved = ops::save(path, x);
  Check(saved.ok(), saved.ToString());
  const arrow::Result<Tensor> again = ops::load(path);
  Check(again.ok() && again->size() == 5, "what is saved can be loaded");
}

}  // namespace

int main(int argc, char** argv) {
  Creation();
  Operators();
  Indexing();
  Rearranging();
  if (argc > 1) FilesOfNumPy(argv[1]);
  return all_hold ? 0 : 1;
}
