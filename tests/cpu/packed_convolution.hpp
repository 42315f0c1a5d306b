#ifndef RFPP_TESTS_CPU_PACKED_CONVOLUTION_HPP
#define RFPP_TESTS_CPU_PACKED_CONVOLUTION_HPP

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"

namespace rfpp::test {

/// A layer {x, residual, filter, expression()}, its filter packed as `kind`, is `naive` plus its residual, with
/// the same bits for any number of threads, with the sums of what it wrote, and where it adds to what is there.
template <class L>
auto check_packed_convolution(L layer, Packing::Kind kind, const Tensor<double>& naive, double tolerance,
                              const std::string& what) {
  Cpu one(1), three(3);
  auto expected = Tensor<double>::uninitialized(naive.extents());
  for (std::size_t i = 0; i < expected.extents().size(); ++i)
    expected.data()[i] = naive.data()[i] + static_cast<double>(layer.residual.data()[i]);
  one.pack(layer.filter, kind);
  layer.filter.drop_raw();
  const auto y = eval(one, layer.expression());
  check_close(y, expected, tolerance, what);
  INFO(what);
  CHECK(same_bits(eval(three, layer.expression()), y));
  CHECK(attached_to(y).id() != nullptr);
  check_close(eval(one, moments(y, 1, 1e-6)), naive_moments(y, 1, 1e-6), 1e-5, what);
  for (int n = 0; y.extents().n > 1 && n < y.extents().n; ++n) {
    L alone = layer;
    alone.x = image_of(layer.x, n);
    alone.residual = image_of(layer.residual, n);
    CHECK(same_bits(eval(three, alone.expression()), image_of(y, n)));
  }
  const auto sum = copy_of(layer.residual);
  three.run(sum, layer.expression(), true);
  CHECK(same_bits(sum, eval(one, y + layer.residual)));
}

}  // namespace rfpp::test

#endif
