#include "rfpp/io/tensor_view.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "io/checkpoints.hpp"

using files::elements;
using namespace rfpp::io;
using files::error_of;
using Shape = std::vector<std::int64_t>;

namespace {

std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

TensorView contiguous(const std::vector<float>& values, const Shape& shape) {
  return view_into(std::as_bytes(std::span(values)), DType::float32, shape, row_major_strides(shape));
}

}  // namespace

TEST_CASE("Reading a contiguous tensor gives its elements in order") {
  const auto values = counting(2 * 3 * 4 * 5);
  const auto view = contiguous(values, {2, 3, 4, 5});
  CHECK(elements<float>(view) == values);
  CHECK(elements<double>(view) == std::vector<double>(values.begin(), values.end()));
}

TEST_CASE("Reading honors strides and offsets") {
  const auto values = counting(24);
  const auto bytes = std::as_bytes(std::span(values));
  const auto read = [&](const Shape& shape, const Shape& strides, std::int64_t offset) {
    return elements<float>(view_into(bytes, DType::float32, shape, strides, offset));
  };
  CHECK(read({2, 3}, {1, 2}, 0) == std::vector<float>{0, 2, 4, 1, 3, 5});
  CHECK(read({2, 3}, {0, 4}, 5) == std::vector<float>{5, 9, 13, 5, 9, 13});
  CHECK(read({1, 2, 1, 2}, {99, 12, 77, 3}, 8) == std::vector<float>{8, 11, 20, 23});
  CHECK(read({}, {}, 23) == std::vector<float>{23});
  CHECK(read({2, 0}, {5, 5}, 100).empty());
}

TEST_CASE("Elements need not be aligned") {
  const auto values = counting(6);
  std::vector<std::byte> shifted(25);
  std::memcpy(shifted.data() + 1, values.data(), 24);
  CHECK(elements<float>(view_into(std::span(shifted).subspan(1), DType::float32, {2, 3}, {3, 1})) == values);
}

TEST_CASE("Channels-last reading moves the second of four dimensions to the end") {
  const auto shape = GENERATE(Shape{2, 3, 4, 5}, Shape{4, 7, 1, 1}, Shape{3, 1, 3, 3}, Shape{1, 5, 2, 1});
  const auto values = counting(static_cast<std::size_t>(shape[0] * shape[1] * shape[2] * shape[3]));
  std::vector<float> out(values.size());
  read_channels_last(contiguous(values, shape), std::span(out));
  std::size_t next = 0;
  for (std::int64_t a = 0; a < shape[0]; ++a) {
    for (std::int64_t c = 0; c < shape[2]; ++c) {
      for (std::int64_t d = 0; d < shape[3]; ++d) {
        for (std::int64_t b = 0; b < shape[1]; ++b) {
          const auto source = ((a * shape[1] + b) * shape[2] + c) * shape[3] + d;
          REQUIRE(out[next++] == values[static_cast<std::size_t>(source)]);
        }
      }
    }
  }
}

TEST_CASE("Channels-last reading leaves other ranks row-major") {
  const auto values = counting(24);
  const auto shape = GENERATE(Shape{24}, Shape{4, 6}, Shape{2, 3, 4}, Shape{2, 3, 2, 2, 1});
  std::vector<float> out(24);
  read_channels_last(contiguous(values, shape), std::span(out));
  CHECK(out == values);
}

TEST_CASE("Reading wants exactly as many elements as the tensor has") {
  const auto values = counting(6);
  std::vector<float> out(5);
  CHECK(error_of([&] {
          read_elements(contiguous(values, {2, 3}), std::span(out));
        }) == "tensor of shape (2, 3) read into 5 elements");
}

TEST_CASE("A view reaches only what its storage holds") {
  const auto values = counting(24);
  const auto bytes = std::as_bytes(std::span(values));
  const auto accepted = [&](const Shape& shape, const Shape& strides, std::int64_t offset) {
    return error_of([&] { view_into(bytes, DType::float32, shape, strides, offset); }).empty();
  };
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  CHECK(accepted({4, 6}, {6, 1}, 0));
  CHECK(accepted({4, 6}, {0, 1}, 18));
  CHECK_FALSE(accepted({4, 6}, {6, 1}, 1));
  CHECK_FALSE(accepted({4, 6}, {7, 1}, 0));
  CHECK_FALSE(accepted({4, 6}, {6}, 0));
  CHECK_FALSE(accepted({4, 6}, {6, 1}, -1));
  CHECK_FALSE(accepted({2}, {-1}, 1));
  CHECK_FALSE(accepted({-2}, {1}, 0));
  CHECK_FALSE(accepted({2}, {largest}, 0));
  CHECK_FALSE(accepted({3}, {largest}, 0));
  CHECK_FALSE(accepted({1}, {1}, largest));
  CHECK_FALSE(accepted({largest, largest}, {0, 0}, 0));
  CHECK_FALSE(accepted({largest, largest, 0}, {0, 0, 0}, 0));
  CHECK_FALSE(accepted(Shape(65, 1), Shape(65, 1), 0));
}
