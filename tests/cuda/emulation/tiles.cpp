// Tiles of products on emulated tensor cores: what threads load and store, element by element, and the banks of
// shared memory that they do it in.
#include "rfpp/cuda/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "cuda/emulation/tensor_cores.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Lines given across, as a matrix {depth,lines} has them.
template <class Numbers> struct LinesAcross {
  static constexpr bool across = true;
  const typename Numbers::Element* data;
  int lines, pixels;

  using Place = int;
  int depth() const { return pixels; }
  int size() const { return lines; }
  int element(int line) const { return line < lines ? line : -1; }
  Place place(int, int line) const { return line; }
  cuda::ChunkPlace<Numbers> find(Place line, int k) const {
    return {data + k * lines + line, line < lines && k < pixels};
  }
  std::size_t part_size() const { return static_cast<std::size_t>(lines) * static_cast<std::size_t>(pixels); }
};

/// The parts of a matrix of rows and columns, one after the other.
template <class Numbers> std::vector<typename Numbers::Element> split(const Tensor<float>& matrix) {
  const std::size_t count = matrix.elements().size();
  std::vector<typename Numbers::Element> elements(Numbers::parts * count);
  for (std::size_t i = 0; i < count; ++i) {
    typename Numbers::Element parts[Numbers::parts];
    Numbers::split(matrix.elements()[i], parts);
    for (std::size_t part = 0; part < Numbers::parts; ++part) elements[part * count + i] = parts[part];
  }
  return elements;
}

/// The largest error of one tile, whose operands' element (line, k) is found by `index`.
template <class Numbers, class T, class Operand> double worst_error(int depth, const auto& index) {
  const auto left = hashed_tensor<float>("left", {1, 1, T::rows, depth});
  const auto right = hashed_tensor<float>("right", {1, 1, T::columns, depth});
  const auto left_parts = split<Numbers>(left), right_parts = split<Numbers>(right);
  std::vector<float> sums(static_cast<std::size_t>(T::rows) * T::columns);
  const auto operand = [&](const auto& parts, int lines) {
    if constexpr (Operand::across)
      return Operand{parts.data(), lines, depth};
    else
      return Operand{parts.data(), 1, lines, depth};
  };
  const cuda::Product<Numbers, T, Operand, Operand, cuda::KeepSums> product{
      operand(left_parts, T::rows), operand(right_parts, T::columns), 1, 1, {sums.data(), sums.size(), true}};
  struct alignas(128) Line {
    unsigned char bytes[128];
  };
  const std::size_t bytes = cuda::shared_bytes<std::remove_const_t<decltype(product)>>(product.stages);
  const auto memory = std::make_unique<Line[]>(bytes / sizeof(Line));
  std::memset(memory.get(), 0xff, bytes);  // NaN in all numbers
  emulation::ThreadBlock block;
  cuda::multiply_tile(block, product, {0, 0, 0, 0}, reinterpret_cast<unsigned char*>(memory.get()));

  double worst = 0;
  for (int row = 0; row < T::rows; ++row)
    for (int column = 0; column < T::columns; ++column) {
      double sum = 0;
      for (int k = 0; k < depth; ++k)
        sum += static_cast<double>(left.data()[index(T::rows, row, k)]) *
               static_cast<double>(right.data()[index(T::columns, column, k)]);
      const auto found = static_cast<double>(sums[static_cast<std::size_t>(row * T::columns + column)]);
      worst = std::isnan(found) ? INFINITY : std::max(worst, std::abs(found - sum));
    }
  return worst;
}

template <class Numbers, class T> void check_tile(double bar) {
  constexpr int depth = 3 * cuda::step_depth<Numbers>;  // of three steps
  const auto together = [](int, int line, int k) { return line * depth + k; };
  const auto across = [](int lines, int line, int k) { return k * lines + line; };
  CHECK(worst_error<Numbers, T, cuda::Lines<Numbers>>(depth, together) <= bar);
  CHECK(worst_error<Numbers, T, LinesAcross<Numbers>>(depth, across) <= bar);
}

/// Copies that land in the same banks: eight threads at once write 16 bytes each.
template <class Staged> std::size_t copy_conflicts() {
  const std::size_t before = emulation::bank_conflicts;
  const auto staged = std::make_unique<Staged>();
  for (int i = 0; i < Staged::copies; ++i)
    for (int first = 0; first < cuda::tile_threads; first += 8) {
      emulation::Access<16> access;
      for (int thread = first; thread < first + 8; ++thread)
        access(staged->at(0, Staged::line(thread, i), Staged::k(thread, i)));
    }
  return emulation::bank_conflicts - before;
}

}  // namespace

TEMPLATE_TEST_CASE("tiles agree with a product in float64, and no two threads want the same bank at once", "",
                   cuda::SplitTf32, cuda::Tf32, cuda::SplitHalf<io::Float16>, cuda::Float16<io::Float16>,
                   cuda::Bfloat16<emulation::BFloat16>) {
  const std::size_t before = emulation::bank_conflicts;
  const bool brain = sizeof(typename TestType::Element) == 2 && TestType::kind == CudaPacking::bfloat16;
  const double bar = TestType::parts == 2 ? 2e-5 : brain ? 0.1 : 2e-2;
  check_tile<TestType, cuda::WideTile>(bar);
  check_tile<TestType, cuda::NarrowTile>(bar);
  CHECK(emulation::bank_conflicts == before);
  CHECK(copy_conflicts<cuda::StagedLines<TestType, 256, false>>() == 0);
  CHECK(copy_conflicts<cuda::StagedLines<TestType, 64, true>>() == 0);
}

TEST_CASE("conflicts of banks are counted") {
  const std::size_t before = emulation::bank_conflicts;
  alignas(128) const float numbers[64]{};
  emulation::Access<4> access;
  access(&numbers[0]);
  access(&numbers[31]);
  CHECK(emulation::bank_conflicts == before);
  access(&numbers[32]);
  CHECK(emulation::bank_conflicts == before + 1);
}
