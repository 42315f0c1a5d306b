#ifndef RFPP_RESTORER_NETWORK_LIST_HPP
#define RFPP_RESTORER_NETWORK_LIST_HPP

#include <algorithm>
#include <string>
#include <string_view>

#include "rfpp/model/registry.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/networks.hpp"

// Finds networks among those of networks.hpp.

namespace rfpp {
inline namespace RFPP_ABI {

RFPP_INLINE const std::vector<NetworkEntry>& all_networks() {
  static const auto all = AllFamilies::networks();
  return all;
}

RFPP_INLINE std::string network_names() {
  std::string text;
  for (const NetworkEntry& entry : all_networks())
    text.append(text.empty() ? "" : ", ").append(entry.info.name);
  return text;
}

RFPP_INLINE const NetworkEntry& network_named(std::string_view name) {
  for (const NetworkEntry& entry : all_networks())
    if (same_name(name, entry.info.name)) return entry;
  throw Error("unknown network \"" + std::string(name) + "\", expected one of " + network_names());
}

RFPP_INLINE const NetworkEntry* fitting_network(const io::Checkpoint& checkpoint,
                                                bool (*accepts)(const NetworkInfo&)) {
  const auto named = checkpoint.metadata().find("network");
  for (const NetworkEntry& entry : all_networks()) {
    if (accepts != nullptr && !accepts(entry.info)) continue;
    if (named != checkpoint.metadata().end() && !same_name(named->second, entry.info.name)) continue;
    if (io::compare_parameters(entry.parameters(), checkpoint).empty()) return &entry;
  }
  return nullptr;
}

RFPP_INLINE void refuse_other_versions(const io::Checkpoint& checkpoint, const std::string& file) {
  for (const NetworkEntry& entry : all_networks())
    for (const auto& [key, view] : checkpoint.tensors())
      if (*entry.info.refused != '\0' && key.ends_with(entry.info.refused))
        throw Error(file + ": " + entry.info.refusal);
}

RFPP_INLINE const NetworkEntry& nearest_network(const io::Checkpoint& checkpoint) {
  if (const auto named = checkpoint.metadata().find("network"); named != checkpoint.metadata().end())
    for (const NetworkEntry& entry : all_networks())
      if (same_name(named->second, entry.info.name)) return entry;
  return *std::ranges::min_element(all_networks(), {}, [&](const NetworkEntry& entry) {
    return io::compare_parameters(entry.parameters(), checkpoint).size();
  });
}

RFPP_INLINE std::string text_of_fit(const NetworkEntry& network, const io::Checkpoint& checkpoint) {
  const std::string name = network.info.name;
  const auto parameters = network.parameters();
  const auto mismatch = io::compare_parameters(parameters, checkpoint);
  if (mismatch.empty()) {
    const std::string prefix = io::find_prefix(checkpoint, parameters);
    return "fits " + name + (prefix.empty() ? "" : ", under the prefix " + prefix);
  }
  const bool is_near = 2 * (mismatch.missing.size() + mismatch.misshapen.size()) <= parameters.size();
  return (is_near ? "fits " + name + " but for " : "does not fit " + name + ": ") +
         io::text_of(mismatch, /*most_names*/ 3);
}

RFPP_INLINE void require_fit(const NetworkEntry& network, const Weights& weights) {
  if (weights.empty()) return;
  const io::Checkpoint checkpoint = weights.open();
  if (io::compare_parameters(network.parameters(), checkpoint).empty()) return;
  std::string text = text_of_fit(network, checkpoint);
  if (const NetworkEntry& nearest = nearest_network(checkpoint); &nearest != &network) {
    const bool fits = io::compare_parameters(nearest.parameters(), checkpoint).empty();
    text.append(fits ? "; it fits " : "; the nearest network is ").append(nearest.info.name);
  } else if (text.starts_with("does not")) {
    text += "; no other network is nearer";
  }
  throw Error(weights.file.string() + ": " + text);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
