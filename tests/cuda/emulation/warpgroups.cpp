#include "cuda/emulation/warpgroups.hpp"

#include <cstdlib>
#include <new>
#include <string>

#include "rfpp/core/error.hpp"

namespace rfpp::test::emulation {

SharedMemory& SharedMemory::instance() {
  static SharedMemory memory;
  return memory;
}
SharedMemory::SharedMemory() : window_(static_cast<unsigned char*>(std::aligned_alloc(size, size))) {
  if (window_ == nullptr) throw std::bad_alloc();
}
void SharedMemory::Free::operator()(unsigned char* memory) const { std::free(memory); }
unsigned char* SharedMemory::clear(std::size_t bytes) {
  std::memset(window_.get() + reserved, 0xff, bytes);
  return window_.get() + reserved;
}
std::uint32_t SharedMemory::address(const void* pointer) const {
  return static_cast<std::uint32_t>(static_cast<const unsigned char*>(pointer) - window_.get());
}

// "Matrix Descriptor Format", "Stride Dimension Byte Offset", "Canonical Layouts"

std::uint32_t operand_address(std::uint64_t descriptor, int line, int k) {
  constexpr std::uint64_t reserved = 0xc000c000c000U | std::uint64_t{0x3ff1} << 48;
  if ((descriptor & reserved) != 0) throw Error("wgmma: expected zeros in the reserved bits of a descriptor");
  const auto bytes = [descriptor](int bit) {
    return static_cast<std::uint32_t>(descriptor >> bit & 0x3fff) * 16;
  };
  const std::uint32_t start = bytes(0), leading = bytes(16), stride = bytes(32);
  const auto base_offset = static_cast<std::uint32_t>(descriptor >> 49 & 7);
  constexpr std::uint32_t atoms[] = {16, 128, 64, 32};  // bytes of depth, by the mode of swizzling
  const std::uint32_t atom = atoms[descriptor >> 62];
  const auto row = static_cast<std::uint32_t>(line), byte = static_cast<std::uint32_t>(k);
  const std::uint32_t first = start + row / 8 * stride + row % 8 * atom;
  constexpr std::uint32_t window = 0x3ffff;
  if (atom == 16) return (first + byte / 16 * leading + byte % 16) & window;
  const std::uint32_t place = (first + byte) & window;
  // What lies in the next 128 bytes is swizzled with the next pattern, from where the first one starts.
  return place ^ ((place / 128 - base_offset) % (atom / 16) * 16);
}

template <class Element> void Warpgroup::read_operand(std::uint64_t descriptor, int lines, float* to) {
  for (int first = 0; first < lines; first += 8)
    for (int k = 0; k < depth; k += 8) {
      Access<16> access;
      for (int line = first; line < first + 8; ++line) {
        const unsigned char* from = SharedMemory::instance().at(
            operand_address(descriptor, line, k * static_cast<int>(sizeof(Element))));
        access(from);
        Element elements[8];
        std::memcpy(elements, from, sizeof elements);
        for (int i = 0; i < 8; ++i) to[line * depth + k + i] = static_cast<float>(elements[i]);
      }
    }
}
template void Warpgroup::read_operand<io::Float16>(std::uint64_t, int, float*);
template void Warpgroup::read_operand<BFloat16>(std::uint64_t, int, float*);

void Warpgroup::start(const Product& product) {
  Sums& sums = *product.sums;
  if (sums.products_++ == 0) {
    std::memcpy(sums.in_flight_, sums.x, sizeof sums.x);
    sums.lose();
  }
  runs_.back().push_back(product);
}
void Warpgroup::wait_for_all_but(std::size_t runs) {
  for (; runs_.size() > runs + 1; runs_.pop_front())
    for (const Product& product : runs_.front()) finish(product);
  fenced_ = false;
}
void Warpgroup::finish(const Product& product) {
  constexpr int block = 16, tensor_core_addends = 8;
  float left[rows * depth], right[columns * depth], turned[depth * block];
  product.read(product.left, rows, left);
  product.read(product.right, columns, right);
  Sums& sums = *product.sums;
  float* to = sums.in_flight_;
  if (!product.add) std::memset(to, 0, sizeof sums.in_flight_);
  if (!product.fenced || unshared_copies) std::memset(to, 0xff, sizeof sums.in_flight_);
  for (int first = 0; first < columns; first += block) {
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < block; ++column)
        turned[k * block + column] = right[(first + column) * depth + k];
    multiply_rows(to + first, columns, left, turned, rows, depth, tensor_core_addends);
  }
  if (--sums.products_ == 0) std::memcpy(sums.x, to, sizeof sums.x);
}

// "Matrix Fragments for wgmma.mma_async.m64nNk16"

void Warpgroup::store_registers(float* const (&to)[threads][registers], const Sums& sums, bool by_pairs) {
  const auto each = [&](int first, int i, auto access, int lanes_at_once) {
    for (int thread = first; thread < first + lanes_at_once; ++thread) {
      access(to[thread][i]);
      const int row = thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8;
      std::memcpy(to[thread][i], sums.x + row * columns + i / 4 * 8 + thread % 4 * 2 + i % 2,
                  by_pairs ? 8 : 4);
    }
  };
  for (int i = 0; i < registers; i += by_pairs ? 2 : 1)
    for (int first = 0; first < threads; first += by_pairs ? 16 : 32) {
      if (by_pairs)
        each(first, i, Access<8>{}, 16);
      else
        each(first, i, Access<4>{}, 32);
    }
}

}  // namespace rfpp::test::emulation
