#include "rfpp/cuda/fours.hpp"

#include <array>
#include <cstdint>
#include <memory>

#include "catch.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;

TEST_CASE("divisions by multiplication are exact below 2^31") {
  constexpr std::uint32_t end = std::uint32_t{1} << 31;
  for (const std::uint32_t by : {1U, 2U, 3U, 7U, 48U, 64U, 641U, 65535U, 65537U, end / 2 + 1, end - 1})
    for (const std::uint32_t multiple : {0U, by, end / 3 / by * by, (end - 1) / by * by})
      for (const std::uint32_t n : {multiple - 1, multiple, multiple + 1, end - 1}) {
        if (n >= end) continue;
        std::uint32_t rest = 0;
        INFO(n << " by " << by);
        CHECK(rfpp::cuda::Division(static_cast<int>(by))(n, rest) == n / by);
        CHECK(rest == n % by);
      }
}

TEST_CASE("elements of a tensor are found, and refused where they are too many") {
  const Extents e{2, 3, 5, 7};
  const rfpp::cuda::Places places(e);
  for (std::size_t i = 0; i < e.size(); ++i) {
    int c = 0, expected_c = 0;
    const Pixel found = places(i, c), expected = rfpp::cuda::place_of(i, e, expected_c);
    CHECK(std::array{found.n, found.h, found.w, c} ==
          std::array{expected.n, expected.h, expected.w, expected_c});
  }
  CHECK_THROWS_AS(rfpp::cuda::Places({1 << 11, 1 << 10, 1 << 10, 1}), Error);
}

TEST_CASE("four channels at a time are those that are read one by one") {
  const auto x = hashed_tensor<float>("x", {2, 2, 3, 8}), row = hashed_tensor<float>("row", {1, 1, 1, 8}),
             pixels = hashed_tensor<float>("pixels", {2, 2, 3, 1}),
             statistics = hashed_tensor<float>("statistics", {2, 2, 1, 4});
  const auto check = [](const auto& e) {
    const auto plan = plan_of(e);
    CHECK(rfpp::cuda::reads_fours(plan));
    for (int w = 0; w < e.extents().w; ++w) {
      const auto cursor = plan.at({e.extents().n - 1, e.extents().h - 1, w});
      for (int c = 0; c < e.extents().c; c += 4) {
        const auto four = rfpp::cuda::read_four(cursor, c);
        for (int k = 0; k < 4; ++k) CHECK(four.at[k] == cursor[c + k]);
      }
    }
  };
  check(silu(x * row + pixels));
  check(upsample2(x) * 2.0);
  check(zero_inserted2(x));
  check(split_heads(x, 2));
  check(split_heads(x, 4));
  check(merge_heads(reshaped(x, {4, 1, 3, 8}), 2, 1, 3));
  check(group_row(statistics, 1, 2) * row);
  check(Gather<float>{reshaped(x, {12, 1, 1, 8}), Tensor<int>({1, 1, 2, 1})});

  Tensor<float> memory({1, 1, 1, 9});
  const Tensor<float> apart(Storage(memory.data() + 1, 32, std::make_shared<const Storage>(memory.storage)),
                            vector_extents(8));
  CHECK_FALSE(rfpp::cuda::reads_fours(plan_of(x + apart)));
  CHECK_FALSE(rfpp::cuda::reads_fours(plan_of(upsample2(hashed_tensor<float>("odd", {1, 2, 2, 6})))));
}
