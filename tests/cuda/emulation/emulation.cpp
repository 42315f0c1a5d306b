// The emulated GPU itself.
#include <array>
#include <cmath>

#include "catch.hpp"
#include "cuda/emulation/device.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// One sum of a square, of two operands that are zero but for these.
float sum_of(float before, const std::array<float, 8>& left, const std::array<float, 8>& right) {
  std::array<float, 256> sums{};
  std::array<float, 128> a{}, b{};
  sums[0] = before;
  for (std::size_t k = 0; k < 8; ++k) {
    a[k] = left[k];
    b[k * 16] = right[k];
  }
  emulation::multiply_squares(sums.data(), a.data(), b.data(), 8, 8);
  return sums[0];
}

}  // namespace

TEST_CASE("tensor cores cut off what is a bit below the largest addend's last one") {
  CHECK(sum_of(1, {2}, {3}) == 7);
  CHECK(sum_of(-1, {0.5F}, {0.5F}) == -0.75F);
  CHECK(sum_of(1, {0x1p-12F}, {0x1p-12F}) == 1);  // kept, but not by a float
  CHECK(sum_of(1, {0x1p-12F, 0x1p-12F}, {0x1p-12F, 0x1p-12F}) == 1 + 0x1p-23F);
  CHECK(sum_of(1, {0x1p-13F, 0x1p-13F, 0x1p-13F, 0x1p-13F}, {0x1p-12F, 0x1p-12F, 0x1p-12F, 0x1p-12F}) == 1);
  CHECK(sum_of(-1, {-0x1p-12F}, {0x1.8p-11F}) == -1 - 0x1p-23F);  // towards zero
  CHECK(sum_of(0x1p-130F, {0}, {0}) == 0);                        // below its range
  CHECK(std::isinf(sum_of(0, {INFINITY}, {1})));
  CHECK(std::isnan(sum_of(0, {INFINITY}, {0})));
}

TEST_CASE("floats are rounded to bfloat16") {
  CHECK(float{emulation::BFloat16(1 + 0x1p-8F)} == 1);
  CHECK(float{emulation::BFloat16(1 + 0x1.8p-7F)} == 1 + 0x1p-6F);
  CHECK(float{emulation::BFloat16(-3.4e38F)} == -INFINITY);
  CHECK(std::isnan(float{emulation::BFloat16(NAN)}));
}

TEST_CASE("an emulated GPU does what it is asked for when somebody waits, and nothing while it records") {
  const emulation::Device device;
  auto* data = static_cast<int*>(device.memory().allocate(2 * sizeof(int)));
  int value = 7;
  device.upload(data, &value, sizeof value);
  value = 0;  // it has been read
  device.for_each(1, [data](std::size_t) { data[1] = 2 * data[0]; });
  device.download(&value, data + 1, sizeof value);
  CHECK(value == 14);

  const emulation::Device::Graph graph(device, [&] {
    device.for_each(1, [data](std::size_t) { data[1] += 1; });
    CHECK_THROWS_AS(device.synchronise(), Error);
    CHECK_THROWS_AS(device.upload(data, &value, sizeof value), Error);
    CHECK_THROWS_AS(device.memory().allocate(1), Error);
    CHECK_THROWS_AS(device.wait_for(device.mark()), Error);
  });
  device.download(&value, data + 1, sizeof value);
  CHECK(value == 14);
  graph.start(device);
  graph.start(device);
  device.download(&value, data + 1, sizeof value);
  CHECK(value == 16);
  device.memory().release(data, 2 * sizeof(int));
}

TEST_CASE("an emulated GPU copies by itself as late as it may, and only memory that is for that") {
  const emulation::Device device;
  auto* data = static_cast<int*>(device.memory().allocate(sizeof(int)));
  auto* host = static_cast<int*>(device.host_memory().allocate(3 * sizeof(int)));
  host[0] = 7;
  device.start_upload(data, host, sizeof(int));
  host[0] = 8;  // too early
  device.start_download(host + 1, data, sizeof(int));
  const auto first = device.mark();
  device.start_download(host + 2, data, sizeof(int));
  CHECK(host[1] == -1);
  device.wait_for(first);
  CHECK(host[1] == 8);
  CHECK(host[2] == -1);
  device.wait_for(device.mark());
  CHECK(host[2] == 8);

  int elsewhere = 0;
  CHECK_THROWS_AS(device.start_upload(data, &elsewhere, sizeof(int)), Error);
  CHECK_THROWS_AS(device.start_download(host + 2, data, 2 * sizeof(int)), Error);
  device.host_memory().release(host, 3 * sizeof(int));
  device.memory().release(data, sizeof(int));
}
