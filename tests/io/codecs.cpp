#include <filesystem>
#include <string>

#include "catch.hpp"
#include "io/images.hpp"
#include "rfpp/io/codecs/linked.hpp"
#include "rfpp/io/image_files.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

using files::bytes_of;
using files::decoded;
using files::error_of;
using rfpp::io::Bytes;
using rfpp::io::decode_image;
using rfpp::io::Image;

namespace {

/// The codecs are added for a test and taken out behind it: other tests are of a library without them.
struct WithCodecs {
  WithCodecs() { add_linked_codecs(); }
  WithCodecs(const WithCodecs&) = delete;
  WithCodecs& operator=(const WithCodecs&) = delete;
  ~WithCodecs() { rfpp::io::image_codecs().clear(); }
};

Image photo(int channels) {
  Image image(31, 22, channels);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width * channels; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(x / channels * 5 + y * 3 + x % channels * 20);
  return image;
}

/// With a profile, an EXIF block with a date, XMP and a print size.
[[maybe_unused]] Image photo_with_metadata() {
  Image image = photo(3);
  image.icc_profile = rfpp::io::read_image(RFPP_TEST_DATA "/io/images/baseline.jpg").icc_profile;
  const std::string exif(
      "MM\0*\0\0\0\x08\0\1\1\x32\0\2\0\0\0\x14\0\0\0\x1A\0\0\0\0"
      "2019:07:04 12:34:56\0",
      46);
  image.exif.assign(exif.begin(), exif.end());
  const std::string xmp = "<x:xmpmeta/>";
  image.xmp.assign(xmp.begin(), xmp.end());
  image.pixels_per_meter_x = image.pixels_per_meter_y = 300 / 0.0254;
  return image;
}

[[maybe_unused]] int most_different(const Image& a, const Image& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  int most = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i)
    most = std::max(most, std::abs(a.samples[i] - b.samples[i]));
  return most;
}

[[maybe_unused]] void check_damage(const Bytes& file) {
  for (std::size_t size = 0; size < file.size(); size += 1 + size / 40) {
    Image read;
    const std::string error =
        error_of([&] { read = decode_image(std::as_bytes(std::span(file).first(size))); });
    CHECK(error.find('\n') == error.npos);
  }
  for (std::size_t i = 0; i < file.size(); i += 1 + file.size() / 300) {
    Bytes damaged = file;
    damaged[i] ^= static_cast<std::uint8_t>(1U << i % 8);
    error_of([&] { decoded(damaged); });
  }
}

}  // namespace

TEST_CASE("A codec reads and writes its files, and folders list them") {
  const files::TemporaryFolder folder;
  rfpp::io::add_codec({"Plain",
                       {".plain"},
                       [](std::span<const std::byte> start) { return rfpp::io::starts_with(start, "plain"); },
                       [](std::span<const std::byte>) { return photo(3); },
                       [](const Image&, int) {
                         return Bytes{'p', 'l', 'a', 'i', 'n'};
                       }});
  write_image(folder.path / "a.PLAIN", photo(3));
  files::write(folder.path / "without suffix", "plain and more than that");
  CHECK((rfpp::io::read_image(folder.path / "a.PLAIN").samples == photo(3).samples));
  CHECK(rfpp::io::images_in(folder.path).images.size() == 2);
  CHECK(error_of([] { decode_image(bytes_of("other")); }) ==
        "expected a PNG, JPEG, Plain, BMP, PBM, PGM, PPM or PAM image, found something else");
  rfpp::io::image_codecs().clear();
  CHECK(rfpp::io::images_in(folder.path).images.empty());
  CHECK(error_of([&] { write_image(folder.path / "a.plain", photo(3)); }).find("expected a name") !=
        std::string::npos);
}

#if defined(RFPP_WITH_WEBP)
TEST_CASE("WebP is read and written, with its metadata, at quality 100 without loss") {
  const WithCodecs codecs;
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = photo(channels);
    const Image exact = decoded(rfpp::io::encode_webp(image, 100));
    REQUIRE(exact.channels == (channels % 2 == 0 ? 4 : 3));
    if (channels >= 3) CHECK(most_different(exact, image) == 0);
    for (int x = 0; x < 31; ++x) CHECK(exact.row(7)[x * exact.channels] == image.row(7)[x * channels]);
    const Image near = decoded(rfpp::io::encode_webp(image, 95));
    CHECK(most_different(near, exact) <= 20);
  }
  const Image image = photo_with_metadata(), read = decoded(rfpp::io::encode_webp(image, 90));
  CHECK((read.icc_profile == image.icc_profile));
  CHECK((read.exif == image.exif));
  CHECK((read.xmp == image.xmp));
  check_damage(rfpp::io::encode_webp(image, 90));
}

TEST_CASE("WebPs that cannot be read are one clear line") {
  const WithCodecs codecs;
  const Bytes file = rfpp::io::encode_webp(photo(3), 90);
  const std::string text(file.begin(), file.end());
  CHECK(error_of([&] { decode_image(bytes_of(text.substr(0, 20))); }) ==
        "corrupt or truncated WebP: no image data");
  CHECK(error_of([&] { decode_image(bytes_of(text.substr(0, text.size() - 40))); }) ==
        "corrupt or truncated WebP");
  const std::string animated(
      "RIFF\x2C\0\0\0WEBPVP8X\x0A\0\0\0\x02\0\0\0\x0F\0\0\x0F\0\0"
      "ANIM\6\0\0\0\0\0\0\0\0\0",
      44);
  CHECK(error_of([&] { decode_image(bytes_of(animated)); }) ==
        "unsupported WebP: animated; save one of its frames as WebP or PNG");
  Image wide(16384, 1, 3);
  CHECK(error_of([&] { rfpp::io::encode_webp(wide, 90); }) ==
        "expected sides of at most 16383 pixels for WebP, found 16384x1");
}
#endif

#if defined(RFPP_WITH_TIFF)
TEST_CASE("TIFF is read and written in 8 and 16 bits, with its metadata") {
  const WithCodecs codecs;
  for (int channels = 1; channels <= 4; ++channels) {
    Image image = photo(channels);
    CHECK(most_different(decoded(rfpp::io::encode_tiff(image, 95)), image) == 0);
    std::vector<std::uint16_t> wide(image.samples.size());
    for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<std::uint16_t>(i * 321);
    set_samples16(image, wide);
    const Image read = decoded(rfpp::io::encode_tiff(image, 95));
    CHECK(read.channels == channels);
    CHECK((read.samples16 == wide));
  }
  const Image image = photo_with_metadata(), read = decoded(rfpp::io::encode_tiff(image, 95));
  CHECK((read.icc_profile == image.icc_profile));
  CHECK((read.xmp == image.xmp));
  CHECK(read.pixels_per_meter_x == Approx(300 / 0.0254));
  CHECK(std::string(read.exif.begin(), read.exif.end()).find("2019:07:04 12:34:56") != std::string::npos);
  CHECK(most_different(decoded(rfpp::io::encode_jpeg(read, 95)), image) < 20);
  check_damage(rfpp::io::encode_tiff(image, 95));
}

TEST_CASE("TIFFs of other programs are read") {
  const WithCodecs codecs;
  for (const std::string name :
       {"tiles16.tif", "planes.tif", "palette.tif", "turned.tif", "pages.tif", "fax.tif"}) {
    INFO(name);
    const Image image = rfpp::io::read_image(RFPP_TEST_DATA "/io/images/" + name);
    CHECK(image.width == 31);
    CHECK(image.height == 22);
    const Image expected = photo(3);
    if (name == "fax.tif") {
      REQUIRE(image.channels == 1);
      for (int x = 0; x < 31; ++x) CHECK(image.row(5)[x] == (expected.row(5)[x * 3] < 100 ? 0 : 255));
    } else {
      CHECK(most_different(image, expected) == 0);
    }
    CHECK(image.warnings.size() == (name == "pages.tif" ? 1U : 0U));
  }
  CHECK(error_of([] {
          rfpp::io::read_image(RFPP_TEST_DATA "/io/images/cmyk.tif");
        }).ends_with("cmyk.tif: unsupported TIFF: CMYK; convert it to RGB first"));
  CHECK(error_of([] { rfpp::io::read_image(RFPP_TEST_DATA "/io/images/float.tif"); })
            .ends_with("float.tif: unsupported TIFF: 32 bits a sample as floating point; convert it to 8 or "
                       "16 bits first"));
}
#endif

#if defined(RFPP_WITH_HEIF)
TEST_CASE("HEIC and AVIF are read, not written") {
  const WithCodecs codecs;
  const std::string folder = RFPP_TEST_DATA "/io/images/";
  for (const std::string name : {"photo.avif", "photo.heic"}) {
    INFO(name);
    const std::string file = files::read(folder + name);
    const Image image = decode_image(bytes_of(file));
    REQUIRE(image.width == 64);
    REQUIRE(image.height == 48);
    REQUIRE(image.channels == 3);
    int most = 0;
    for (int y = 0; y < 48; ++y)
      for (int x = 0; x < 64; ++x)
        most = std::max({most, std::abs(image.row(y)[3 * x] - x * 3),
                         std::abs(image.row(y)[3 * x + 1] - y * 4), std::abs(image.row(y)[3 * x + 2] - 128)});
    CHECK(most <= 12);
    CHECK_FALSE(error_of([&] { decode_image(bytes_of(file.substr(0, file.size() * 3 / 4))); }).empty());
    check_damage(Bytes(file.begin(), file.end()));
  }
  const Image ten = rfpp::io::read_image(folder + "ten_bits.heic");
  CHECK(ten.samples16.size() == ten.samples.size());
  CHECK(std::abs(ten.row(20)[3 * 30] - 90) <= 6);
  const files::TemporaryFolder results;
  CHECK(error_of([&] { write_image(results.path / "a.heic", ten); }).find("expected a name that ends in") !=
        std::string::npos);
}
#endif
