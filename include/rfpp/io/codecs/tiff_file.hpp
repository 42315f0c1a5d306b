#ifndef RFPP_IO_CODECS_TIFF_FILE_HPP
#define RFPP_IO_CODECS_TIFF_FILE_HPP

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/exif.hpp"
#include "rfpp/io/icc.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::io::detail {
inline namespace RFPP_ABI {

/// Texts that TIFF and EXIF have under the same numbers: description, make, model, software, date, artist and
/// copyright.
inline constexpr std::array<std::uint32_t, 7> tiff_texts{270, 271, 272, 305, 306, 315, 33432};

/// An EXIF block of texts by their tags.
inline Bytes exif_of_texts(const std::vector<std::pair<std::uint32_t, std::string>>& texts) {
  Bytes block, after;
  const auto append = [](Bytes& out, std::size_t number, int size) {
    append_number(out, static_cast<std::uint32_t>(number), size);
  };
  append_text(block, std::string_view("MM\0*\0\0\0\x08", 8));
  append(block, texts.size(), 2);
  const std::size_t begin = 8 + 2 + texts.size() * 12 + 4;
  for (const auto& [tag, text] : texts) {
    const std::size_t size = text.size() + 1;
    append(block, tag, 2);
    append(block, 2, 2);
    append(block, size, 4);
    Bytes place;
    if (size <= 4) {
      place.assign(text.begin(), text.end());
      place.resize(4);
    } else {
      append(place, begin + after.size(), 4);
      append_text(after, text);
      after.resize(after.size() + 1 + (size % 2));  // directories' values begin at even bytes
    }
    block.insert(block.end(), place.begin(), place.end());
  }
  append(block, 0, 4);
  block.insert(block.end(), after.begin(), after.end());
  return block;
}

/// The text of an entry of an EXIF block; empty where it has none.
inline std::string exif_text(std::span<const std::byte> tiff, std::size_t entry) {
  const Endian endian = exif_endian(tiff);
  const std::size_t size = load_number(tiff, entry + 4, 4, endian);
  const std::size_t begin = size <= 4 ? entry + 8 : load_number(tiff, entry + 8, 4, endian);
  if (load_number(tiff, entry + 2, 2, endian) != 2 || begin > tiff.size() || size > tiff.size() - begin)
    return {};
  const std::string text(reinterpret_cast<const char*>(tiff.data()) + begin, size);
  return text.substr(0, text.find('\0'));
}

/// A TIFF in memory, to read or to write, as libtiff wants it.
class TiffFile {
 public:
  explicit TiffFile(std::span<const std::byte> bytes) : bytes_(bytes) { open("rm"); }
  /// One to write.
  TiffFile() { open("w"); }
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;
  ~TiffFile() { close(); }

  TIFF* get() { return tiff_; }
  /// Ends writing, and returns the file.
  Bytes written() {
    close();
    return std::move(written_);
  }
  /// Throws Error with what libtiff says.
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(what + (error_.empty() ? "" : " (" + error_ + ")"));
  }
  std::size_t checked_size(std::uint64_t size) const {
    if (size == 0 || size > most_bytes)
      fail("corrupt TIFF: rows or tiles of " + std::to_string(size) + " bytes");
    return size;
  }

  ImageMetadata metadata() {
    ImageMetadata metadata;
    const auto bytes_of = [&](std::uint32_t tag) {
      std::uint32_t size = 0;
      const std::uint8_t* data = nullptr;
      return TIFFGetField(tiff_, tag, &size, &data) == 0 ? Bytes{} : Bytes(data, data + size);
    };
    metadata.icc_profile = bytes_of(TIFFTAG_ICCPROFILE);
    metadata.xmp = bytes_of(TIFFTAG_XMLPACKET);
    float across = 0, down = 0;
    std::uint16_t unit = 0;
    TIFFGetFieldDefaulted(tiff_, TIFFTAG_RESOLUTIONUNIT, &unit);
    if (unit != RESUNIT_NONE && TIFFGetField(tiff_, TIFFTAG_XRESOLUTION, &across) != 0 &&
        TIFFGetField(tiff_, TIFFTAG_YRESOLUTION, &down) != 0 && across > 0 && across < 1e6F && down > 0 &&
        down < 1e6F) {
      metadata.pixels_per_meter_x = across * (unit == RESUNIT_INCH ? 1 / 0.0254 : 100.0);
      metadata.pixels_per_meter_y = down * (unit == RESUNIT_INCH ? 1 / 0.0254 : 100.0);
    }
    std::vector<std::pair<std::uint32_t, std::string>> texts;
    for (const std::uint32_t tag : tiff_texts)
      if (const char* text = nullptr; TIFFGetField(tiff_, tag, &text) != 0 && text != nullptr)
        texts.emplace_back(tag, text);
    if (!texts.empty()) metadata.exif = exif_of_texts(texts);
    return metadata;
  }

 private:
  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 31;  // of one row, strip or tile

  static int note(TIFF*, void* self, const char*, const char* format, va_list arguments) {
    auto& error = static_cast<TiffFile*>(self)->error_;
    std::array<char, 256> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    if (error.empty()) error = text.data();
    return 1;
  }
  static int ignore(TIFF*, void*, const char*, const char*, va_list) { return 1; }

  static tmsize_t read(thandle_t self, void* to, tmsize_t size) {
    auto& file = *static_cast<TiffFile*>(self);
    const auto data = file.data();
    const std::size_t count =
        std::min(static_cast<std::size_t>(size), data.size() - std::min(file.position_, data.size()));
    std::memcpy(to, data.data() + std::min(file.position_, data.size()), count);
    file.position_ += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t self, void* from, tmsize_t size) {
    auto& file = *static_cast<TiffFile*>(self);
    const std::size_t end = file.position_ + static_cast<std::size_t>(size);
    if (end > file.written_.size()) file.written_.resize(end);
    std::memcpy(file.written_.data() + file.position_, from, static_cast<std::size_t>(size));
    file.position_ = end;
    return size;
  }
  static toff_t seek(thandle_t self, toff_t offset, int whence) {
    auto& file = *static_cast<TiffFile*>(self);
    const std::size_t from = whence == SEEK_SET   ? 0
                             : whence == SEEK_CUR ? file.position_
                                                  : file.data().size();
    file.position_ = from + offset;
    return file.position_;
  }
  static int do_nothing(thandle_t) { return 0; }
  static toff_t size(thandle_t self) { return static_cast<TiffFile*>(self)->data().size(); }
  static int map(thandle_t self, void** base, toff_t* size) {
    auto& file = *static_cast<TiffFile*>(self);
    if (file.bytes_.empty()) return 0;
    *base = const_cast<std::byte*>(file.bytes_.data());
    *size = file.bytes_.size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}

  std::span<const std::uint8_t> data() const {
    if (bytes_.empty()) return written_;
    return {reinterpret_cast<const std::uint8_t*>(bytes_.data()), bytes_.size()};
  }

  void open(const char* mode) {
    TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
    TIFFOpenOptionsSetErrorHandlerExtR(options, note, this);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, this);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, static_cast<tmsize_t>(most_bytes));
    tiff_ = TIFFClientOpenExt("image", mode, this, read, write, seek, do_nothing, size, map, unmap, options);
    TIFFOpenOptionsFree(options);
    if (tiff_ == nullptr) fail("corrupt or truncated TIFF");
  }
  void close() {
    if (tiff_ != nullptr) TIFFClose(tiff_);
    tiff_ = nullptr;
  }

  std::span<const std::byte> bytes_;
  Bytes written_;
  std::size_t position_ = 0;
  std::string error_;
  TIFF* tiff_ = nullptr;
};

class TiffWriter {
 public:
  explicit TiffWriter(const Image& image) : image_(image) {}

  Bytes write() {
    const bool wide = !image_.samples16.empty(), alpha = image_.channels % 2 == 0;
    set(TIFFTAG_IMAGEWIDTH, image_.width);
    set(TIFFTAG_IMAGELENGTH, image_.height);
    set(TIFFTAG_BITSPERSAMPLE, wide ? 16 : 8);
    set(TIFFTAG_SAMPLESPERPIXEL, image_.channels);
    set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    set(TIFFTAG_PHOTOMETRIC, image_.colors() == 1 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
    const bool deflate = TIFFIsCODECConfigured(COMPRESSION_ADOBE_DEFLATE) != 0;
    set(TIFFTAG_COMPRESSION, deflate ? COMPRESSION_ADOBE_DEFLATE : COMPRESSION_LZW);
    set(TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
    set(TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(file_.get(), 0));
    const std::uint16_t extra = EXTRASAMPLE_UNASSALPHA;
    if (alpha) TIFFSetField(file_.get(), TIFFTAG_EXTRASAMPLES, 1, &extra);
    set_metadata();
    std::vector<std::uint16_t> row(image_.row_size());
    for (int y = 0; y < image_.height; ++y) {
      const std::size_t begin = static_cast<std::size_t>(y) * image_.row_size();
      for (std::size_t i = 0; wide && i < row.size(); ++i) row[i] = image_.sample16(begin + i);
      Bytes eight(image_.row(y), image_.row(y) + (wide ? 0 : image_.row_size()));  // the predictor changes it
      void* data = wide ? static_cast<void*>(row.data()) : eight.data();
      if (TIFFWriteScanline(file_.get(), data, static_cast<std::uint32_t>(y), 0) < 0)
        file_.fail("cannot make a TIFF of this image");
    }
    return file_.written();
  }

 private:
  void set(std::uint32_t tag, auto value) { TIFFSetField(file_.get(), tag, value); }

  void set_bytes(std::uint32_t tag, const Bytes& bytes) {
    if (!bytes.empty())
      TIFFSetField(file_.get(), tag, static_cast<std::uint32_t>(bytes.size()), bytes.data());
  }

  void set_metadata() {
    if (icc_fits(image_.icc_profile, image_.colors())) set_bytes(TIFFTAG_ICCPROFILE, image_.icc_profile);
    set_bytes(TIFFTAG_XMLPACKET, image_.xmp);
    if (image_.pixels_per_meter_x > 0 && image_.pixels_per_meter_y > 0) {
      set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
      set(TIFFTAG_XRESOLUTION, image_.pixels_per_meter_x * 0.0254);
      set(TIFFTAG_YRESOLUTION, image_.pixels_per_meter_y * 0.0254);
    }
    const auto exif = std::as_bytes(std::span(image_.exif));
    if (exif.empty()) return;
    try {
      for_each_tag(exif, load_number(exif, 4, 4, exif_endian(exif)),
                   [&](std::uint32_t tag, std::size_t entry) {
                     if (std::ranges::find(tiff_texts, tag) != tiff_texts.end())
                       set(tag, exif_text(exif, entry).c_str());
                   });
    } catch (const Error&) {}  // a broken block: the texts before its end are kept
  }

  const Image& image_;
  TiffFile file_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io::detail

#endif
