#ifndef RFPP_TRAIN_LOADER_HPP
#define RFPP_TRAIN_LOADER_HPP

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/degrade/presets.hpp"
#include "rfpp/train/augmentation.hpp"
#include "rfpp/train/data.hpp"
#include "rfpp/train/face_batch.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A bijection of [0, n) for every key: a Feistel network over the next power of four, walked until it is
/// back below n. So an epoch's order needs no memory.
inline std::uint64_t permuted(std::uint64_t i, std::uint64_t n, std::uint64_t seed, std::uint64_t epoch) {
  std::uint32_t half_bits = 1;
  while ((std::uint64_t{1} << (2 * half_bits)) < n) ++half_bits;
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  constexpr std::uint32_t stage = 17, rounds = 6;
  do {
    std::uint64_t left = i >> half_bits, right = i & mask;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      const RandomStream stream{seed, epoch, stage};
      const std::uint64_t mixed = stream.words(static_cast<std::uint32_t>(right), round).word[0];
      left = std::exchange(right, (left ^ mixed) & mask);
    }
    i = left << half_bits | right;
  } while (i >= n);
  return i;
}

/// How samples are made of faces.
struct SampleSettings {
  Augmentation augmentation;
  degrade::Preset degradation;  ///< for the dataset's size
  bool degrades = true;         ///< else only what changes the clean face too: mirroring, shift and gray
  Recoloring recoloring{};
};

/// Sample `number` of a seed, whatever else is drawn: face by face in an order of each epoch's own.
inline Sample make_sample(const Dataset& data, const SampleSettings& sampling, std::uint64_t seed,
                          std::uint64_t number) {
  constexpr std::uint32_t augmentation_stage = 16;
  const std::uint64_t n = data.size();
  const auto index = static_cast<std::size_t>(permuted(number % n, n, seed, number / n));
  const int side = data.side();
  const auto map = draw(sampling.augmentation, {seed, number, augmentation_stage}, side);
  degrade::Degradation d = draw(sampling.degradation, seed, number, side, side);
  if (!sampling.degrades) {
    d.stages.clear();
    d.uneven.reset();
    d.color_jitter.reset();
  }
  auto components = data.face(index).components;
  if (components) {
    if (map) components = moved(*components, *map);
    components = degrade::moved(*components, d, side);
  }
  auto face = moved(data.pixels(index), side, map.value_or(photo::Affine{}));
  if (const auto colors = draw(sampling.recoloring, {seed, number, augmentation_stage}))
    recolor(face, *colors);
  return {std::move(face), std::move(d), components};
}

/// Makes batches ahead of their use, in threads of its own. Batch k holds the samples k * batch, ... of the
/// seed, whatever the number of threads.
class Loader {
 public:
  struct Settings {
    std::uint64_t seed = 0;
    int batch = 1, threads = 1;
    std::uint64_t first_batch = 0;
    bool degrades = true;  ///< else whoever takes the batches does
  };

  /// The dataset must outlive the loader.
  Loader(const Dataset& data, SampleSettings sampling, Settings settings)
      : data_(data), sampling_(sampling), settings_(settings), slots_(slot_count) {
    next_sample_ = settings.first_batch * batch();
    taken_ = settings.first_batch;
    for (int i = 0; i < settings.threads; ++i) threads_.emplace_back([this] { work(); });
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    room_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// The next batch. Throws what making one of its samples threw.
  FaceBatch next() {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[taken_ % slot_count];
    ready_.wait(lock, [&] { return failure_ || slot.done == batch(); });
    if (failure_) std::rethrow_exception(failure_);
    FaceBatch result = std::move(slot.batch);
    slot = {};
    ++taken_;
    room_.notify_all();
    return result;
  }

 private:
  static constexpr std::uint64_t slot_count = 4;
  struct Slot {
    FaceBatch batch;
    std::uint64_t done = 0;
  };

  std::uint64_t batch() const { return static_cast<std::uint64_t>(settings_.batch); }

  void work() {
    Cpu ex(1);
    for (;;) {
      std::uint64_t number = 0;
      {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [&] { return stopping_ || next_sample_ / batch() < taken_ + slot_count; });
        if (stopping_) return;
        number = next_sample_++;
        allocate(slots_[number / batch() % slot_count].batch);
      }
      try {
        put(ex, make_sample(data_, sampling_, settings_.seed, number), number);
      } catch (...) {
        std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        ready_.notify_all();
        return;
      }
    }
  }
  void allocate(FaceBatch& b) const {
    if (!b.samples.empty()) return;
    b.samples.resize(static_cast<std::size_t>(batch()));
    if (!settings_.degrades) return;
    const Extents e{settings_.batch, data_.side(), data_.side(), 3};
    b.degraded = Tensor<float>::uninitialized(e);
    b.truth = Tensor<float>::uninitialized(e);
  }
  void put(Cpu& ex, Sample sample, std::uint64_t number) {
    Slot& slot = slots_[number / batch() % slot_count];
    const auto place = static_cast<std::size_t>(number % batch());
    if (settings_.degrades) {
      const auto pair = degrade::degrade(ex, sample.degradation, std::exchange(sample.face, {}));
      std::ranges::copy(pair.clean.elements(), image_of(slot.batch.truth, place).data());
      std::ranges::copy(pair.degraded.elements(), image_of(slot.batch.degraded, place).data());
    }
    slot.batch.samples[place] = std::move(sample);
    std::lock_guard lock(mutex_);
    if (++slot.done == batch()) ready_.notify_all();
  }

  const Dataset& data_;
  SampleSettings sampling_;
  Settings settings_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::vector<Slot> slots_;
  std::uint64_t next_sample_ = 0, taken_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
