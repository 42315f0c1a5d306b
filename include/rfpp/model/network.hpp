#ifndef RFPP_MODEL_NETWORK_HPP
#define RFPP_MODEL_NETWORK_HPP

#include <string>

#include "rfpp/model/codebook.hpp"
#include "rfpp/model/decoder.hpp"
#include "rfpp/model/encoder.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Throws Error unless the extents are those of images {n,h,w,3} that a network N takes: sides that are
/// multiples of its side_multiple().
template <class N> void check_image(Extents e) {
  constexpr int multiple = N::spec.side_multiple();
  if (e.c != 3 || e.h < 1 || e.w < 1 || e.h % multiple != 0 || e.w % multiple != 0)
    throw Error(std::string(N::name) + ": expected an image [n,h,w,3] with sides that are multiples of " +
                std::to_string(multiple) + ", found " + to_string(e));
}

/// The same for a network that takes images {n,resolution,resolution,3} alone; `why` may say for what reason.
template <class N> void check_square_image(Extents e, const std::string& why = "") {
  const std::string side = std::to_string(N::spec.resolution);
  if (e.n < 1 || !(e == Extents{e.n, N::spec.resolution, N::spec.resolution, 3}))
    throw Error(std::string(N::name) + ": expected images [n," + side + "," + side + ",3]" +
                (why.empty() ? "," : ", " + why + ";") + " found " + to_string(e));
}

/// A whole network of the family, described by a type with a `static constexpr NetworkSpec spec`:
/// Network<RestoreFormerPlusPlus> model;
template <class N, class T = float> struct Network {
  static constexpr NetworkSpec spec = N::spec;
  static constexpr bool attention_scales_exist =
      spec.has_resolutions(spec.encoder_attention) && spec.has_resolutions(spec.decoder_attention);
  static_assert(attention_scales_exist, "NetworkSpec: an attention scale that no level has");

  Encoder<spec, T> encoder;
  Decoder<spec, T> decoder;
  Codebook<spec.codebook_entries, spec.latent, T> quantize;
  Conv2d<conv1x1(spec.latent, spec.latent), T> quant_conv, post_quant_conv;

  struct Encoded {
    Features<T, spec.levels> features;
    Tensor<T> latent;     // {n, h / side_multiple, w / side_multiple, latent}
    Tensor<int> indices;  // of the nearest entries; not set where the network starts from the degraded latent
  };
  struct Output {
    Tensor<T> image;
    Encoded encoded;
  };

  /// Image {n,h,w,3} in [-1,1], sides multiples of spec.side_multiple(), to the restored image of the same
  /// extents (not clamped). Throws Error over other sizes and over NaN in the latent.
  Output operator()(auto& ex, const Tensor<T>& image, Keep keep = Keep::decoder_needs) const {
    Encoded encoded = encode(ex, image, keep);
    Tensor<T> restored = decode(ex, encoded);
    return {std::move(restored), std::move(encoded)};
  }

  Encoded encode(auto& ex, const Tensor<T>& image, Keep keep = Keep::decoder_needs) const;
  Tensor<T> decode(auto& ex, const Encoded& encoded) const;

  /// The image that indices {n,h',w',1} alone stand for. Only for networks whose decoder reads no encoder
  /// features.
  Tensor<T> decode_indices(auto& ex, const Tensor<int>& indices) const {
    constexpr bool decodes_indices_alone = spec.start == Latent::dictionary && !spec.fuses_features();
    static_assert(decodes_indices_alone,
                  "decode_indices: this network's decoder needs the encoder's features");
    return decoder(ex, eval(ex, post_quant_conv(quantize.lookup(indices))), Features<T, spec.levels>{});
  }

  static void fields(auto&& f, auto&... models) {
    f("encoder", models.encoder...);
    f("decoder", models.decoder...);
    f("quantize", models.quantize...);
    f("quant_conv", models.quant_conv...);
    f("post_quant_conv", models.post_quant_conv...);
  }
};

// Not inline, so that a program of many files can instantiate them once.
template <class N, class T>
typename Network<N, T>::Encoded Network<N, T>::encode(auto& ex, const Tensor<T>& image, Keep keep) const {
  check_image<N>(image.extents());
  Encoded encoded{encoder(ex, image, keep), {}, {}};
  encoded.latent = bare(eval(ex, quant_conv(encoded.features.out)));
  if (keep == Keep::decoder_needs) encoded.features.out = {};
  if constexpr (spec.start == Latent::dictionary) encoded.indices = quantize.indices(ex, encoded.latent);
  return encoded;
}

template <class N, class T> Tensor<T> Network<N, T>::decode(auto& ex, const Encoded& encoded) const {
  if constexpr (spec.start == Latent::dictionary) {
    auto entry = detach(quantize.lookup(encoded.indices));
    return decoder(ex, eval(ex, post_quant_conv(map(StraightThrough{}, encoded.latent, entry))),
                   encoded.features);
  } else {
    return decoder(ex, eval(ex, post_quant_conv(encoded.latent)), encoded.features);
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
