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

/// Finds the chosen faces of each photo and writes them beside it, as --landmarks reads them. A file that is
/// there already, which somebody may have corrected, is an error, or where `skip_existing` is left as it is.
void write_faces(rfpp::FaceDetector& detector, std::vector<std::filesystem::path> photos,
                 const rfpp::detect::FaceChoice& choice, bool skip_existing);

#endif
