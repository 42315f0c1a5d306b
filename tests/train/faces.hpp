#ifndef RFPP_TESTS_TRAIN_FACES_HPP
#define RFPP_TESTS_TRAIN_FACES_HPP

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "rfpp/io/image_write.hpp"

namespace rfpp::test {

/// A folder that is removed at the end.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("rfpp-test-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A smooth picture of side x side; every number gives another.
inline io::Image picture(int number, int side) {
  io::Image image(side, side, 3);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      for (int c = 0; c < 3; ++c)
        image.row(y)[3 * x + c] =
            static_cast<std::uint8_t>(128 + 60 * std::sin(0.1 * x * (1 + number % 3) + c) +
                                      60 * std::cos(0.07 * y * (1 + number % 5) + number));
  return image;
}

/// faces.csv and images/<k>.png; every fourth is for validation.
inline void write_faces(const std::filesystem::path& folder, int count, int side) {
  std::filesystem::create_directories(folder / "images");
  std::ofstream csv(folder / "faces.csv");
  csv << "file,split,left_eye_box_cx,left_eye_box_cy,left_eye_box_half,right_eye_box_cx,right_eye_box_cy,"
         "right_eye_box_half,mouth_box_cx,mouth_box_cy,mouth_box_half\n";
  for (int i = 0; i < count; ++i) {
    io::write_image(folder / "images" / (std::to_string(i) + ".png"), picture(i, side));
    csv << i << ".png," << (i % 4 == 3 ? "val" : "train") << ",20,24,6,44,25,7,32,48,9\n";
  }
}

}  // namespace rfpp::test

#endif
