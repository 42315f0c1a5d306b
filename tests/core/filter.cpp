#include "rfpp/core/filter.hpp"

#include "support.hpp"

using namespace rfpp;
using test::contains;
using test::error_of;

TEST_CASE("a filter that was never loaded, or whose raw weight was dropped, throws when it is read") {
  Filter<float> filter({2, 3, 3, 4});
  CHECK_FALSE(filter.has_raw());
  CHECK(contains(error_of([&] { filter.raw(); }), "[2,3,3,4]"));
  filter.assign(Tensor<float>({2, 3, 3, 4}));
  CHECK(filter.has_raw());
  CHECK_NOTHROW(filter.raw());
  filter.drop_raw();
  CHECK(contains(error_of([&] { filter.raw(); }), "[2,3,3,4]"));
  CHECK((filter.extents() == Extents{2, 3, 3, 4}));
}

TEST_CASE("a filter takes only its own extents, and names both") {
  Filter<float> filter({2, 3, 3, 4});
  const std::string message = error_of([&] { filter.assign(Tensor<float>({2, 4, 3, 3})); });
  INFO(message);
  CHECK(contains(message, "[2,3,3,4]"));
  CHECK(contains(message, "[2,4,3,3]"));
  CHECK_FALSE(filter.has_raw());
}

TEST_CASE("writing the raw weight drops the packed one") {
  Filter<float> filter({2, 1, 1, 4});
  filter.assign(Tensor<float>({2, 1, 1, 4}));
  filter.set_packed({Packing::Kind::panels, 16}, Tensor<float>(vector_extents(64)));
  CHECK((filter.packing() == Packing{Packing::Kind::panels, 16}));
  CHECK(filter.packed().has_storage());
  filter.assign(Tensor<float>({2, 1, 1, 4}));
  CHECK((filter.packing() == Packing{}));
  CHECK_FALSE(filter.packed().has_storage());
}
