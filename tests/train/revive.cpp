#include "rfpp/train/revive.hpp"

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("entries without use for long are dead") {
  EntryUse use(4, 0);
  const std::array indices{1, 3, 3};
  use.note(indices);
  use.note(indices);
  CHECK(use.dead(2) == std::vector{0, 2});
  CHECK(use.dead(3).empty());
  use.reset(0);
  CHECK(use.dead(2) == std::vector{2});
  CHECK(EntryUse(3, 9).dead(9).size() == 3);
}

TEST_CASE("dead entries are put where latents are served badly") {
  const auto table = tensor_of<float>(matrix_extents(3, 2), {0, 0, 9, 9, 9, 9}), average = copy_of(table);
  const auto moment = tensor_of<float>(matrix_extents(3, 2), {1, 1, 1, 1, 1, 1});
  const auto latent = tensor_of<float>({1, 1, 3, 2}, {0, 0, 5, 0, 0, 4});
  const auto indices = tensor_of<int>({1, 1, 3, 1}, {0, 0, 0});
  EntryUse use(3, 0);
  for (int i = 0; i < 5; ++i) use.note(indices.elements());
  const std::array tables{table, average};
  const std::array moments{moment};
  CHECK(revive<float>(use, 5, latent, indices, tables, moments, {1, 2, 18}) == 2);
  // The latent at the entry itself is never drawn; the two others are, in some order.
  CHECK(table.data()[2] + table.data()[4] == 5);
  CHECK(table.data()[3] + table.data()[5] == 4);
  CHECK(table.data()[0] == 0);
  CHECK(same_bits(table, average));
  CHECK(moment.data()[0] == 1);
  CHECK(moment.data()[3] == 0);
  CHECK(use.dead(5).empty());
}

TEST_CASE("as many different latents are drawn as there are") {
  const auto drawn = draw_latents({0, 2, 1, 0, 3}, 10, {1, 1, 1});
  CHECK(std::vector<std::size_t>(drawn).size() == 3);
  auto sorted = drawn;
  std::ranges::sort(sorted);
  CHECK(sorted == std::vector<std::size_t>{1, 2, 4});
}
