#include "rfpp/cpu/transpose.hpp"

#include "catch.hpp"
#include "rfpp/cpu/operand.hpp"

using namespace rfpp;

TEST_CASE("a transposed square swaps rows and columns") {
  using V = cpu::Lanes<float>;
  constexpr int lanes = cpu::lane_count<float>;
  V square[lanes];
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < lanes; ++j) square[i][j] = static_cast<float>(100 * i + j);
  cpu::transpose(square);
  for (int i = 0; i < lanes; ++i)
    for (int j = 0; j < lanes; ++j) CHECK(square[i][j] == static_cast<float>(100 * j + i));
}
