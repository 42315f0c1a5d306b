#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "io/images.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

using files::bytes_of;
using files::decoded;
using files::error_of;
using rfpp::io::decode_image;
using rfpp::io::Image;

namespace {

std::string test_image(const std::string& name) { return files::read(RFPP_TEST_DATA "/io/images/" + name); }

/// A PNG chunk; its checksum is right.
std::string chunk_of(const std::string& type, const std::string& data) {
  const auto number = [](std::size_t n) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(n >> shift);
    return text;
  };
  return number(data.size()) + type + data + number(rfpp::io::png_checksum(bytes_of(type + data)));
}

/// A PNG with chunks put behind its IHDR.
std::string with_chunks(std::string png, const std::string& chunks) { return png.insert(33, chunks); }

std::string warning_of(const std::string& file) {
  const Image image = decoded(file);
  REQUIRE(image.warnings.size() == 1);
  return image.warnings.front();
}

}  // namespace

TEST_CASE("A JPEG without its end marker or with stray bytes before it is read whole, with a warning") {
  const std::string file = test_image("baseline.jpg"), body = file.substr(0, file.size() - 2);
  const Image whole = decoded(file);
  CHECK(whole.warnings.empty());
  CHECK(warning_of(body) == "truncated JPEG: no end marker, 100% of the picture is there");
  CHECK(decoded(body).samples == whole.samples);
  for (const std::string& stray :
       {std::string("\x12\x34\x56"), std::string(4096, '\0'), std::string("\xFF\0", 2),
        std::string("\xFF\xD1"), std::string("\xFF\x02\x33")}) {
    CHECK(warning_of(body + stray + "\xFF\xD9") ==
          "damaged JPEG: stray bytes before its end marker, 100% of the picture is there");
    CHECK(decoded(body + stray + "\xFF\xD9").samples == whole.samples);
  }
  CHECK(decoded(file + "behind the end").warnings.empty());
}

TEST_CASE("A JPEG cut in its data is gray from there on and says how much is there") {
  Image source(64, 64, 1);
  for (std::size_t i = 0; i < source.samples.size(); ++i)
    source.samples[i] = static_cast<std::uint8_t>(i * i / 7 % 200);
  const auto encoded = rfpp::io::encode_jpeg(source, 95);
  const std::string file(encoded.begin(), encoded.end());
  const Image whole = decoded(file);
  for (const std::string end : {"", "\xFF\xD9"}) {
    const std::string cut = file.substr(0, file.size() / 2 + 200) + end;
    const Image image = decoded(cut);
    const std::string warning = warning_of(cut);
    REQUIRE(warning.starts_with("truncated or damaged JPEG: "));
    const int percent = std::atoi(warning.c_str() + 27);
    CHECK(percent > 30);
    CHECK(percent < 70);
    const auto difference = [&](int x, int y) { return std::abs(image.row(y)[x * 3] - whole.row(y)[x * 3]); };
    for (int x = 0; x < 64; ++x) CHECK(difference(x, 8) == 0);
    for (int x = 0; x < 64 * 3; ++x) CHECK(image.row(60)[x] == 128);
  }
}

TEST_CASE("A motion JPEG frame is read with the standard Huffman tables") {
  std::string file = test_image("baseline.jpg");
  const Image source = decoded(file);
  const auto encoded = rfpp::io::encode_jpeg(source, 90);  // written with the standard tables
  std::string frame(encoded.begin(), encoded.end());
  const Image whole = decoded(frame);
  for (std::size_t at = frame.find("\xFF\xC4"); at != frame.npos; at = frame.find("\xFF\xC4")) {
    const auto length =
        static_cast<unsigned char>(frame[at + 2]) * 256U + static_cast<unsigned char>(frame[at + 3]);
    frame.erase(at, 2 + length);
  }
  CHECK(decoded(frame).samples == whole.samples);
}

TEST_CASE("A JPEG without a scan is refused, one cut after some scans is read") {
  const std::string file = test_image("progressive.jpg");
  const std::size_t scan = file.find("\xFF\xDA");
  CHECK(error_of([&] { decoded(file.substr(0, scan)); }) == "truncated JPEG: no image data");
  const std::size_t third = file.find("\xFF\xDA", file.find("\xFF\xDA", scan + 2) + 2);
  CHECK(warning_of(file.substr(0, third)).starts_with("truncated JPEG: no end of the image after 2 scans"));
}

TEST_CASE("A PNG is turned as its eXIf chunk says") {
  const std::string png = test_image("rgb.png");
  const std::string exif("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);
  const Image upright = decoded(png), turned = decoded(with_chunks(png, chunk_of("eXIf", exif)));
  REQUIRE(turned.width == upright.height);
  REQUIRE(turned.height == upright.width);
  CHECK(turned.row(0)[(turned.width - 1) * 3] == upright.row(0)[0]);
  CHECK(turned.warnings.empty());
}

TEST_CASE("Empty IDAT chunks of a PNG mean nothing, wrong checksums are said, CgBI is named") {
  const std::string png = test_image("rgb.png");
  CHECK(decoded(with_chunks(png, chunk_of("IDAT", ""))).samples == decoded(png).samples);
  std::string damaged = png;
  damaged[30] = static_cast<char>(damaged[30] ^ 1);
  CHECK(warning_of(damaged) ==
        "damaged PNG: the checksum of its IHDR chunk at byte 8 is wrong, pixels may be too");
  std::string cgbi = png;
  CHECK(error_of([&] { decoded(cgbi.insert(8, chunk_of("CgBI", std::string(4, '\0')))); }) ==
        "unsupported PNG: Apple's CgBI form; convert it to a standard PNG first");
}

TEST_CASE("A PNG's gamma, print size and text are written again") {
  const std::string chunks = chunk_of("gAMA", std::string("\0\1\x86\xA0", 4)) +
                             chunk_of("pHYs", std::string("\0\0\x2E\x23\0\0\x2E\x23\1", 9)) +
                             chunk_of("tEXt", std::string("Title\0a portrait", 16));
  const auto written = rfpp::io::encode_png(decoded(with_chunks(test_image("rgb.png"), chunks)));
  const std::string text(written.begin(), written.end());
  CHECK(text.substr(33, chunks.size()) == chunks);
  CHECK(decoded(text).warnings.empty());
}

TEST_CASE("Plain and bit PNM and PAM files are read") {
  using Samples = std::vector<std::uint8_t>;
  CHECK(decoded("P1\n# bits\n3 2\n1 0 1\n011").samples == Samples{0, 255, 0, 255, 0, 0});
  CHECK(decoded("P2 3 1 15\n0 5 15").samples == Samples{0, 85, 255});
  CHECK(decoded("P3 2 1 255\n1 2 3\n4 5 6\n").samples == Samples{1, 2, 3, 4, 5, 6});
  CHECK(decoded("P4 3 2\n\xA0\x60").samples == Samples{0, 255, 0, 255, 0, 0});
  const Image pam =
      decoded("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabcdefgh");
  CHECK(pam.channels == 4);
  CHECK(pam.samples == Samples{'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'});
  CHECK(error_of([] { decoded("P3 9000 9000 255\n1 2"); }) ==
        "truncated PNM: expected 485999999 bytes of samples, found 4");
}

TEST_CASE("BMPs with run lengths or a header of 56 bytes are refused, with a way out") {
  std::string bmp = test_image("rgb.bmp");
  bmp[30] = 1;
  CHECK(error_of([&] { decoded(bmp); }) == "unsupported BMP: run lengths; save it as PNG");
  bmp[14] = 56;
  CHECK(error_of([&] { decoded(bmp); }) ==
        "unsupported BMP: a header of 56 bytes, expected 12, 40, 108 or 124; save it as PNG");
}

TEST_CASE("Forms that are not read are named, with what would read them") {
  const std::string box(4, '\0'), without = ", for which this program was built without ";
  for (const auto& form : {std::pair<std::string, std::string>{"GIF89a", "GIF"},
                           {box + "ftypavif", "AVIF" + without + "libheif"},
                           {box + "ftypheic", "HEIC" + without + "libheif"},
                           {"RIFF1234WEBP", "WebP" + without + "libwebp"},
                           {std::string("II*\0", 4), "TIFF" + without + "libtiff"},
                           {"\xFF\x0A", "JPEG XL"},
                           {"8BPS", "PSD"}}) {
    CHECK(error_of([&] { decoded(form.first); }) ==
          "expected a PNG, JPEG, BMP, PBM, PGM, PPM or PAM image, found " + form.second +
              "; convert it to PNG or JPEG first");
  }
}

TEST_CASE("Photos of 108 and 200 megapixels are within the bounds") {
  rfpp::io::check_size(12000, 9000);
  rfpp::io::check_size(16320, 12240);
  CHECK_FALSE(error_of([] { rfpp::io::check_size(20000, 15000); }).empty());
}

TEST_CASE("A JPEG that lost a byte of its data says so, where it can be known") {
  Image source(96, 96, 3);
  for (std::size_t i = 0; i < source.samples.size(); ++i) {
    const std::size_t x = i / 3 % 96, y = i / 288;
    source.samples[i] =
        static_cast<std::uint8_t>((x / 24 + y / 24) % 2 == 0 ? 250 - i % 7 : 20 + (x * y) % 40);
  }
  const auto encoded = rfpp::io::encode_jpeg(source, 90);
  const std::string file(encoded.begin(), encoded.end());
  CHECK(decoded(file).warnings.empty());
  int said = 0, lost = 0;
  for (std::size_t at = file.find("\xFF\xDA") + 14; at + 2 < file.size(); ++at, ++lost) {
    std::string damaged = file;
    damaged.erase(at, 1);
    const std::string error = error_of([&] { said += decoded(damaged).warnings.empty() ? 0 : 1; });
    said += error.empty() ? 0 : 1;
  }
  INFO(said << " of " << lost << " said");
  REQUIRE(lost > 500);
  CHECK(said > lost / 2);
}

TEST_CASE("BMPs with OS/2's header of 12 bytes have the colors that they have") {
  const auto number = [](std::size_t n, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(n >> 8 * i);
    return text;
  };
  const auto bmp = [&](std::size_t bits, const std::string& palette, const std::string& pixels) {
    const std::size_t offset = 26 + palette.size();
    return "BM" + number(offset + pixels.size(), 4) + number(0, 4) + number(offset, 4) + number(12, 4) +
           number(2, 2) + number(2, 2) + number(1, 2) + number(bits, 2) + palette + pixels;
  };
  using Samples = std::vector<std::uint8_t>;
  // Bottom row first, blue first.
  const Samples colors{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6};
  const std::string direct = std::string("\3\2\1\6\5\4\0\0", 8) + std::string("\x9\x8\x7\xC\xB\xA\0\0", 8);
  CHECK(decoded(bmp(24, "", direct)).samples == colors);
  std::string palette(768, '\0');
  palette.replace(0, 12, "\3\2\1\6\5\4\x9\x8\x7\xC\xB\xA");
  CHECK(decoded(bmp(8, palette, std::string("\0\1\0\0\2\3\0\0", 8))).samples == colors);
}
