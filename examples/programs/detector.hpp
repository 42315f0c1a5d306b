#ifndef RFPP_EXAMPLES_DETECTOR_HPP
#define RFPP_EXAMPLES_DETECTOR_HPP

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"

/// Finds the faces in photos, on the processor. Compiled apart, beside the program.
class Detector {
 public:
  virtual ~Detector() = default;
  virtual std::vector<rfpp::detect::Face> find(const rfpp::io::Image& photo) = 0;
};

/// The detector whose weights are in a file, which is read when the first photo comes. 0 threads are as many
/// as the machine has, 0 as `min_face` is no limit.
std::unique_ptr<Detector> centerface_detector(const std::string& weights, int threads, double min_face);

/// The file of landmarks beside a photo.
std::filesystem::path landmarks_file(const std::filesystem::path& photo);

/// The faces of a file of landmarks, each with the box of its landmarks.
std::vector<rfpp::detect::Face> read_faces(const std::filesystem::path& file);

/// Finds the chosen faces of each photo and writes them beside it, as --landmarks reads them. Throws Error
/// where there is such a file already, which somebody may have corrected.
void write_faces(Detector& detector, const std::vector<std::filesystem::path>& photos,
                 const rfpp::detect::FaceChoice& choice);

#endif
