// One whole forward pass of RFPP_NETWORK. kernels.sh counts the kernels that the compiler makes for it.
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/model/network.hpp"

using rfpp::NetworkSpec, rfpp::RestoreFormerPlusPlus;

struct Small {
  static constexpr const char* name = "small";
  static constexpr NetworkSpec spec{.resolution = 32,
                                    .channels = 8,
                                    .levels = 2,
                                    .multipliers = {1, 2},
                                    .encoder_blocks = 1,
                                    .decoder_blocks = 2,
                                    .heads = 2,
                                    .latent = 8,
                                    .codebook_entries = 16,
                                    .groups = 4};
};
struct Large {
  static constexpr const char* name = "large";
  static constexpr NetworkSpec spec{.resolution = 1024,
                                    .channels = 128,
                                    .levels = 8,
                                    .multipliers = {1, 1, 2, 2, 4, 4, 8, 8},
                                    .encoder_blocks = 4,
                                    .decoder_blocks = 5,
                                    .encoder_attention = 8 | 16,
                                    .decoder_attention = 8 | 16 | 32,
                                    .heads = 8,
                                    .latent = 512,
                                    .codebook_entries = 4096};
};

rfpp::Tensor<float> restore(rfpp::Cpu& ex, const rfpp::Network<RFPP_NETWORK>& network,
                            const rfpp::Tensor<float>& image) {
  return network(ex, image).image;
}
