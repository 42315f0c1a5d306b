// What RestoreFormer++ asks of a GPU, counted while it runs on a device that computes nothing, and a model of how
// long an H100 takes for that: every kernel as long as what limits it, memory, instructions, or starting it. Nothing
// of this is measured. gpu_model
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "rfpp/cuda/mixed_precision.hpp"
#include "rfpp/cuda/recorded_network.hpp"
#include "rfpp/io/dtype.hpp"
#include "rfpp/model/registry.hpp"

using namespace rfpp;
using N = RestoreFormerPlusPlus;

namespace {

/// An H100 SXM: 132 multiprocessors at 1.83 GHz, which make the 989 TFLOP/s of its data sheet.
struct H100 {
  static constexpr double multiprocessors = 132, hertz = 1.83e9, bytes = 3.35e12;
  static constexpr double instructions = 4 * multiprocessors * hertz;  // of warps
  static constexpr double products = 989e12 / 2;                       // of float16; of TF32 half as many
  static constexpr double shared_bytes = 128 * multiprocessors * hertz;
};
// What is assumed: the parts of these that kernels reach, of products mma.sync and wgmma, and seconds for a node.
constexpr double memory_part = 0.85, issue_part = 0.6, mma_part = 0.62, wgmma_part = 0.8, node = 2e-6;

// Instructions of a thread, counted in nvcc 13.0's code for sm_90a along the way that this network takes.
constexpr double rounded_element = 15, activated_element = 40, mapped_element = 25, written_element = 33,
                 kept_element = 12, folded_item = 28, grouped_item = 91, searched_channel = 5;
template <class Numbers> constexpr bool by_warpgroups = sizeof(typename Numbers::Element) == 2;
template <class Numbers> constexpr double step_instructions(bool narrow) {
  if (Numbers::parts == 2 && !by_warpgroups<Numbers>) return narrow ? 267 : 260;
  if (Numbers::parts == 2) return narrow ? 210 : 201;
  return narrow ? 93 : 85;
}
/// Bytes of shared memory that a step writes and reads: for each product the operands of every warp, or of both
/// warpgroups, 64 and 128 lines each.
template <class P, class Numbers> constexpr double step_bytes(double products) {
  constexpr double lines = by_warpgroups<Numbers> ? 2 * (64 + 128) : 8 * (64 + 32), line_bytes = 64;
  return static_cast<double>(sizeof(typename P::Stage)) + products * lines * line_bytes;
}

struct Part {
  double nodes = 0, bytes = 0, instructions = 0, products = 0, seconds = 0;  // instructions of warps
};
struct Counts {
  std::map<std::string, Part> parts;

  /// A kernel that issues so many instructions of warps; `seconds` where that is known better.
  void add(const std::string& name, double bytes, double instructions, double products = 0,
           double seconds = 0) {
    Part& part = parts[name];
    part.nodes += 1;
    part.bytes += bytes;
    part.instructions += instructions;
    part.products += products;
    part.seconds += std::max({node, bytes / (memory_part * H100::bytes),
                              instructions / (issue_part * H100::instructions), seconds});
  }
};

// Bytes that a plan reads for an element of the result.
template <class P> double read_bytes(const P&) { return 0; }
template <class T> double read_bytes(const ViewPlan<T>& p) { return p.stride_w != 0 ? sizeof(T) : 0; }
template <class T> double read_bytes(const GatherPlan<T>&) { return sizeof(T); }
template <class P> double read_bytes(const RemapPlan<Upsample2, P>& p) { return read_bytes(p.operand) / 4; }
template <class R, class P> double read_bytes(const RemapPlan<R, P>& p) { return read_bytes(p.operand); }
template <class F, int... I, class... P>
double read_bytes(const MapPlanOf<F, std::integer_sequence<int, I...>, P...>& p) {
  return (read_bytes(pack_get<I>(p.operands)) + ... + 0.0);
}
template <class P> constexpr double round_instructions = rounded_element;
template <class F, class Index, class... P>
constexpr double round_instructions<MapPlanOf<F, Index, P...>> = activated_element;

template <class Numbers> constexpr bool is_attention = std::is_same_v<Numbers, rfpp::cuda::SplitTf32>;

template <class K> void count(Counts& to, double calls, const K&) {
  to.add("other", 8 * calls, calls * mapped_element / 32);
}
template <class Numbers, class X>
void count(Counts& to, double, const rfpp::cuda::RoundKernel<Numbers, X>& k) {
  const double elements = static_cast<double>(k.extents.size());
  to.add(is_attention<Numbers> ? "attention" : "prologues",
         elements * (read_bytes(k.x) + Numbers::parts * sizeof(typename Numbers::Element)),
         elements * round_instructions<X> / 32);
}
template <class T, class P> void count(Counts& to, double, const rfpp::cuda::MapKernel<T, P>& k) {
  const double elements = static_cast<double>(k.emit.extents.size());
  to.add("other", elements * (read_bytes(k.emit.epilogue) + sizeof(T)), elements * mapped_element / 32);
}
template <class P> void count(Counts& to, double, const rfpp::cuda::EmitSplitsKernel<P>& k) {
  const double elements = static_cast<double>(k.emit.extents.size());
  to.add("epilogues of shared depth", elements * (4.0 * k.splits + read_bytes(k.emit.epilogue) + 4),
         elements * (written_element + 3.0 * k.splits) / 32);
}
template <class Operation, class Item>
void count(Counts& to, double calls, const rfpp::cuda::FoldPartsKernel<float, Operation, Item>& k) {
  const double items = calls / static_cast<double>(k.parts) * static_cast<double>(k.count);
  to.add("attention", 4 * items, items * folded_item / 32);
}
template <class T, class O, class P>
void count(Counts& to, double calls, const rfpp::cuda::EmitFoldedKernel<float, T, O, P>& k) {
  to.add("attention", calls * 4 * static_cast<double>(k.parts), calls * folded_item / 32);
}
template <class Operation, class Item>
void count(Counts& to, double calls,
           const rfpp::cuda::FoldPartsKernel<rfpp::cuda::Neighbor, Operation, Item>& k) {
  double channels = 1;
  if constexpr (requires { k.item.channels; }) channels = k.item.channels;
  const double items = calls / static_cast<double>(k.parts) * static_cast<double>(k.count);
  // Of a multiprocessor's conversions to double there are 16 in a cycle; a channel has two.
  to.add("search", 4 * channels * static_cast<double>(k.count), items * channels * searched_channel / 32, 0,
         2 * items * channels / (16 * H100::multiprocessors * H100::hertz));
}
template <class P> void count(Counts& to, double calls, const rfpp::cuda::EmitNearestKernel<P>& k) {
  to.add("search", calls * 16 * static_cast<double>(k.parts), calls * folded_item / 32);
}
template <class X> double item_bytes(const rfpp::cuda::GroupElement<X>&) { return 4; }
double item_bytes(const rfpp::cuda::GroupItem&) { return sizeof(rfpp::cuda::SumAndSquares); }
template <class Item, class P> void count_norm(Counts& to, const rfpp::cuda::GroupMoments<Item, P>& k) {
  const double items = static_cast<double>(k.blocks()) * static_cast<double>(k.items);
  // A block alone on its multiprocessor keeps it busy with eight warps, each of which waits for its own loads.
  const double rounds = std::ceil(k.blocks() / (8 * H100::multiprocessors)),
               each = static_cast<double>(k.items) / k.threads * 100 / H100::hertz;
  to.add("norms", items * item_bytes(k.item), items * grouped_item / 32, 0, node + rounds * each);
}
template <class Numbers, class T, class Left, class Right, class Write>
void count_product(Counts& to, const rfpp::cuda::Product<Numbers, T, Left, Right, Write>& p) {
  constexpr bool narrow = T::columns == rfpp::cuda::NarrowTile::columns;
  constexpr bool whole = !std::is_same_v<Write, rfpp::cuda::KeepSums>;
  const double tiles = static_cast<double>(p.row_tiles()) * p.column_tiles() * p.products * p.splits;
  const double steps = static_cast<double>(p.steps()) / p.splits, made = Numbers::parts == 2 ? 3 : 1;
  const double multiplied = tiles * steps * T::rows * T::columns * rfpp::cuda::step_depth<Numbers> * made;
  constexpr double rate = sizeof(typename Numbers::Element) == 4 ? H100::products / 2 : H100::products;
  const double elements = static_cast<double>(p.left.size()) * p.right.size() * p.products;
  const double in_tile = T::rows * T::columns * (whole ? written_element : kept_element) / 32;
  const double of_tile = steps * 8 * step_instructions<Numbers>(narrow) + in_tile;
  // The multiprocessors with the most tiles are those that are waited for.
  const double together = Numbers::parts == 2 ? 1 : 2,
               rounds = std::ceil(tiles / (H100::multiprocessors * together));
  constexpr double part = by_warpgroups<Numbers> ? wgmma_part : mma_part;
  const double of_shared =
      steps * step_bytes<rfpp::cuda::Product<Numbers, T, Left, Right, Write>, Numbers>(made);
  const double of_round = together * H100::multiprocessors *
                          std::max({of_tile / (issue_part * H100::instructions),
                                    multiplied / tiles / (part * rate), of_shared / H100::shared_bytes});
  double read = 4 * elements * p.splits;
  if constexpr (whole) read += elements * read_bytes(p.write_sum.emit.epilogue);
  const auto operand_bytes = [](const auto& o) {
    return static_cast<double>(o.part_size()) * Numbers::parts * sizeof(typename Numbers::Element);
  };
  to.add(is_attention<Numbers> ? "attention"
         : Numbers::parts == 2 ? "products of the encoder"
                               : "products of the decoder",
         operand_bytes(p.left) + operand_bytes(p.right) + read, tiles * of_tile, multiplied,
         rounds * of_round);
}

/// Counts what it is asked for, and has no memory.
class CountingDevice {
 public:
  using Half = io::Float16;
  struct Brain : io::Float16 {
    using io::Float16::Float16;
  };
  struct Mark {};
  struct Graph {};

  explicit CountingDevice(int) {}
  Counts& counts() const { return *counts_; }
  std::size_t shared_memory() const { return std::size_t{227} * 1024; }
  Memory& memory() const { return NoMemory::instance(); }
  Memory& host_memory() const { return NoMemory::instance(); }
  void upload(void*, const void*, std::size_t) const {}
  void download(void*, const void*, std::size_t) const {}
  void start_upload(void*, const void*, std::size_t) const {}
  void start_download(void*, const void*, std::size_t) const {}
  Mark mark() const { return {}; }
  void wait_for(Mark) const {}
  void synchronize() const {}
  template <class Kernel> void for_each(std::size_t calls, const Kernel& kernel) const {
    count(counts(), static_cast<double>(calls), kernel);
  }

 private:
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};
template <class... P> void start(const CountingDevice& device, const rfpp::cuda::Product<P...>& product) {
  count_product(device.counts(), product);
}
template <class... P>
void start(const CountingDevice& device, const rfpp::cuda::GroupMoments<P...>& moments) {
  count_norm(device.counts(), moments);
}

void print(const Counts& counts, int batch, int parts) {
  std::printf(
      "\nbatch %d\n| part | nodes | MB | M instructions of warps | T products | ms "
      "|\n|---|---|---|---|---|---|\n",
      batch);
  Part all;
  const auto line = [parts](const std::string& name, const Part& p) {
    std::printf("| %s | %.0f | %.0f | %.0f | %.2f | %.2f |\n", name.c_str(), parts * p.nodes,
                parts * p.bytes / 1e6, parts * p.instructions / 1e6, parts * p.products / 1e12,
                parts * p.seconds * 1e3);
  };
  for (const auto& [name, p] : counts.parts) {
    line(name, p);
    all.nodes += p.nodes, all.bytes += p.bytes, all.instructions += p.instructions;
    all.products += p.products, all.seconds += p.seconds;
  }
  line("all", all);
  std::printf("%.0f faces a second\n", batch / (parts * all.seconds));
}

}  // namespace

int main() {
  MixedPrecision<CountingDevice> ex(0);
  Network<N> model;
  replace_each(Parameters(model), [&](const std::string&, auto parameter) {
    auto placed = ex.tensor<typename decltype(parameter)::value>(parameter.extents());
    if constexpr (is_filter<decltype(parameter)>)
      parameter.assign(std::move(placed));
    else
      parameter = std::move(placed);
    return parameter;
  });
  pack(ex, model, {});
  for (const int batch : {1, 16}) {
    const int at_once = std::min(batch, RecordedNetwork<N, MixedPrecision<CountingDevice>>::images_at_once);
    ex.device().counts() = {};
    const auto output = model(ex, ex.tensor<float>({at_once, N::spec.resolution, N::spec.resolution, 3}));
    ex.check_finite(output.image);
    ex.search_failed(ex.tensor<int>({}));
    print(ex.device().counts(), batch, batch / at_once);
  }
}
