// The tensor functions alone.
#include <emberharmony/ops.h>

#include <iostream>

namespace ops = emberharmony::ops;

int main() {
  const ops::Tensor x = ops::asarray({1.0, 2.0, 3.0});
  std::cout << ops::sum(x + ops::exp(ops::zeros_like(x))).item<double>() << "\n";
}
