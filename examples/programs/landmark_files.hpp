#ifndef RFPP_PROGRAMS_LANDMARK_FILES_HPP
#define RFPP_PROGRAMS_LANDMARK_FILES_HPP

#include <filesystem>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/restorer/services.hpp"

/// The file of landmarks beside a photo.
std::filesystem::path landmarks_file(const std::filesystem::path& photo);

/// The faces of a file of landmarks, each with the box of its landmarks.
std::vector<rfpp::detect::Face> read_faces(const std::filesystem::path& file);

/// Finds the chosen faces of each photo and writes them beside it, as --landmarks reads them. Throws Error
/// where there is such a file already, which somebody may have corrected.
void write_faces(rfpp::FaceDetector& detector, const std::vector<std::filesystem::path>& photos,
                 const rfpp::detect::FaceChoice& choice);

#endif
