#ifndef RFPP_RESTORER_RECOGNIZED_HPP
#define RFPP_RESTORER_RECOGNIZED_HPP

#include <string>
#include <type_traits>

#include "rfpp/io/parameters.hpp"
#include "rfpp/restorer/weights.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// f(std::type_identity<Network>()) for the first of the networks whose parameters a file has. Throws Error,
/// naming the file and all of them, where none has: `kind` says what they are.
template <class... Networks> void with_recognized(const Weights& weights, const std::string& kind, auto&& f) {
  const io::Checkpoint checkpoint = weights.open();
  bool found = false;
  std::string names;
  const auto attempt = [&]<class Network>(std::type_identity<Network> type) {
    names.append(names.empty() ? "" : ", ").append(Network::name);
    if (found || !io::compare_parameters(io::parameter_shapes(Network()), checkpoint).empty()) return;
    found = true;
    f(type);
  };
  (attempt(std::type_identity<Networks>()), ...);
  if (!found) throw io::unrecognized(checkpoint, weights.file.string(), kind, names);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
