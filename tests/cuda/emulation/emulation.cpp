// The emulated GPU itself.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

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
  emulation::multiply_rows(sums.data(), 16, a.data(), b.data(), 16, 8, 8);
  return sums[0];
}

/// Operands of a warpgroup in shared memory, zero but for one element.
struct WarpgroupOperands {
  static constexpr std::size_t left_bytes = 64 * 64, bytes = left_bytes + 128 * 64;
  unsigned char* memory = emulation::SharedMemory::instance().clear(bytes);
  std::uint64_t left = cuda::OperandPlace::of(emulation::SharedMemory::instance().address(memory)),
                right = left + left_bytes / cuda::OperandPlace::unit;

  WarpgroupOperands() {
    std::memset(memory, 0, bytes);
    set(left_bytes, 1);
  }
  void set(std::size_t at, float value) const {
    const io::Float16 element(value);
    std::memcpy(memory + at, &element, sizeof element);
  }
};

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

TEST_CASE("operands of a warpgroup are where PTX says") {
  using emulation::operand_address;
  const auto descriptor = [](unsigned start, unsigned leading, unsigned stride, unsigned swizzle) {
    return std::uint64_t{start / 16} | std::uint64_t{leading / 16} << 16 | std::uint64_t{stride / 16} << 32 |
           std::uint64_t{swizzle} << 62;
  };
  const auto none = descriptor(1024, 256, 128, 0), by_128 = descriptor(1024, 16, 1024, 1),
             by_64 = descriptor(1024, 16, 512, 2), by_32 = descriptor(1024, 16, 256, 3);
  CHECK(operand_address(none, 9, 18) == 1024 + 128 + 16 + 256 + 2);
  CHECK(operand_address(by_128, 1, 0) == 1024 + 128 + 16);
  CHECK(operand_address(by_128, 13, 64 + 2) == 1024 + 1024 + 5 * 128 + 16 + 2);
  CHECK(operand_address(by_64, 1, 0) == 1024 + 64);
  CHECK(operand_address(by_64, 2, 0) == 1024 + 128 + 16);
  CHECK(operand_address(by_64, 15, 16) == 1024 + 512 + 7 * 64 + 32);
  CHECK(operand_address(by_32, 3, 0) == 1024 + 96);
  CHECK(operand_address(by_32, 4, 16) == 1024 + 128);
  // Depth from 32 bytes on, and a pattern that begins at its second 128 bytes.
  CHECK(operand_address(by_64 + 2, 2, 0) == 1024 + 128 + 48);
  CHECK(operand_address((by_64 + 8) | std::uint64_t{1} << 49, 2, 0) == 1024 + 128 + 128 + 16);
  CHECK_THROWS_AS(operand_address(by_64 | std::uint64_t{1} << 46, 0, 0), Error);
}

TEST_CASE("a warpgroup reads its operands as late as it may, and its sums are nobody's meanwhile") {
  const WarpgroupOperands operands;
  emulation::unshared_copies = false;
  emulation::Warpgroup warpgroup;
  emulation::Warpgroup::Sums sums;
  const auto multiply = [&](bool add) {
    warpgroup.multiply<io::Float16>(sums, operands.left, operands.right, add);
    warpgroup.commit();
  };
  operands.set(0, 2);
  warpgroup.fence();
  multiply(false);
  multiply(true);
  operands.set(0, 3);
  warpgroup.wait<1>();
  CHECK(std::isnan(sums.x[0]));
  operands.set(0, 4);
  warpgroup.wait<0>();
  CHECK(sums.x[0] == 7);
  CHECK(sums.x[1] == 0);

  multiply(true);  // not behind a fence
  warpgroup.wait<0>();
  CHECK(std::isnan(sums.x[0]));
  warpgroup.fence();
  multiply(false);
  warpgroup.wait<0>();
  CHECK(sums.x[0] == 4);
}

TEST_CASE(
    "copies to shared memory arrive behind the barrier behind the wait, for warpgroups if they are shared") {
  const WarpgroupOperands operands;
  emulation::Warpgroup::Sums sums;
  const auto product = [&] {
    emulation::Warpgroup warpgroup;
    warpgroup.fence();
    warpgroup.multiply<io::Float16>(sums, operands.left, operands.right, false);
    warpgroup.commit();
    warpgroup.wait<0>();
    return sums.x[0];
  };
  alignas(16) io::Float16 from[8]{};
  from[0] = io::Float16(5.0F);
  for (const bool there : {true, false})
    for (const bool shared : {true, false}) {
      emulation::ThreadBlock block;
      CHECK(!std::isnan(product()));
      block.copy(operands.memory, from, there);
      block.end_copies();
      block.end_copies();
      CHECK(std::isnan(product()));
      block.await_copies<2>();
      block.sync();
      CHECK(std::isnan(product()));
      block.await_copies<1>();
      if (shared) block.share_copies();
      CHECK(std::isnan(product()));
      block.sync();
      if (shared)
        CHECK(product() == (there ? 5 : 0));
      else
        CHECK(std::isnan(product()));
    }
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
    CHECK_THROWS_AS(device.synchronize(), Error);
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
