#include "rfpp/core/tensor.hpp"

#include <climits>
#include <cstdint>

#include "support.hpp"

using namespace rfpp;

TEST_CASE("a tensor is a counted handle: copies share the elements") {
  Tensor<float> t({1, 2, 3, 4});
  for (float v : t.elements()) CHECK(v == 0);
  const Tensor<float> same = t;
  same.data()[5] = 7;
  CHECK(t.data()[5] == 7);
  CHECK(same.id() == t.id());
  CHECK(t.storage.shared());
  const Tensor<float> other({1, 2, 3, 4});
  CHECK(other.id() != t.id());
  t = other;
  CHECK(t.id() == other.id());
  CHECK_FALSE(same.storage.shared());
  CHECK(same.data()[5] == 7);
}

TEST_CASE("a tensor's elements are aligned to 64 bytes") {
  for (int c : {1, 3, 17, 1000, 1 << 20})
    CHECK(reinterpret_cast<std::uintptr_t>(Tensor<float>::uninitialized(vector_extents(c)).data()) % 64 == 0);
}

TEST_CASE("a declared tensor has a shape and no storage") {
  const auto t = Tensor<double>::declared({1, 2, 3, 4});
  CHECK_FALSE(t.has_storage());
  CHECK(t.data() == nullptr);
  CHECK((t.extents() == Extents{1, 2, 3, 4}));
}

TEST_CASE("a tensor of no elements has storage") {
  const Tensor<float> t({0, 2, 3, 4});
  CHECK(t.has_storage());
  CHECK(t.elements().empty());
}

TEST_CASE("impossible extents are an error that names them") {
  CHECK(Tensor<double>::bytes({2, 3, 5, 7}) == 8 * 210);
  for (const Extents e : {Extents{-1, 1, 1, 1},
                          {1, 1, 1, -5},
                          {INT_MAX, INT_MAX, INT_MAX, 1},
                          {1 << 20, 1 << 20, 1 << 20, 16}}) {
    const std::string message = test::error_of([&] { Tensor<float>::bytes(e); });
    INFO(message);
    CHECK(test::contains(message, to_string(e)));
    CHECK_THROWS_AS(Tensor<float>(e), Error);
  }
}

TEST_CASE("a reshaped tensor shares its elements") {
  const Tensor<float> t({1, 2, 3, 4});
  const auto flat = reshaped(t, {1, 1, 1, 24});
  CHECK(flat.id() == t.id());
  CHECK((flat.extents() == Extents{1, 1, 1, 24}));
  CHECK(test::contains(test::error_of([&] { reshaped(t, {1, 1, 1, 23}); }), "[1,2,3,4] into [1,1,1,23]"));
}

TEST_CASE("an image of a batch is a tensor of its own in the batch's memory") {
  Tensor<float> batch({3, 2, 2, 5});
  Tensor<float> image = image_of(batch, 1);
  CHECK(image.extents() == Extents{1, 2, 2, 5});
  CHECK(image.id() != batch.id());
  image.data()[0] = 7;
  CHECK(batch.data()[20] == 7);
  batch = {};
  CHECK(image.data()[0] == 7);  // the memory lives on
}
