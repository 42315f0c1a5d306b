#ifndef RFPP_RESTORER_NETWORKS_HPP
#define RFPP_RESTORER_NETWORKS_HPP

#include <string>
#include <string_view>
#include <vector>

#include "rfpp/restorer/face_network.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The entries of a family, which restorer/<family>.hpp describes.
template <class Family> std::vector<NetworkEntry> networks_of();

template <class... Families> struct FamilyList {
  static std::vector<NetworkEntry> networks() {
    std::vector<NetworkEntry> all;
    for (const auto& some : {networks_of<Families>()...}) all.insert(all.end(), some.begin(), some.end());
    return all;
  }
};

/// Of several networks that weights fit, the first is taken.
using AllFamilies = FamilyList<struct RestoreFormerFamily, struct CodeFormerFamily, struct VqfrFamily,
                               struct GfpganFamily, struct GpenFamily>;

const std::vector<NetworkEntry>& all_networks();
/// "restoreformer++, restoreformer, ..."
std::string network_names();
/// The network of that name, in whatever capitals. Throws Error where there is none.
const NetworkEntry& network_named(std::string_view name);
/// The network that a checkpoint names, or else the first whose parameters it has, of those that `accepts`
/// takes; nullptr where none fits.
const NetworkEntry* fitting_network(const io::Checkpoint& checkpoint,
                                    bool (*accepts)(const NetworkInfo&) = nullptr);
/// Throws Error for the weights of a network's version that cannot be run (NetworkInfo::refused); `file` is
/// for the message.
void refuse_other_versions(const io::Checkpoint& checkpoint, const std::string& file);
/// Whether a network makes faces of codes, as fitting_network wants it.
inline bool makes_faces_of_codes(const NetworkInfo& info) { return info.codes_suffice; }
/// The network that a checkpoint names, or else the one whose parameters differ from its in the fewest names
/// and shapes.
const NetworkEntry& nearest_network(const io::Checkpoint& checkpoint);
/// "fits NAME", "fits NAME but for 1 unexpected: ema_decay" where at least half of the network's parameters
/// are there, else "does not fit NAME: 300 missing: ...".
std::string text_of_fit(const NetworkEntry& network, const io::Checkpoint& checkpoint);
/// Throws Error, naming the network that is nearest and what differs, unless the weights are the network's or
/// there are none.
void require_fit(const NetworkEntry& network, const Weights& weights);

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
