// Tiles of products on emulated tensor cores: what threads load and store, element by element, and the banks of
// shared memory that they do it in.
#include "rfpp/cuda/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "cuda/emulation/blocks.hpp"
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

/// The largest error of one tile's first rows and columns, whose operands' element (line, k) is found by `index`.
template <class Block, class Numbers, class T, class Operand>
double worst_error(int rows, int columns, int depth, const auto& index) {
  const auto left = hashed_tensor<float>("left", {1, 1, rows, depth});
  const auto right = hashed_tensor<float>("right", {1, 1, columns, depth});
  const auto left_parts = split<Numbers>(left), right_parts = split<Numbers>(right);
  std::vector<float> sums(static_cast<std::size_t>(rows * columns));
  const auto operand = [&](const auto& parts, int lines) {
    if constexpr (Operand::across)
      return Operand{parts.data(), lines, depth};
    else
      return Operand{parts.data(), 1, lines, depth};
  };
  const cuda::Product<Numbers, T, Operand, Operand, cuda::KeepSums> product{
      operand(left_parts, rows), operand(right_parts, columns), 1, 1, {sums.data(), sums.size(), true}};
  Block block;
  cuda::multiply_tile(block, product, {0, 0, 0, 0},
                      emulation::SharedMemory::instance().clear(
                          cuda::shared_bytes<std::remove_const_t<decltype(product)>>(product.stages)));

  double worst = 0;
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      double sum = 0;
      for (int k = 0; k < depth; ++k)
        sum += static_cast<double>(left.data()[index(rows, row, k)]) *
               static_cast<double>(right.data()[index(columns, column, k)]);
      const auto found = static_cast<double>(sums[static_cast<std::size_t>(row * columns + column)]);
      worst = std::isnan(found) ? INFINITY : std::max(worst, std::abs(found - sum));
    }
  return worst;
}

/// Of more steps than there are stages, and of one.
template <class Block, class Numbers, class T> double worst_error_along() {
  constexpr int step = cuda::step_depth<Numbers>, steps = cuda::most_stages + 2;
  double worst = 0;
  for (const int depth : {steps * step + cuda::chunk<Numbers>, step}) {
    const auto together = [depth](int, int line, int k) { return line * depth + k; };
    const auto of = [&](int rows, int columns) {
      worst = std::max(worst,
                       worst_error<Block, Numbers, T, cuda::Lines<Numbers>>(rows, columns, depth, together));
    };
    of(T::rows, T::columns);
    of(T::rows / 2 + 9, T::columns / 2 + 8);
  }
  return worst;
}
template <class Block, class Numbers, class T> double worst_error_across() {
  const auto across = [](int lines, int line, int k) { return k * lines + line; };
  return worst_error<Block, Numbers, T, LinesAcross<Numbers>>(T::rows, T::columns,
                                                              3 * cuda::step_depth<Numbers>, across);
}

template <class Numbers, class T> void check_tile(double bar) {
  CHECK(worst_error_along<emulation::OlderThreadBlock, Numbers, T>() <= bar);
  CHECK(worst_error_along<emulation::ThreadBlock, Numbers, T>() <= bar);
  CHECK(worst_error_across<emulation::ThreadBlock, Numbers, T>() <= bar);
}

/// Copies that land in the same banks: eight threads at once write 16 bytes each.
template <class Staged> std::size_t copy_conflicts() {
  const std::size_t before = emulation::bank_conflicts;
  const auto staged = std::make_unique<Staged>();
  for (int i = 0; i < Staged::copies; ++i)
    for (int first = 0; first < cuda::tile_threads; first += 8) {
      emulation::Access<16> access;
      for (int thread = first; thread < first + 8; ++thread) {
        access(staged->copied(0, thread, i));
        if (staged->copied(0, thread, i) != staged->at(0, Staged::line(thread, i), Staged::k(thread, i)))
          FAIL("copy " << i << " of thread " << thread);
      }
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
