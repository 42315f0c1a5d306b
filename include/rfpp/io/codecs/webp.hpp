#ifndef RFPP_IO_CODECS_WEBP_HPP
#define RFPP_IO_CODECS_WEBP_HPP

#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rfpp/io/codec.hpp"
#include "rfpp/io/image_header.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

/// Calls f(type, data, whole) for each chunk of a WebP file, whole with its padding. Source: WebP container
/// specification.
inline void for_each_webp_chunk(std::span<const std::byte> file, auto&& f) {
  for (std::size_t at = 12; at + 8 <= file.size();) {
    const std::size_t size = load_number(file, at + 4, 4, Endian::little);
    const std::size_t there = std::min(size, file.size() - at - 8);
    const std::size_t whole = std::min(8 + there + there % 2, file.size() - at);
    f(as_text(file.subspan(at, 4)), file.subspan(at + 8, there), file.subspan(at, whole));
    at += whole;
  }
}

inline void append_webp_chunk(Bytes& out, std::string_view type, std::span<const std::uint8_t> data) {
  append_text(out, type);
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(data.size() >> 8 * i));
  out.insert(out.end(), data.begin(), data.end());
  if (data.size() % 2 != 0) out.push_back(0);
}

/// The encoder's file with the image's metadata.
inline Bytes with_webp_metadata(std::span<const std::byte> encoded, const Image& image) {
  constexpr std::uint8_t has_profile = 0x20, has_alpha = 0x10, has_exif = 0x08, has_xmp = 0x04;
  const bool profile = icc_fits(image.icc_profile, 3);
  Bytes extended{
      static_cast<std::uint8_t>((profile ? has_profile : 0U) | (image.channels % 2 == 0 ? has_alpha : 0U) |
                                (image.exif.empty() ? 0U : has_exif) | (image.xmp.empty() ? 0U : has_xmp)),
      0, 0, 0};
  for (const int side : {image.width, image.height})
    for (int i = 0; i < 3; ++i) extended.push_back(static_cast<std::uint8_t>((side - 1) >> 8 * i));
  Bytes chunks;
  append_webp_chunk(chunks, "VP8X", extended);
  if (profile) append_webp_chunk(chunks, "ICCP", image.icc_profile);
  for_each_webp_chunk(encoded, [&](std::string_view type, auto, std::span<const std::byte> whole) {
    const auto bytes = as_bytes8(whole);
    if (type != "VP8X") chunks.insert(chunks.end(), bytes.begin(), bytes.end());
  });
  if (!image.exif.empty()) append_webp_chunk(chunks, "EXIF", image.exif);
  if (!image.xmp.empty()) append_webp_chunk(chunks, "XMP ", image.xmp);
  Bytes content;
  append_text(content, "WEBP");
  content.insert(content.end(), chunks.begin(), chunks.end());
  Bytes file;
  append_webp_chunk(file, "RIFF", content);
  return file;
}

}  // namespace detail

inline Image decode_webp(std::span<const std::byte> file) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, file.size(), &features) != VP8_STATUS_OK)
    throw Error("corrupt or truncated WebP: no image data");
  if (features.has_animation != 0)
    throw Error("unsupported WebP: animated; save one of its frames as WebP or PNG");
  check_plausible(features.width, features.height, file.size());
  Image image(features.width, features.height, features.has_alpha != 0 ? 4 : 3);
  const auto decode = image.channels == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(data, file.size(), image.samples.data(), image.samples.size(),
             static_cast<int>(image.row_size())) == nullptr)
    throw Error("corrupt or truncated WebP");
  ImageHeader header;
  detail::for_each_webp_chunk(file, [&](std::string_view type, std::span<const std::byte> content, auto) {
    const auto bytes = as_bytes8(content);
    if (type == "EXIF") {
      const bool prefixed = starts_with(content, exif_jpeg_signature);
      read_exif(header, prefixed ? content.subspan(exif_jpeg_signature.size()) : content);
    } else if (type == "XMP ") {
      header.metadata.xmp.assign(bytes.begin(), bytes.end());
    } else if (type == "ICCP") {
      header.metadata.icc_profile.assign(bytes.begin(), bytes.end());
    }
  });
  return finished(std::move(image), std::move(header));
}

/// Of quality 100 without loss. Throws Error for sides beyond WebP's 16383 pixels.
inline Bytes encode_webp(const Image& image, int quality) {
  if (image.width > WEBP_MAX_DIMENSION || image.height > WEBP_MAX_DIMENSION) {
    throw Error("expected sides of at most " + std::to_string(WEBP_MAX_DIMENSION) +
                " pixels for WebP, found " + std::to_string(image.width) + "x" +
                std::to_string(image.height));
  }
  const bool alpha = image.channels % 2 == 0;
  Bytes colors;
  const std::uint8_t* samples = image.samples.data();
  if (image.colors() == 1) {
    for (std::size_t i = 0; i < image.samples.size(); i += static_cast<std::size_t>(image.channels)) {
      colors.insert(colors.end(), 3, samples[i]);
      if (alpha) colors.push_back(samples[i + 1]);
    }
    samples = colors.data();
  }
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter encoded;
  if (WebPConfigInit(&config) == 0 || WebPPictureInit(&picture) == 0)
    throw Error("this libwebp has another version than the headers that the program was compiled with");
  WebPMemoryWriterInit(&encoded);
  config.lossless = quality == 100 ? 1 : 0;
  config.exact = 1;  // keeps the colors of transparent pixels
  config.quality = quality == 100 ? 75.0F : static_cast<float>(quality);  // without loss: the effort
  picture.use_argb = config.lossless;
  picture.width = image.width;
  picture.height = image.height;
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &encoded;
  const auto import = alpha ? WebPPictureImportRGBA : WebPPictureImportRGB;
  const bool done =
      import(&picture, samples, image.width * (alpha ? 4 : 3)) != 0 && WebPEncode(&config, &picture) != 0;
  WebPPictureFree(&picture);
  const bool plain = image.icc_profile.empty() && image.exif.empty() && image.xmp.empty();
  Bytes file;
  if (done && plain) file.assign(encoded.mem, encoded.mem + encoded.size);
  if (done && !plain)
    file = detail::with_webp_metadata(std::as_bytes(std::span(encoded.mem, encoded.size)), image);
  WebPMemoryWriterClear(&encoded);
  if (!done) throw Error("not enough memory for a WebP of this image");
  return file;
}

/// WebP through libwebp; animations are refused.
inline ImageCodec webp_codec() {
  return {"WebP",
          {".webp"},
          [](std::span<const std::byte> start) {
            return starts_with(start, "RIFF") && start.size() >= 12 && starts_with(start.subspan(8), "WEBP");
          },
          decode_webp,
          encode_webp};
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
