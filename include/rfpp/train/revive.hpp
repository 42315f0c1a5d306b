#ifndef RFPP_TRAIN_REVIVE_HPP
#define RFPP_TRAIN_REVIVE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "rfpp/core/random.hpp"
#include "rfpp/core/tensor.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// For how many steps each entry has been unused.
class EntryUse {
 public:
  EntryUse(int entries, int unused) : unused_(static_cast<std::size_t>(entries), unused) {}
  explicit EntryUse(std::vector<int> unused) : unused_(std::move(unused)) {}

  /// A step that used these entries.
  void note(std::span<const int> indices) {
    for (int& steps : unused_) ++steps;
    for (const int index : indices) unused_[static_cast<std::size_t>(index)] = 0;
  }
  void reset(int entry) { unused_[static_cast<std::size_t>(entry)] = 0; }
  std::vector<int> dead(int patience) const {
    std::vector<int> entries;
    for (std::size_t i = 0; i < unused_.size(); ++i)
      if (unused_[i] >= patience) entries.push_back(static_cast<int>(i));
    return entries;
  }
  const std::vector<int>& unused() const { return unused_; }

 private:
  std::vector<int> unused_;
};

/// Which of the latents are drawn: at most `count` different ones.
inline std::vector<std::size_t> draw_latents(std::vector<double> distances, std::size_t count,
                                             const RandomStream& stream) {
  std::vector<std::size_t> drawn;
  for (std::uint32_t i = 0; i < count; ++i) {
    double total = std::accumulate(distances.begin(), distances.end(), 0.0);
    if (!(total > 0)) break;
    double left = uniform(stream, i) * total;
    std::size_t place = 0;
    while (place + 1 < distances.size() && (left -= distances[place]) >= 0) ++place;
    while (place > 0 && distances[place] == 0) --place;  // rounding may leave it behind the last
    if (distances[place] == 0) break;
    distances[place] = 0;
    drawn.push_back(place);
  }
  return drawn;
}

/// Entries of a codebook that no latent is near get no gradient: they are dead. This puts those that were
/// unused for `patience` steps where latents {n,h,w,c} are whose entries are `indices`, and forgets what the
/// optimizer knew of them. Latents that the codebook serves badly are the likeliest to be drawn: with a
/// probability in proportion to their squared distance from their entries, as k-means++ draws its centers
/// (Arthur & Vassilvitskii 2007). The first call makes the codebook that training starts with. `tables` are
/// the codebook and its average, `moments` the optimizer's; all {entries,1,1,c}. Returns how many were
/// revived.
template <class T>
int revive(EntryUse& use, int patience, const Tensor<T>& latent, const Tensor<int>& indices,
           std::span<const Tensor<T>> tables, std::span<const Tensor<T>> moments,
           const RandomStream& stream) {
  const auto width = static_cast<std::size_t>(latent.extents().c);
  const std::vector<int> dead = use.dead(patience);
  const auto row = [&](const Tensor<T>& t, std::size_t i) { return t.elements().subspan(i * width, width); };
  std::vector<double> distances;
  for (std::size_t i = 0; i < indices.extents().size(); ++i) {
    const auto z = row(latent, i);
    const auto entry = row(tables.front(), static_cast<std::size_t>(indices.data()[i]));
    double distance = 0;
    for (std::size_t c = 0; c < width; ++c) {
      const double d = static_cast<double>(z[c]) - static_cast<double>(entry[c]);
      distance += d * d;
    }
    distances.push_back(distance);
  }
  const auto drawn = draw_latents(std::move(distances), dead.size(), stream);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const auto entry = static_cast<std::size_t>(dead[i]);
    for (const Tensor<T>& table : tables) std::ranges::copy(row(latent, drawn[i]), row(table, entry).begin());
    for (const Tensor<T>& moment : moments) std::ranges::fill(row(moment, entry), T(0));
    use.reset(dead[i]);
  }
  return static_cast<int>(drawn.size());
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
