// Files as downloads, cards and editors break them, in ten ways each, with numbers from a fixed seed.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "io/images.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

using files::text_of;
using rfpp::io::Image;

namespace {

/// A file in parts that can be exchanged: a PNG's chunks, a JPEG's segments (a scan with its data), else
/// blocks of 512 bytes.
using Parts = std::vector<std::string>;

Parts parts_of(const std::string& file) {
  const auto number = [&](std::size_t at, std::size_t size) {
    return rfpp::io::load_number(files::bytes_of(file), at, size);
  };
  const bool png = file.starts_with("\x89PNG"), jpeg = file.starts_with("\xFF\xD8");
  Parts parts{file.substr(0, png ? 8 : jpeg ? 2 : 64)};
  for (std::size_t at = parts[0].size(), end = 0; at < file.size(); at = end) {
    if (png) {
      end = at + 12 + number(at, 4);
    } else if (jpeg) {
      const auto marker = static_cast<unsigned char>(file[at + 1]);
      end = marker == 0xD9 ? file.size() : at + 2 + number(at + 2, 2);
      if (marker == 0xDA) end = rfpp::io::next_jpeg_marker(files::bytes_of(file), end) - 1;
    } else {
      end = std::min(at + 512, file.size());
    }
    parts.push_back(file.substr(at, end - at));
  }
  return parts;
}

std::string joined(const Parts& parts) {
  std::string file;
  for (const std::string& part : parts) file += part;
  return file;
}

class Mangler {
 public:
  static constexpr const char* ways[] = {
      "cut",          "a bit flipped", "bits flipped",    "a run of zeros", "bytes lost",
      "bytes put in", "parts swapped", "a part repeated", "a part lost",    "the end of another file"};

  std::string operator()(std::size_t way, std::string file, const std::string& other) {
    const auto where = [&](std::size_t size) {
      return std::uniform_int_distribution<std::size_t>(0, size - 1)(random_);
    };
    const std::size_t at = where(file.size()),
                      length = 1 + where(std::min<std::size_t>(64, file.size() - at));
    if (way == 0) return file.substr(0, at);
    if (way == 1 || way == 2) {
      for (std::size_t i = 0; i < (way == 1 ? 1U : 20U); ++i) {
        char& byte = file[way == 1 ? at : where(file.size())];
        byte = static_cast<char>(byte ^ (1 << where(8)));
      }
      return file;
    }
    if (way == 3) return file.replace(at, length, length, '\0');
    if (way == 4) return file.erase(at, length);
    if (way == 5) {
      std::string noise(length, '\0');
      for (char& byte : noise) byte = static_cast<char>(where(256));
      return file.insert(at, noise);
    }
    if (way == 9) return file.substr(0, at) + other.substr(where(other.size()));
    Parts parts = parts_of(file);
    const std::size_t first = where(parts.size()), second = where(parts.size());
    if (way == 6) std::swap(parts[first], parts[second]);
    if (way == 7) parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(second), parts[first]);
    if (way == 8) parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(first));
    return joined(parts);
  }

 private:
  std::mt19937 random_{7};
};

/// RGB with edges, ramps and noise.
Image scene(int width, int height) {
  std::mt19937 random(3);
  Image image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width * 3; ++x)
      image.row(y)[x] =
          static_cast<std::uint8_t>((x * y / 90 + (x / 60 % 2) * 90 + static_cast<int>(random() % 16)) % 256);
  return image;
}

/// A PNG with its image data in chunks of 1000 bytes, as libpng makes them of 8192.
std::string in_small_chunks(const rfpp::io::Bytes& png) {
  Parts parts = parts_of(text_of(png));
  Parts small;
  for (const std::string& part : parts) {
    if (part.substr(4, 4) != "IDAT") {
      small.push_back(part);
      continue;
    }
    for (std::size_t at = 8; at < part.size() - 4; at += 1000) {
      const std::string data = part.substr(at, std::min<std::size_t>(1000, part.size() - 4 - at));
      const rfpp::io::Bytes bytes(data.begin(), data.end());
      small.push_back(text_of(rfpp::io::png_chunk("IDAT", bytes)));
    }
  }
  return joined(small);
}

}  // namespace

TEST_CASE("Files mangled in ten ways are read or refused, in no time, and PNGs never change without a word") {
  const char* asked = std::getenv("RFPP_MANGLED_FILES");  // of each kind in each way
  const int count = asked != nullptr ? std::atoi(asked) : 25;
  const Image image = scene(150, 130);
  const std::string folder = RFPP_TEST_DATA "/io/images/";
  const std::vector<std::string> sources{
      text_of(rfpp::io::encode_jpeg(image, 85)), files::read(folder + "progressive.jpg"),
      files::read(folder + "orientation_6.jpg"), in_small_chunks(rfpp::io::encode_png(image)),
      files::read(folder + "interlaced.png"),    files::read(folder + "icc.png"),
      files::read(folder + "rgb.bmp"),           files::read(folder + "rgb16.ppm")};
  Mangler mangled;
  int silent = 0, jpegs = 0;
  for (std::size_t way = 0; way < std::size(Mangler::ways); ++way) {
    for (std::size_t k = 0; k < sources.size(); ++k) {
      const Image whole = rfpp::io::decode_image(files::bytes_of(sources[k]));
      for (int i = 0; i < count; ++i) {
        const std::string file = mangled(way, sources[k], sources[(k + 3) % sources.size()]);
        INFO("source " << k << ", " << Mangler::ways[way] << ", file " << i);
        const auto start = std::chrono::steady_clock::now();
        Image read;
        const std::string error =
            files::error_of([&] { read = rfpp::io::decode_image(files::bytes_of(file)); });
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
        const bool said = !error.empty() || !read.warnings.empty() || read.samples == whole.samples;
        if (sources[k].starts_with("\x89PNG")) CHECK(said);
        if (way == 0) CHECK(said);
        if (sources[k].starts_with("\xFF\xD8")) ++jpegs, silent += said ? 0 : 1;
      }
    }
  }
  // A JPEG has no checksums: a bit flipped in a coefficient, or tables exchanged, may leave it a right one.
  INFO(silent << " of " << jpegs << " JPEGs changed without a word");
  CHECK(silent * 3 < jpegs);
}
