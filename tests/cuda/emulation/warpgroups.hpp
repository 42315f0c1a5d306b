#ifndef RFPP_TESTS_CUDA_EMULATION_WARPGROUPS_HPP
#define RFPP_TESTS_CUDA_EMULATION_WARPGROUPS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "cuda/emulation/tensor_cores.hpp"
#include "rfpp/cuda/warpgroups.hpp"

// wgmma, emulated by what PTX documents of it (PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions").

namespace rfpp::test::emulation {

/// The shared memory of the block that runs, at addresses that begin as a GPU's do, behind what is the system's.
class SharedMemory {
 public:
  static SharedMemory& instance();
  /// So many bytes for a block, NaN in all numbers.
  unsigned char* clear(std::size_t bytes);
  std::uint32_t address(const void* pointer) const;
  const unsigned char* at(std::uint32_t address) const { return window_.get() + address; }

 private:
  static constexpr std::size_t size = std::size_t{256} << 10, reserved = 1024;
  struct Free {
    void operator()(unsigned char* memory) const;
  };
  SharedMemory();
  std::unique_ptr<unsigned char, Free> window_;
};

/// Whether copies have arrived that a warpgroup may not see, since nobody has shared them.
inline bool unshared_copies = false;

/// Where byte k of a line is, of an operand whose lines lie along the depth.
std::uint32_t operand_address(std::uint64_t descriptor, int line, int k);

/// A cuda::WarpgroupSums' Warpgroup: all threads' registers, since all of its threads are this one. Products read
/// their operands when somebody waits for them, and sums are NaN meanwhile.
class Warpgroup {
  static constexpr int rows = 64, columns = 128, depth = 16, threads = 128,
                       registers = rows * columns / threads;

 public:
  struct Sums {
    static constexpr int count = rows * columns;
    float x[count];  // [row][column]

    Sums() { lose(); }
    void lose() { std::memset(x, 0xff, sizeof x); }

   private:
    friend class Warpgroup;
    float in_flight_[count];
    int products_ = 0;  // in flight
  };

  template <class Element> void multiply(Sums& sums, std::uint64_t left, std::uint64_t right, bool add) {
    start({&sums, left, right, add, fenced_, read_operand<Element>});
  }
  void fence() { fenced_ = true; }
  void commit() { runs_.emplace_back(); }
  template <int Runs> void wait(const auto&...) { wait_for_all_but(Runs); }
  static std::uint32_t address(const void* shared) { return SharedMemory::instance().address(shared); }
  template <bool Turned> void store(const Sums& sums, const auto& at) const {
    float* to[threads][registers];
    for (int thread = 0; thread < threads; ++thread)
      for (int i = 0; i < registers / 2; ++i) {
        const cuda::PairPlace p = cuda::warpgroup_pair_of(thread, i);
        to[thread][2 * i] = at(p.row, p.column);
        to[thread][2 * i + 1] = Turned ? at(p.row, p.column + 1) : to[thread][2 * i] + 1;
      }
    store_registers(to, sums, !Turned);
  }

 private:
  using ReadOperand = void(std::uint64_t descriptor, int lines, float* to);
  struct Product {
    Sums* sums;
    std::uint64_t left, right;
    bool add, fenced;
    ReadOperand* read;
  };
  template <class Element> static void read_operand(std::uint64_t descriptor, int lines, float* to);
  void start(const Product& product);
  void wait_for_all_but(std::size_t runs);
  static void finish(const Product& product);
  static void store_registers(float* const (&to)[threads][registers], const Sums& sums, bool by_pairs);

  std::deque<std::vector<Product>> runs_ = std::deque<std::vector<Product>>(1);
  bool fenced_ = false;
};

}  // namespace rfpp::test::emulation

#endif
