#ifndef RFPP_IO_CODECS_HEIF_HPP
#define RFPP_IO_CODECS_HEIF_HPP

#include <libheif/heif.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rfpp/io/codec.hpp"
#include "rfpp/io/image_header.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

inline void check_heif(const heif_error& error) {
  if (error.code == heif_error_Ok) return;
  std::string message = error.message;  // of several lines in places
  std::ranges::replace(message, '\n', ' ');
  throw Error("corrupt, truncated or unsupported HEIC or AVIF: " + message);
}

inline void read_heif_metadata(ImageHeader& header, const heif_image_handle* handle) {
  ImageMetadata& metadata = header.metadata;
  if (const std::size_t size = heif_image_handle_get_raw_color_profile_size(handle); size > 0) {
    metadata.icc_profile.resize(size);
    check_heif(heif_image_handle_get_raw_color_profile(handle, metadata.icc_profile.data()));
  }
  std::vector<heif_item_id> blocks(
      static_cast<std::size_t>(heif_image_handle_get_number_of_metadata_blocks(handle, nullptr)));
  heif_image_handle_get_list_of_metadata_block_IDs(handle, nullptr, blocks.data(),
                                                   static_cast<int>(blocks.size()));
  for (const heif_item_id block : blocks) {
    std::vector<std::byte> content(heif_image_handle_get_metadata_size(handle, block));
    if (content.empty() ||
        heif_image_handle_get_metadata(handle, block, content.data()).code != heif_error_Ok)
      continue;
    if (std::string_view(heif_image_handle_get_metadata_type(handle, block)) == "Exif") {
      if (content.size() < 4) continue;
      const std::size_t offset = std::size_t{4} + load_number(content, 0, 4);
      if (offset < content.size()) read_exif(header, std::span(content).subspan(offset));
    } else if (std::string_view(heif_image_handle_get_metadata_content_type(handle, block)) ==
               "application/rdf+xml") {
      const auto packet = as_bytes8(content);
      metadata.xmp.assign(packet.begin(), packet.end());
    }
  }
}

/// Copies the picture; samples of more than 8 bits are brought to 16.
inline void copy_heif_samples(const heif_image* decoded, Image& image, int bits) {
  int stride = 0;
  const std::uint8_t* plane = heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
  if (plane == nullptr || heif_image_get_width(decoded, heif_channel_interleaved) != image.width ||
      heif_image_get_height(decoded, heif_channel_interleaved) != image.height)
    throw Error("corrupt HEIC or AVIF: a picture of another size than the header's");
  if (bits == 8) {
    for (int y = 0; y < image.height; ++y)
      std::copy_n(plane + static_cast<std::ptrdiff_t>(y) * stride, image.row_size(), image.row(y));
    return;
  }
  std::vector<std::uint16_t> samples(image.samples.size());
  const std::uint32_t most = (1U << static_cast<unsigned>(bits)) - 1;
  auto out = samples.begin();
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* in = plane + static_cast<std::ptrdiff_t>(y) * stride;
    for (std::size_t i = 0; i < image.row_size(); ++i, in += 2)
      *out++ = static_cast<std::uint16_t>(((in[0] * 256U + in[1]) * 65535U + most / 2) / most);
  }
  set_samples16(image, std::move(samples));
}

}  // namespace detail

/// The primary picture. Its own rotation is applied; the EXIF block's orientation only repeats that.
inline Image decode_heif(std::span<const std::byte> file) {
  using detail::check_heif;
  const std::unique_ptr<heif_context, decltype(&heif_context_free)> context(heif_context_alloc(),
                                                                            &heif_context_free);
  check_heif(heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr));
  heif_image_handle* primary = nullptr;
  check_heif(heif_context_get_primary_image_handle(context.get(), &primary));
  const std::unique_ptr<heif_image_handle, decltype(&heif_image_handle_release)> handle(
      primary, &heif_image_handle_release);
  const int width = heif_image_handle_get_width(primary), height = heif_image_handle_get_height(primary);
  check_plausible(width, height, file.size());
  const bool alpha = heif_image_handle_has_alpha_channel(primary) != 0;
  const int bits = heif_image_handle_get_luma_bits_per_pixel(primary);
  if (bits < 8 || bits > 16)
    throw Error("unsupported HEIC or AVIF: " + std::to_string(bits) + " bits a sample");
  const heif_chroma form = bits == 8 ? (alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB)
                           : alpha   ? heif_chroma_interleaved_RRGGBBAA_BE
                                     : heif_chroma_interleaved_RRGGBB_BE;
  heif_image* picture = nullptr;
  check_heif(heif_decode_image(primary, &picture, heif_colorspace_RGB, form, nullptr));
  const std::unique_ptr<heif_image, decltype(&heif_image_release)> decoded(picture, &heif_image_release);
  Image image(width, height, alpha ? 4 : 3);
  detail::copy_heif_samples(picture, image, bits);
  ImageHeader header;
  detail::read_heif_metadata(header, primary);
  header.orientation = 1;
  return finished(std::move(image), std::move(header));
}

/// HEIC and AVIF through libheif. They are read, not written.
inline ImageCodec heif_codec() {
  return {"HEIC or AVIF",
          {".heic", ".heif", ".avif"},
          [](std::span<const std::byte> start) {
            if (start.size() < 12) return false;
            const std::string_view brand = as_text(start.subspan(4, 8));
            return brand == "ftypavif" || brand == "ftypavis" || brand.starts_with("ftyphe") ||
                   brand == "ftypmif1" || brand == "ftypmsf1";
          },
          decode_heif,
          nullptr};
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
