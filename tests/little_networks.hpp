#ifndef RFPP_TESTS_LITTLE_NETWORKS_HPP
#define RFPP_TESTS_LITTLE_NETWORKS_HPP

#include "rfpp/model/spec.hpp"

namespace rfpp::test {

struct LittleRestorer {
  static constexpr const char* name = "little restorer";
  static constexpr NetworkSpec spec{.resolution = 32,
                                    .channels = 8,
                                    .levels = 3,
                                    .multipliers = {1, 2, 2},
                                    .encoder_attention = 8,
                                    .decoder_attention = 8 | 16,
                                    .heads = 2,
                                    .latent = 8,
                                    .codebook_entries = 32,
                                    .groups = 4};
};
struct LittleAutoencoder {
  static constexpr const char* name = "little autoencoder";
  static constexpr NetworkSpec spec = [] {
    NetworkSpec s = LittleRestorer::spec;
    s.fusion = Fusion::self_attention;
    return s;
  }();
};

}  // namespace rfpp::test

#endif
