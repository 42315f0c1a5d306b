#ifndef RFPP_PHOTO_PARSING_HPP
#define RFPP_PHOTO_PARSING_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "rfpp/core/tensor.hpp"
#include "rfpp/photo/mask.hpp"
#include "rfpp/photo/resize.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// The classes of an aligned face's pixels, row after row.
struct ClassMap {
  int width = 0, height = 0;
  std::vector<std::uint8_t> labels;
};

/// Zeros on the outermost rows and columns.
inline void clear_margin(Plane& mask, int margin) {
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (std::min({x, y, mask.width - 1 - x, mask.height - 1 - y}) < margin)
        mask.row(y)[static_cast<std::size_t>(x)] = 0;
}

/// The mask of a parsed face at size x size pixels: 1 where its class belongs to the face, blurred twice over
/// 101 pixels, 0 on the margin. `is_face` says of a class whether it does. Source: the paste of facexlib; with
/// a blurred margin, that of GPEN.
template <class IsFace>
Plane parsing_mask(const ClassMap& classes, IsFace is_face, int size, const ParsedMask& how = {}) {
  Plane mask{classes.width, classes.height, {}};
  mask.values.reserve(classes.labels.size());
  for (const std::uint8_t label : classes.labels) mask.values.push_back(is_face(label) ? 1.0F : 0.0F);
  if (how.blurs_margin) clear_margin(mask, how.margin);
  const auto kernel = gaussian_kernel(50, how.sigma);
  mask = blur(blur(std::move(mask), kernel), kernel);
  if (!how.blurs_margin) clear_margin(mask, how.margin);
  if (mask.width == size && mask.height == size) return mask;
  const double across = static_cast<double>(mask.width) / size,
               down = static_cast<double>(mask.height) / size;
  Plane resized{size, size, {}};
  for_each_sample({across, 0, across / 2 - 0.5, 0, down, down / 2 - 0.5}, {0, 0, size, size},
                  [&](const SamplePosition& at) {
                    resized.values.push_back(bilinear(at, mask.width, mask.height, 0.0F, [&](int x, int y) {
                      return mask.row(y)[static_cast<std::size_t>(x)];
                    }));
                  });
  return resized;
}

/// The same of a parser's classes.
template <class Parser> Plane parsing_mask(const ClassMap& classes, int size, const ParsedMask& how) {
  const auto is_face = [&](int label) {
    return Parser::is_face(label) || (how.has_neck && Parser::is_neck(label));
  };
  return parsing_mask(classes, is_face, size, how);
}

/// The classes that a parser (ParseNet or BiSeNet) sees in an aligned RGB face of any size: the likeliest of
/// each pixel, the first of equals, at the parser's size.
template <class Parser> ClassMap parse_face(auto& ex, const Parser& parser, const io::Image& face) {
  constexpr int side = Parser::side;
  const io::Image sized = face.width == side && face.height == side ? face : resize(face, side, side);
  auto input = Tensor<float>::uninitialized({1, side, side, 3});
  for (std::size_t i = 0; i < sized.samples.size(); ++i)
    input.data()[i] =
        static_cast<float>((sized.samples[i] / 255.0 - Parser::mean[i % 3]) / Parser::deviation[i % 3]);
  const Tensor<float> logits = ex.download(bare(parser(ex, ex.upload(input))));
  ClassMap classes{side, side, std::vector<std::uint8_t>(logits.extents().pixels())};
  const float* pixel = logits.data();
  for (std::uint8_t& label : classes.labels) {
    label = static_cast<std::uint8_t>(std::max_element(pixel, pixel + Parser::classes) - pixel);
    pixel += Parser::classes;
  }
  return classes;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
