#ifndef RFPP_IO_CODECS_TIFF_HPP
#define RFPP_IO_CODECS_TIFF_HPP

#include <tiffio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/io/codec.hpp"
#include "rfpp/io/codecs/tiff_file.hpp"
#include "rfpp/io/image_header.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {

/// What decides how a TIFF is read.
struct TiffForm {
  std::uint32_t width = 0, height = 0;
  std::uint16_t bits = 1, samples = 1, photometric = 0, planar = PLANARCONFIG_CONTIG, sample_format = 1;
  std::uint16_t orientation = 1, extra_count = 0, extra = 0;
  bool gray = false, alpha = false, direct = false;

  explicit TiffForm(TIFF* tiff) {
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &sample_format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
    if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) == 0)
      throw Error("corrupt TIFF: it does not say what its colors are");
    const std::uint16_t* extras = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras) != 0 && extra_count > 0)
      extra = extras[0];
    gray = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
    alpha = extra_count > 0 && (extra == EXTRASAMPLE_ASSOCALPHA || extra == EXTRASAMPLE_UNASSALPHA);
    direct = (gray || photometric == PHOTOMETRIC_RGB) && (bits == 8 || bits == 16) &&
             sample_format == SAMPLEFORMAT_UINT && samples == colors() + extra_count;
  }
  int colors() const { return gray ? 1 : 3; }
  int channels() const { return colors() + (alpha ? 1 : 0); }
};

inline void check_form(const TiffForm& form) {
  if (form.photometric == PHOTOMETRIC_SEPARATED)
    throw Error("unsupported TIFF: CMYK; convert it to RGB first");
  if (!form.direct && (form.bits > 8 || form.sample_format != SAMPLEFORMAT_UINT))
    throw Error("unsupported TIFF: " + std::to_string(form.bits) + " bits a sample" +
                (form.sample_format == SAMPLEFORMAT_IEEEFP ? " as floating point" : "") +
                "; convert it to 8 or 16 bits first");
}

/// Reads gray and RGB of 8 and 16 bits, in strips and tiles, sample by sample.
class TiffSamples {
 public:
  TiffSamples(TiffFile& file, const TiffForm& form)
      : file_(file),
        form_(form),
        values_(std::size_t{form.width} * form.height * static_cast<std::size_t>(form.channels())) {}

  std::vector<std::uint16_t> read() {
    const std::uint16_t planes = form_.planar == PLANARCONFIG_SEPARATE ? form_.samples : std::uint16_t{1};
    for (std::uint16_t plane = 0; plane < planes; ++plane)
      TIFFIsTiled(file_.get()) != 0 ? read_tiles(plane) : read_rows(plane);
    return std::move(values_);
  }

 private:
  void read_rows(std::uint16_t plane) {
    std::vector<std::uint8_t> row(file_.checked_size(TIFFScanlineSize64(file_.get())));
    for (std::uint32_t y = 0; y < form_.height; ++y) {
      if (TIFFReadScanline(file_.get(), row.data(), y, plane) < 0) file_.fail("corrupt or truncated TIFF");
      store(row, 0, y, form_.width, plane);
    }
  }

  void read_tiles(std::uint16_t plane) {
    std::uint32_t width = 0, height = 0;
    TIFFGetField(file_.get(), TIFFTAG_TILEWIDTH, &width);
    TIFFGetField(file_.get(), TIFFTAG_TILELENGTH, &height);
    std::vector<std::uint8_t> tile(file_.checked_size(TIFFTileSize64(file_.get())));
    const std::size_t row_size = file_.checked_size(TIFFTileRowSize64(file_.get()));
    for (std::uint32_t y = 0; y < form_.height; y += height) {
      for (std::uint32_t x = 0; x < form_.width; x += width) {
        if (TIFFReadTile(file_.get(), tile.data(), x, y, 0, plane) < 0)
          file_.fail("corrupt or truncated TIFF");
        for (std::uint32_t row = 0; row < std::min(height, form_.height - y); ++row)
          store(std::span(tile).subspan(row * row_size, row_size), x, y + row,
                std::min(width, form_.width - x), plane);
      }
    }
  }

  /// Samples of a row from x on; `plane` is the first sample where each has a plane of its own.
  void store(std::span<const std::uint8_t> in, std::uint32_t x, std::uint32_t y, std::uint32_t count,
             std::size_t plane) {
    const std::size_t channels = static_cast<std::size_t>(form_.channels());
    const bool apart = form_.planar == PLANARCONFIG_SEPARATE;
    const std::size_t step = apart ? 1 : form_.samples, bytes = form_.bits / 8U;
    if (count * step * bytes > in.size()) file_.fail("corrupt TIFF: rows that are too short");
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t* pixel = values_.data() + ((std::size_t{y} * form_.width + x + i) * channels);
      for (std::size_t sample = 0; sample < step; ++sample) {
        if (plane + sample < channels) pixel[plane + sample] = value(in.data() + (i * step + sample) * bytes);
      }
    }
  }

  std::uint16_t value(const std::uint8_t* in) const {
    if (form_.bits == 8) return *in;
    std::uint16_t number = 0;
    std::copy_n(in, 2, reinterpret_cast<std::uint8_t*>(&number));
    return number;
  }

  TiffFile& file_;
  const TiffForm& form_;
  std::vector<std::uint16_t> values_;
};

/// Makes white large, and divides colors by an alpha that they were multiplied by.
inline void normalize(std::vector<std::uint16_t>& values, const TiffForm& form) {
  const std::uint32_t most = form.bits == 8 ? 255 : 65535;
  const std::size_t channels = static_cast<std::size_t>(form.channels()),
                    colors = static_cast<std::size_t>(form.colors());
  const bool inverted = form.photometric == PHOTOMETRIC_MINISWHITE;
  const bool multiplied = form.alpha && form.extra == EXTRASAMPLE_ASSOCALPHA;
  if (!inverted && !multiplied) return;
  for (std::size_t i = 0; i < values.size(); i += channels) {
    const std::uint32_t alpha = form.alpha ? values[i + colors] : most;
    for (std::size_t color = 0; color < colors; ++color) {
      std::uint32_t value = values[i + color];
      if (multiplied && alpha > 0) value = std::min(most, (value * most + alpha / 2) / alpha);
      values[i + color] = static_cast<std::uint16_t>(inverted ? most - value : value);
    }
  }
}

/// What TIFF's library brings to RGB itself: palettes, single bits, YCbCr, Lab.
inline Image read_converted(TiffFile& file, const TiffForm& form) {
  std::string reason(1024, '\0');
  if (TIFFRGBAImageOK(file.get(), reason.data()) == 0)
    throw Error("unsupported TIFF: " + reason.substr(0, reason.find('\0')) + "; save it as PNG");
  TIFFSetField(file.get(), TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);  // turned later
  Image image(static_cast<int>(form.width), static_cast<int>(form.height), form.gray ? 1 : 3);
  std::vector<std::uint32_t> raster(std::size_t{form.width} * form.height);
  if (TIFFReadRGBAImageOriented(file.get(), form.width, form.height, raster.data(), ORIENTATION_TOPLEFT, 1) ==
      0)
    file.fail("corrupt or truncated TIFF");
  auto out = image.samples.begin();
  for (const std::uint32_t pixel : raster)
    for (int color = 0; color < image.channels; ++color)
      *out++ = static_cast<std::uint8_t>(pixel >> 8 * color);
  return image;
}

}  // namespace detail

/// The first page. Throws Error for CMYK, floating point and samples of other sizes than 1 to 8 and 16 bits.
inline Image decode_tiff(std::span<const std::byte> bytes) {
  detail::TiffFile file(bytes);
  const detail::TiffForm form(file.get());
  check_plausible(form.width, form.height, bytes.size());
  check_form(form);
  Image image;
  if (form.direct) {
    auto values = detail::TiffSamples(file, form).read();
    normalize(values, form);
    image = Image(static_cast<int>(form.width), static_cast<int>(form.height), form.channels());
    if (form.bits == 16)
      set_samples16(image, std::move(values));
    else
      std::ranges::transform(values, image.samples.begin(),
                             [](std::uint16_t value) { return static_cast<std::uint8_t>(value); });
  } else {
    image = read_converted(file, form);
  }
  ImageHeader header;
  header.metadata = file.metadata();
  header.orientation = form.orientation >= 1 && form.orientation <= 8 ? form.orientation : 1;
  const auto pages = TIFFNumberOfDirectories(file.get());
  if (pages > 1)
    header.warnings.push_back("a TIFF of " + std::to_string(pages) +
                              " pages: the first is read, the others are not");
  return finished(std::move(image), std::move(header));
}

/// Of 8 bits a sample, or of 16 where the image has them, compressed without loss.
inline Bytes encode_tiff(const Image& image, int) { return detail::TiffWriter(image).write(); }

/// TIFF through libtiff, from 4.5 on.
inline ImageCodec tiff_codec() {
  return {"TIFF",
          {".tif", ".tiff"},
          [](std::span<const std::byte> start) {
            using namespace std::string_view_literals;
            return starts_with(start, "II*\0"sv) || starts_with(start, "MM\0*"sv) ||
                   starts_with(start, "II+\0"sv) || starts_with(start, "MM\0+"sv);
          },
          decode_tiff,
          encode_tiff};
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
