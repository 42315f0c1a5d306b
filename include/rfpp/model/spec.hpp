#ifndef RFPP_MODEL_SPEC_HPP
#define RFPP_MODEL_SPEC_HPP

#include <array>

#include "rfpp/core/config.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// How the decoder brings the degraded face's features into the stream that it decodes (arXiv 2308.07228,
/// table 4).
enum class Fusion {
  none,                       // not at all, and the decoder has no attention
  self_attention,             // not at all: MHSA
  spatial_feature_transform,  // scale and shift
  cross_attention_degraded,   // MHCA-D: residual on the degraded features
  cross_attention_prior,      // MHCA-P: residual on the prior stream
};

/// What the decoder starts from: the latent's nearest dictionary entries, or the degraded face's own latent.
enum class Latent { dictionary, degraded };

/// A network of the family. Attention places are bit masks of nominal resolutions (16 | 32): a level is
/// chosen by its resolution when the input has the nominal one, whatever the input's real size.
struct NetworkSpec {
  int resolution = 512;
  int channels = 64;
  int levels = 6;
  std::array<int, 8> multipliers = {1, 2, 2, 4, 4, 8};
  int encoder_blocks = 2, decoder_blocks = 3;
  unsigned encoder_attention = 16, decoder_attention = 16;
  int heads = 4;
  int latent = 256, codebook_entries = 1024;
  int groups = 32;
  Fusion fusion = Fusion::cross_attention_prior;
  Latent start = Latent::dictionary;

  constexpr int width(int level) const {
    return channels * (level < 0 ? 1 : multipliers[static_cast<std::size_t>(level)]);
  }
  constexpr int resolution_at(int level) const { return resolution >> level; }
  constexpr bool encoder_attends(int level) const {
    return (encoder_attention & static_cast<unsigned>(resolution_at(level))) != 0;
  }
  constexpr bool decoder_attends(int level) const {
    return fusion != Fusion::none && (decoder_attention & static_cast<unsigned>(resolution_at(level))) != 0;
  }
  /// Whether the decoder reads the encoder's features.
  constexpr bool fuses_features() const { return fusion != Fusion::none && fusion != Fusion::self_attention; }
  /// Whether every resolution in the mask is that of a level.
  constexpr bool has_resolutions(unsigned mask) const {
    for (int level = 0; level < levels; ++level) mask &= ~static_cast<unsigned>(resolution_at(level));
    return mask == 0;
  }
  /// The sides of an input are multiples of this.
  constexpr int side_multiple() const { return 1 << (levels - 1); }
};

/// The autoencoder that a restorer starts from: it reads nothing of the degraded face.
constexpr NetworkSpec autoencoder_of(NetworkSpec s) {
  s.fusion = Fusion::self_attention;
  return s;
}

struct RestoreFormerPlusPlus {
  static constexpr const char* name = "restoreformer++";
  static constexpr NetworkSpec spec{.decoder_attention = 16 | 32};
};
struct RestoreFormer {
  static constexpr const char* name = "restoreformer";
  static constexpr NetworkSpec spec{.heads = 8};
};
/// The autoencoder that learns the dictionary (reconstruction-oriented high-quality dictionary).
struct Rohqd {
  static constexpr const char* name = "rohqd";
  static constexpr NetworkSpec spec{.fusion = Fusion::self_attention};
};

/// RestoreFormer++ for faces of 256x256 in a fiftieth of the operations: few channels where there are many
/// pixels, and most parameters at 32x32, where the dictionary is. Few groups, so that norms take away little of
/// an image's colors.
struct RestoreFormerPlusPlusMedium {
  static constexpr const char* name = "restoreformer++-medium";
  static constexpr NetworkSpec spec{.resolution = 256,
                                    .channels = 16,
                                    .levels = 4,
                                    .multipliers = {1, 2, 4, 8},
                                    .encoder_blocks = 1,
                                    .decoder_blocks = 1,
                                    .encoder_attention = 32,
                                    .decoder_attention = 32,
                                    .latent = 64,
                                    .codebook_entries = 16384,
                                    .groups = 2};
};
/// The autoencoder that it starts from.
struct RohqdMedium {
  static constexpr const char* name = "rohqd-medium";
  static constexpr NetworkSpec spec = autoencoder_of(RestoreFormerPlusPlusMedium::spec);
};

/// The other rows of the paper's ablation (table 4).
namespace ablation {
struct DegradedOnly {
  static constexpr const char* name = "degraded";
  static constexpr NetworkSpec spec{.fusion = Fusion::none, .start = Latent::degraded};
};
struct DegradedSelfAttention {
  static constexpr const char* name = "degraded-mhsa";
  static constexpr NetworkSpec spec{.fusion = Fusion::self_attention, .start = Latent::degraded};
};
struct PriorSelfAttention {
  static constexpr const char* name = "prior-mhsa";
  static constexpr NetworkSpec spec{.fusion = Fusion::self_attention};
};
struct SpatialFeatureTransform {
  static constexpr const char* name = "sft";
  static constexpr NetworkSpec spec{.fusion = Fusion::spatial_feature_transform};
};
struct CrossAttentionDegraded {
  static constexpr const char* name = "mhca-d";
  static constexpr NetworkSpec spec{.fusion = Fusion::cross_attention_degraded};
};
struct CrossAttentionPrior {
  static constexpr const char* name = "mhca-p-s1";
  static constexpr NetworkSpec spec{};
};
struct CrossAttentionPriorThreeScales {
  static constexpr const char* name = "mhca-p-s3";
  static constexpr NetworkSpec spec{.decoder_attention = 16 | 32 | 64};
};
}  // namespace ablation

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
