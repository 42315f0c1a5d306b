#ifndef RFPP_CUDA_FOLDS_HPP
#define RFPP_CUDA_FOLDS_HPP

#include "rfpp/cuda/kernels.hpp"

// Sums over many elements in rounds, so that they need neither atomics nor the host: `parts` threads for
// every target fold what they pass by, perhaps fewer fold what those have, and then one does. The order
// depends on the shapes alone.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// What one thread joins in the last round.
inline constexpr std::size_t most_joined = 64;
/// Threads that share a target with `count` items.
inline std::size_t parts_for(std::size_t targets, std::size_t count) {
  constexpr std::size_t threads = std::size_t{1} << 18, items = 16;
  const std::size_t wanted = threads / (targets + 1) + 1, useful = count / items + 1;
  return wanted < useful ? wanted : useful;
}

/// Folds items part, part + parts, ... of a target: neighboring threads read neighboring items.
template <class S, class Operation, class Item> struct FoldPartsKernel {
  Item item;
  std::size_t count, parts;
  S* folded;

  RFPP_HD void operator()(std::size_t i) const {
    S sum = Operation::template start<S>();
    for (std::size_t k = i % parts; k < count; k += parts) sum = Operation::join(sum, item(i / parts, k));
    folded[i] = sum;
  }
};
template <class S> struct FoldedItem {
  const S* folded;
  std::size_t parts;

  RFPP_HD S operator()(std::size_t j, std::size_t k) const { return folded[j * parts + k]; }
};
/// Target i.
template <class S, class Operation> RFPP_HD S join_parts(const S* folded, std::size_t parts, std::size_t i) {
  S sum = Operation::template start<S>();
  for (std::size_t k = 0; k < parts; ++k) sum = Operation::join(sum, folded[i * parts + k]);
  return sum;
}
template <class S, class T, class Operation, class Epilogue> struct EmitFoldedKernel {
  const S* folded;
  std::size_t parts;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    const T accumulator = static_cast<T>(join_parts<S, Operation>(folded, parts, i));
    emit(i, &accumulator);
  }
};
template <class S, class T, class Operation> struct AddFoldedKernel {
  const S* folded;
  std::size_t parts;
  T* out;

  RFPP_HD void operator()(std::size_t i) const {
    out[i] += static_cast<T>(join_parts<S, Operation>(folded, parts, i));
  }
};

template <class T, class X> struct ElementItem {
  X x;
  Extents extents;

  RFPP_HD T operator()(std::size_t, std::size_t k) const {
    int c = 0;
    const Pixel q = place_of(k, extents, c);
    return x.at(q)[c];
  }
};

/// Channel k of pixel j.
template <class T, class X> struct ChannelItem {
  X x;
  Places pixels;

  RFPP_HD T operator()(std::size_t j, std::size_t k) const {
    int c = 0;
    return x.at(pixels(j, c))[static_cast<int>(k)];
  }
};

/// Item k of the elements of x that are summed into element j of a target that has extents of 1.
template <class X> struct ReducedItem {
  X x;
  Extents target, over;  // over: the extents that are summed; 1 where the target's are kept

  RFPP_HD double operator()(std::size_t j, std::size_t k) const {
    int c = 0, dc = 0;
    const Pixel q = place_of(j, target, c), d = place_of(k, over, dc);
    return static_cast<double>(x.at({q.n + d.n, q.h + d.h, q.w + d.w})[c + dc]);
  }
};

struct SumAndSquares {
  double sum = 0, squares = 0;
};
struct AddBoth {
  template <class S> RFPP_HD static S start() { return {}; }
  RFPP_HD static SumAndSquares join(SumAndSquares a, SumAndSquares b) {
    return {a.sum + b.sum, a.squares + b.squares};
  }
};
/// Folds pixels part, part + parts, ... of a channel: {n,parts,c}. Neighboring threads read neighboring
/// channels.
template <class X> struct FoldPixelsKernel {
  X x;
  Extents extents;
  int parts;
  SumAndSquares* folded;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, {extents.n, 1, parts, extents.c}, c);
    SumAndSquares sum;
    for (int pixel = q.w; pixel < extents.h * extents.w; pixel += parts) {
      const auto v = static_cast<double>(x.at({q.n, pixel / extents.w, pixel % extents.w})[c]);
      sum = AddBoth::join(sum, {v, v * v});
    }
    folded[i] = sum;
  }
};
/// What was folded of group j % groups of image j / groups.
struct GroupItem {
  const SumAndSquares* folded;
  std::size_t rows, channels, groups;  // rows: parts of an image, or of all images
  Division width{static_cast<int>(channels / groups)};

  RFPP_HD SumAndSquares operator()(std::size_t j, std::size_t k) const {
    std::uint32_t channel = 0;
    const std::size_t row = j / groups * rows + width(static_cast<std::uint32_t>(k), channel);
    return folded[row * channels + j % groups * (channels / groups) + channel];
  }
};
/// Elements of group j % groups of image j / groups, where nothing was folded.
template <class X> struct GroupElement {
  X x;
  Extents extents;
  int groups;
  Division width{extents.c / groups}, columns{extents.w};

  RFPP_HD SumAndSquares operator()(std::size_t j, std::size_t k) const {
    std::uint32_t channel = 0, w = 0;
    const auto target = static_cast<int>(j);
    const std::uint32_t h = columns(width(static_cast<std::uint32_t>(k), channel), w);
    const auto v = static_cast<double>(
        x.at({target / groups, static_cast<int>(h),
              static_cast<int>(w)})[target % groups * (extents.c / groups) + static_cast<int>(channel)]);
    return {v, v * v};
  }
};
struct MeanAndDeviation {
  double mean, reciprocal;  // 1 / sqrt(variance + epsilon)
};
RFPP_HD inline MeanAndDeviation moments_of(SumAndSquares s, std::size_t count, double epsilon) {
  const double mean = s.sum / static_cast<double>(count);
  const double variance = s.squares / static_cast<double>(count) - mean * mean;
  return {mean, 1.0 / std::sqrt((variance > 0 ? variance : 0.0) + epsilon)};
}
/// Mean, or 1 / sqrt(variance + epsilon), of one image and group: {n,2,1,groups}.
template <class T, class Epilogue> struct EmitMomentsKernel {
  const SumAndSquares* folded;
  std::size_t parts, count;
  double epsilon;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int group = 0;
    const Pixel q = place_of(i, emit.extents, group);
    const auto target = static_cast<std::size_t>(q.n * emit.extents.c + group);
    const auto m = moments_of(join_parts<SumAndSquares, AddBoth>(folded, parts, target), count, epsilon);
    const T value = static_cast<T>(q.h == 0 ? m.mean : m.reciprocal);
    emit(i, &value);
  }
};

struct Neighbor {
  double distance;
  int entry;
};
/// The nearer one; of two equally near the first.
struct Nearer {
  template <class S> RFPP_HD static S start() { return {HUGE_VAL, -1}; }
  RFPP_HD static Neighbor join(Neighbor a, Neighbor b) {
    return b.distance < a.distance || (b.distance == a.distance && b.entry < a.entry) ? b : a;
  }
};
/// Entry k of the table with its squared distance from pixel j, computed in double. Distances that are not
/// finite set `failed`.
template <class T, class X> struct EntryItem {
  X x;
  Extents pixels;
  const T* table;
  int channels;
  int* failed;
  bool by_fours = channels % 4 == 0 && is_aligned(table) && reads_fours(x);

  RFPP_HD Neighbor operator()(std::size_t j, std::size_t k) const {
    int c = 0;
    const auto cursor = x.at(place_of(j, pixels, c));
    const T* entry = table + k * static_cast<std::size_t>(channels);
    double distance = 0;
    const auto add = [&distance](T from, T to) {
      const double d = static_cast<double>(from) - static_cast<double>(to);
      distance += d * d;
    };
    for (c = 0; by_fours && c < channels; c += 4) {
      const Four<T> from = read_four(cursor, c), to = read_four(ViewCursor<T>{entry, 1}, c);
      for (int i = 0; i < 4; ++i) add(from.at[i], to.at[i]);
    }
    for (; c < channels; ++c) add(cursor[c], entry[c]);
    if (distance < HUGE_VAL) return {distance, static_cast<int>(k)};
    *failed = 1;
    return Nearer::start<Neighbor>();
  }
};
/// Channel k of pixel j: the larger, the nearer. What is not finite sets `failed`.
template <class X> struct LargestItem {
  X x;
  Extents pixels;
  int* failed;

  RFPP_HD Neighbor operator()(std::size_t j, std::size_t k) const {
    int c = 0;
    const double value = static_cast<double>(x.at(place_of(j, pixels, c))[static_cast<int>(k)]);
    if (value < HUGE_VAL && value > -HUGE_VAL) return {-value, static_cast<int>(k)};
    *failed = 1;
    return Nearer::start<Neighbor>();
  }
};
/// Entry 0 where no distance was finite.
template <class Epilogue> struct EmitNearestKernel {
  const Neighbor* folded;
  std::size_t parts;
  Emit<int, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    const int found = join_parts<Neighbor, Nearer>(folded, parts, i).entry;
    const int entry = found < 0 ? 0 : found;
    emit(i, &entry);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
