#ifndef RFPP_MODEL_REGISTRY_HPP
#define RFPP_MODEL_REGISTRY_HPP

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"
#include "rfpp/model/spec.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Whether two names of networks are the same; capitals do not count.
inline bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Networks to choose from at run time.
template <class... N> struct NetworkList {
  /// f(N{}) for each, in order.
  template <class F> static void for_each(F&& f) { (f(N{}), ...); }
  /// "restoreformer++, restoreformer, rohqd"
  static std::string names() {
    std::string text;
    for_each([&](auto n) { text += (text.empty() ? "" : ", ") + std::string(decltype(n)::name); });
    return text;
  }
  /// f(N{}) for the network of that name, in whatever capitals. Throws Error where there is none.
  template <class F> static void visit(std::string_view name, F&& f) {
    bool found = false;
    for_each([&](auto n) {
      if (found || !same_name(name, decltype(n)::name)) return;
      found = true;
      f(n);
    });
    if (!found) throw Error("unknown network \"" + std::string(name) + "\", expected one of " + names());
  }
};

/// The networks with published weights, and those whose weights come with rfpp. An autoencoder has the
/// parameters of the restorer with cross-attention in the same places: weights cannot tell them apart.
using PublishedNetworks =
    NetworkList<RestoreFormerPlusPlus, RestoreFormer, Rohqd, RestoreFormerPlusPlusMedium, RohqdMedium>;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
