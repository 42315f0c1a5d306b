#ifndef RFPP_RESTORER_PARSERS_HPP
#define RFPP_RESTORER_PARSERS_HPP

#include <memory>
#include <type_traits>
#include <utility>

#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/model/bisenet.hpp"
#include "rfpp/model/parsenet.hpp"
#include "rfpp/photo/parsing.hpp"
#include "rfpp/restorer/inline.hpp"
#include "rfpp/restorer/recognized.hpp"
#include "rfpp/restorer/services.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A parser on the processor, whose weights are read when the first face comes.
template <class Network> class ParserOnCpu final : public FaceParser {
 public:
  ParserOnCpu(Weights weights, const RestorerOptions& options, const photo::ParsedMask& how)
      : ex_(options.threads),
        weights_(std::move(weights)),
        policy_(options.precision, options.low_memory),
        how_(how) {}

  photo::Plane mask(const io::Image& face) override {
    if (!loaded_) load();
    return photo::parsing_mask<Network>(photo::parse_face(ex_, network_, face), face.width, how_);
  }

 private:
  void load() {
    constexpr Extents face{1, Network::side, Network::side, 3};
    load_prepared(ex_, network_, weights_.open(), weights_.file.string(),
                  plan_packing(network_, face, policy_));
    loaded_ = true;
  }

  Cpu ex_;
  Weights weights_;
  Network network_;
  PackingPolicy policy_;
  photo::ParsedMask how_;
  bool loaded_ = false;
};

RFPP_INLINE std::unique_ptr<FaceParser> open_parser(const RestorerOptions& options,
                                                    const photo::ParsedMask& how) {
  std::unique_ptr<FaceParser> parser;
  if (options.parser.empty()) return parser;
  const Weights weights{options.parser};
  with_recognized<ParseNet<>, BiSeNet<>>(
      weights, "a face parser", [&]<class Network>(std::type_identity<Network>) {
        parser = std::make_unique<ParserOnCpu<Network>>(weights, options, how);
      });
  return parser;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
