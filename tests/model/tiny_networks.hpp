#ifndef RFPP_TESTS_MODEL_TINY_NETWORKS_HPP
#define RFPP_TESTS_MODEL_TINY_NETWORKS_HPP

#include "rfpp/model/spec.hpp"

// The small configurations that the golden values were made with.

namespace rfpp::test {

constexpr NetworkSpec tiny_spec(int heads, unsigned decoder_attention, Fusion fusion,
                                Latent start = Latent::dictionary) {
  return {.resolution = 64,
          .channels = 32,
          .levels = 3,
          .multipliers = {1, 2, 4},
          .decoder_attention = decoder_attention,
          .heads = heads,
          .latent = 32,
          .codebook_entries = 128,
          .fusion = fusion,
          .start = start};
}
struct RestoreFormerPlusPlusTiny {
  static constexpr const char* name = "restoreformer++ tiny";
  static constexpr NetworkSpec spec = tiny_spec(4, 16 | 32, Fusion::cross_attention_prior);
};
struct RestoreFormerTiny {
  static constexpr const char* name = "restoreformer tiny";
  static constexpr NetworkSpec spec = tiny_spec(8, 16, Fusion::cross_attention_prior);
};
struct RohqdTiny {
  static constexpr const char* name = "rohqd tiny";
  static constexpr NetworkSpec spec = tiny_spec(4, 16, Fusion::self_attention);
};

}  // namespace rfpp::test

#endif
