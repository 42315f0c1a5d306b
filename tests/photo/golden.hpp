#ifndef RFPP_TESTS_PHOTO_GOLDEN_HPP
#define RFPP_TESTS_PHOTO_GOLDEN_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/photo/landmarks.hpp"
#include "rfpp/photo/similarity.hpp"

// Values of the usual face-alignment code on OpenCV: one photo, two faces. Of the crops and the results at
// scale 2 every 4th row is kept, of those at scale 1 every 2nd.
namespace golden {

inline const std::string folder = RFPP_TEST_DATA "/photo/golden_";

inline rfpp::io::Image image(const std::string& name) { return rfpp::io::read_image(folder + name + ".png"); }

inline std::vector<rfpp::photo::Landmarks> landmarks() {
  return rfpp::photo::read_landmarks(folder + "transforms.json");
}

/// The transforms called `name`, "robust" or "least_squares", of both faces.
inline std::vector<rfpp::photo::Affine> transforms(const std::string& name) {
  std::vector<rfpp::photo::Affine> maps;
  const auto json = nlohmann::json::parse(std::ifstream(folder + "transforms.json"));
  for (const auto& m : json[name]) {
    maps.push_back({m[0][0], m[0][1], m[0][2], m[1][0], m[1][1], m[1][2]});
  }
  return maps;
}

inline double distance(const rfpp::photo::Affine& a, const rfpp::photo::Affine& b) {
  return std::max({std::abs(a.xx - b.xx), std::abs(a.xy - b.xy), std::abs(a.x0 - b.x0), std::abs(a.yx - b.yx),
                   std::abs(a.yy - b.yy), std::abs(a.y0 - b.y0)});
}

/// Every `step`-th row of the image is within 1 level of the golden rows for 99.9 % of the samples and
/// nowhere over 2.
inline void check_rows(const rfpp::io::Image& image, const rfpp::io::Image& rows, int step) {
  REQUIRE(image.width == rows.width);
  REQUIRE(image.channels == rows.channels);
  REQUIRE((image.height + step - 1) / step == rows.height);
  std::array<std::size_t, 256> counts{};
  for (int y = 0; y < rows.height; ++y) {
    for (std::size_t i = 0; i < rows.row_size(); ++i) {
      ++counts[static_cast<std::size_t>(std::abs(image.row(y * step)[i] - rows.row(y)[i]))];
    }
  }
  std::size_t most = 255;
  while (most > 0 && counts[most] == 0) --most;
  const double within_1 =
      static_cast<double>(counts[0] + counts[1]) / static_cast<double>(rows.samples.size());
  INFO("within 1 level: " << 100 * within_1 << " %, largest difference " << most);
  CHECK(within_1 >= 0.999);
  CHECK(most <= 2);
}

}  // namespace golden

#endif
