#include <cstdint>
#include <string>

#include "catch.hpp"
#include "io/images.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

using files::bytes_of;
using files::decoded;
using files::text_of;
using rfpp::io::Bytes;
using rfpp::io::Endian;
using rfpp::io::Image;

namespace {

const std::string date = "2019:07:04 12:34:56";

std::string number(std::uint32_t value, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

std::string entry(std::uint32_t tag, std::uint32_t type, std::uint32_t count, std::uint32_t value) {
  return number(tag, 2) + number(type, 2) + number(count, 4) + number(value, 4);
}

/// Little-endian: orientation 6, the date, a directory with pixel dimensions, and a thumbnail's directory.
std::string exif_block() {
  const std::string first = number(3, 2) + entry(0x0112, 3, 1, 6) + entry(0x0132, 2, 20, 50) +
                            entry(0x8769, 4, 1, 70) + number(100, 4);
  const std::string more = number(2, 2) + entry(0xA002, 4, 1, 13) + entry(0xA003, 3, 1, 7) + number(0, 4);
  return "II*" + std::string(1, '\0') + number(8, 4) + first + date + std::string(1, '\0') + more +
         number(1, 2) + entry(0x0112, 3, 1, 6) + number(0, 4);
}

std::string segment(char marker, const std::string& content) {
  const std::size_t size = content.size() + 2;
  return std::string("\xFF") + marker + static_cast<char>(size >> 8U) + static_cast<char>(size) + content;
}

/// A JPEG of 24x16 pixels without metadata, with segments in front.
std::string jpeg_with(const std::string& segments) {
  const auto encoded = rfpp::io::encode_jpeg(Image(24, 16, 3), 95);
  std::string file(encoded.begin(), encoded.end());
  return file.insert(20, segments);
}

std::uint32_t value_of(const Bytes& exif, std::size_t directory, std::uint32_t tag, std::size_t size) {
  std::uint32_t value = 0;
  const auto bytes = std::as_bytes(std::span(exif));
  rfpp::io::detail::for_each_tag(bytes, directory, [&](std::uint32_t found, std::size_t at) {
    if (found == tag) value = rfpp::io::load_number(bytes, at + 8, size, Endian::little);
  });
  return value;
}

}  // namespace

TEST_CASE("EXIF is kept, as that of an upright picture, by JPEG and PNG") {
  const std::string exif = exif_block();
  REQUIRE(exif.substr(50, 19) == date);
  const Image image = decoded(jpeg_with(segment('\xE1', std::string("Exif\0\0", 6) + exif)));
  REQUIRE(image.width == 16);  // turned
  REQUIRE(image.exif.size() == exif.size());
  CHECK(rfpp::io::exif_orientation(std::as_bytes(std::span(image.exif))) == 1);
  CHECK(text_of(image.exif).find(date) == 50);
  CHECK(value_of(image.exif, 70, 0xA002, 4) == 16);
  CHECK(value_of(image.exif, 70, 0xA003, 2) == 24);
  CHECK(rfpp::io::load_number(std::as_bytes(std::span(image.exif)), 46, 4) == 0);  // no thumbnail
  for (const Bytes& file : {rfpp::io::encode_jpeg(image, 90), rfpp::io::encode_png(image)}) {
    const Image again = decoded(file);
    CHECK(again.width == 16);
    CHECK((again.exif == image.exif));
    CHECK(again.warnings.empty());
  }
}

TEST_CASE("A broken EXIF block is kept or left out, and never read beyond its end") {
  const std::string exif = exif_block();
  for (std::size_t size = 0; size < exif.size(); ++size)
    decoded(jpeg_with(segment('\xE1', std::string("Exif\0\0", 6) + exif.substr(0, size))));
  for (std::size_t i = 0; i < exif.size(); ++i) {
    std::string broken = exif;
    broken[i] = '\xFF';
    const Image image = decoded(jpeg_with(segment('\xE1', std::string("Exif\0\0", 6) + broken)));
    CHECK(image.width * image.height == 24 * 16);
  }
}

TEST_CASE("XMP is kept, its orientation reset, by JPEG and PNG") {
  const std::string packet = "<x:xmpmeta tiff:Orientation=\"6\"><tiff:Orientation>8</tiff:Orientation>";
  const std::string upright = "<x:xmpmeta tiff:Orientation=\"1\"><tiff:Orientation>1</tiff:Orientation>";
  const Image image =
      decoded(jpeg_with(segment('\xE1', std::string("http://ns.adobe.com/xap/1.0/\0", 29) + packet)));
  CHECK(text_of(image.xmp) == upright);
  CHECK(text_of(decoded(rfpp::io::encode_jpeg(image, 90)).xmp) == upright);
  const Image png = decoded(rfpp::io::encode_png(image));
  CHECK(text_of(png.xmp) == upright);
  CHECK(png.png_chunks.empty());
}

TEST_CASE("The print size of a JPEG is kept by JPEG and PNG") {
  std::string file = jpeg_with("");
  file.replace(13, 5, std::string("\1\1\x2C\0\x96", 5));  // 300 and 150 dots an inch
  const Image image = decoded(file);
  CHECK(image.pixels_per_meter_x == Approx(300 / 0.0254));
  CHECK(image.pixels_per_meter_y == Approx(150 / 0.0254));
  const auto jpeg = rfpp::io::encode_jpeg(image, 90);
  CHECK(text_of(jpeg).substr(13, 5) == file.substr(13, 5));
  const Image png = decoded(rfpp::io::encode_png(image));
  CHECK(png.pixels_per_meter_x == 11811);
  CHECK(text_of(rfpp::io::encode_jpeg(png, 90)).substr(13, 5) == file.substr(13, 5));
  CHECK(rfpp::io::encode_png(png).size() == rfpp::io::encode_png(image).size());  // one pHYs chunk
}

TEST_CASE("Gray profiles are kept by gray JPEGs and PNGs, color profiles of gray pictures are not") {
  Image gray(40, 24, 1);
  for (std::size_t i = 0; i < gray.samples.size(); ++i) gray.samples[i] = static_cast<std::uint8_t>(i / 5);
  gray.icc_profile.assign(200, 7);
  gray.icc_profile[0] = gray.icc_profile[1] = gray.icc_profile[2] = 0;
  gray.icc_profile[3] = 200;
  const std::string space = "GRAY";
  std::copy(space.begin(), space.end(), gray.icc_profile.begin() + 16);
  for (const Bytes& file : {rfpp::io::encode_jpeg(gray, 90), rfpp::io::encode_png(gray)}) {
    const Image again = decoded(file);
    CHECK(again.channels == 1);
    CHECK((again.icc_profile == gray.icc_profile));
  }
  gray.icc_profile[16] = 'R';
  CHECK(decoded(rfpp::io::encode_jpeg(gray, 90)).icc_profile.empty());
}

TEST_CASE("A JPEG's profile is put together by the numbers of its parts") {
  const Image source = rfpp::io::read_image(RFPP_TEST_DATA "/io/images/baseline.jpg");
  const std::string profile = text_of(source.icc_profile), name("ICC_PROFILE\0", 12);
  REQUIRE(profile.size() == 588);
  const std::string first = segment('\xE2', name + "\1\2" + profile.substr(0, 300)),
                    second = segment('\xE2', name + "\2\2" + profile.substr(300));
  CHECK((decoded(jpeg_with(first + second)).icc_profile == source.icc_profile));
  CHECK((decoded(jpeg_with(second + first)).icc_profile == source.icc_profile));
  CHECK(decoded(jpeg_with(second)).icc_profile.empty());
}
