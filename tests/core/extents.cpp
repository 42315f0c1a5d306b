#include "rfpp/core/extents.hpp"

#include "support.hpp"

using namespace rfpp;
using test::contains;
using test::error_of;

TEST_CASE("extents count elements without overflowing int") {
  const Extents e{2, 3, 5, 7};
  CHECK(e.pixels() == 30);
  CHECK(e.image_size() == 105);
  CHECK(e.size() == 210);
  CHECK(Extents{4, 1 << 15, 1 << 15, 64}.size() == std::size_t{1} << 38);
  CHECK((vector_extents(9) == Extents{1, 1, 1, 9}));
  CHECK((matrix_extents(4, 9) == Extents{4, 1, 1, 9}));
  CHECK(to_string(Extents{1, 20, 300, 4}) == "[1,20,300,4]");
}

TEST_CASE("extents broadcast where they are equal or one of them is 1") {
  CHECK((broadcast({2, 3, 4, 5}, {1, 1, 1, 5}, "add") == Extents{2, 3, 4, 5}));
  CHECK((broadcast({1, 3, 1, 5}, {2, 1, 4, 1}, "add") == Extents{2, 3, 4, 5}));
  CHECK((broadcast({1, 1, 1, 1}, {1, 1, 1, 1}, "add") == Extents{}));
}

TEST_CASE("extents that do not broadcast are an error that names the operation and both shapes") {
  for (const Extents other : {Extents{3, 3, 4, 5}, {2, 2, 4, 5}, {2, 3, 5, 5}, {2, 3, 4, 6}}) {
    const std::string message = error_of([&] { broadcast({2, 3, 4, 5}, other, "multiply"); });
    INFO(message);
    CHECK(contains(message, "multiply"));
    CHECK(contains(message, "[2,3,4,5]"));
    CHECK(contains(message, to_string(other)));
  }
}
