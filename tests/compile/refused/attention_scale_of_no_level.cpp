// expect: NetworkSpec: an attention scale that no level has
#include "rfpp/model/network.hpp"

struct Custom {
  static constexpr const char* name = "custom";
#ifdef RFPP_REFUSED
  static constexpr rfpp::NetworkSpec spec{.encoder_attention = 24};
#else
  static constexpr rfpp::NetworkSpec spec{.encoder_attention = 32};
#endif
};
rfpp::Network<Custom> network;
