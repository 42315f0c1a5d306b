#ifndef RFPP_CPU_DRY_RUN_HPP
#define RFPP_CPU_DRY_RUN_HPP

#include <functional>
#include <utility>

#include "rfpp/cpu/cpu.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Runs the text of a network and computes nothing: what the Cpu executor with as many threads would need and
/// do. Parameters need no storage. Where a model also runs on a Cpu, give it the dry run as one, `Cpu& ex =
/// dry`: then its text is compiled once.
class DryRun : public Cpu {
 public:
  explicit DryRun(int threads = 1) : Cpu(Dry{threads}) {}

  /// `callback` is told of every convolution, and the storage of its filter's raw weight.
  void on_convolution(std::function<void(const ConvolutionShape&, const Block* weight)> callback) {
    dry().on_convolution = std::move(callback);
  }

  /// Bytes of workspace: the most that tensors and kernels' scratch take up at once.
  std::size_t peak_bytes() { return workspace().peak_bytes(); }
  int evaluations() const { return dry().evaluations; }
  int convolutions() const { return dry().convolutions; }
  /// Whether there was a search for nearest entries.
  bool quantized() const { return dry().quantized; }
  /// Multiply-adds of all convolutions.
  double multiply_adds() const { return dry().multiply_adds; }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
