#ifndef RFPP_IO_IMAGE_FILES_HPP
#define RFPP_IO_IMAGE_FILES_HPP

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "rfpp/io/codec.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// Whether a file begins as images do that read_image reads: PNG, JPEG, BMP, PNM, PAM, or
/// what codecs were added for.
inline bool begins_as_image(const std::filesystem::path& path) {
  std::array<char, 16> bytes{};
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), bytes.size());
  const std::string_view head(bytes.data(), static_cast<std::size_t>(file.gcount()));
  if (head.starts_with("\x89PNG\r\n\x1A\n") || head.starts_with("\xFF\xD8\xFF")) return true;
  if (codec_for(std::as_bytes(std::span(head))) != nullptr) return true;
  if (head.size() < 3) return false;
  if (head[0] == 'P' && head[1] >= '1' && head[1] <= '7')
    return head[2] == '#' || std::isspace(static_cast<unsigned char>(head[2])) != 0;
  // Text can begin with BM, but not go on with a BMP header's size below 256.
  return head.starts_with("BM") && head.size() == 16 && head[15] == 0 && head[14] >= 12;
}

/// Whether a name says that the file is an image that read_image reads.
inline bool named_as_image(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  for (const ImageCodec& codec : image_codecs())
    if (std::ranges::find(codec.extensions, extension) != codec.extensions.end()) return true;
  return std::ranges::any_of(
      std::array{".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".pbm", ".pgm", ".ppm", ".pnm", ".pam"},
      [&](const char* known) { return extension == known; });
}

/// What is in a folder; each in order of name.
struct FolderImages {
  std::vector<std::filesystem::path> images;
  std::vector<std::filesystem::path> left_out;  ///< files that are no images
  std::vector<std::filesystem::path> folders;   ///< that were not entered
};

/// The images in a folder, by their content: whatever begins as an image, and what only its name calls one,
/// so that reading it says what is wrong. Hidden files (so also the ._ sidecars of macOS), landmark files and
/// the folder `except` are passed over; folders within are entered where `recursive`, links to folders never.
inline FolderImages images_in(const std::filesystem::path& folder, bool recursive = false,
                              const std::filesystem::path& except = {}) {
  namespace fs = std::filesystem;
  FolderImages found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || name.ends_with(".landmarks.json")) continue;
    if (entry.is_directory(ignored)) {
      if (!except.empty() && fs::equivalent(entry.path(), except, ignored)) continue;
      if (!recursive || entry.is_symlink(ignored)) {
        found.folders.push_back(entry.path());
        continue;
      }
      const FolderImages within = images_in(entry.path(), true, except);
      found.images.insert(found.images.end(), within.images.begin(), within.images.end());
      found.left_out.insert(found.left_out.end(), within.left_out.begin(), within.left_out.end());
      found.folders.insert(found.folders.end(), within.folders.begin(), within.folders.end());
    } else if (entry.is_regular_file(ignored) && (named_as_image(name) || begins_as_image(entry.path()))) {
      found.images.push_back(entry.path());
    } else {
      found.left_out.push_back(entry.path());
    }
  }
  for (auto* list : {&found.images, &found.left_out, &found.folders}) std::ranges::sort(*list);
  return found;
}

/// "3 files that are no images: a.txt, b.webp, c" with paths below `folder`; "" where nothing was left out.
inline std::string text_of_left_out(const FolderImages& found, const std::filesystem::path& folder) {
  constexpr std::size_t most_names = 20;
  std::string text;
  const auto add = [&](const std::vector<std::filesystem::path>& list, const char* one, const char* many) {
    if (list.empty()) return;
    text += (text.empty() ? "" : "; ") + std::to_string(list.size()) + (list.size() == 1 ? one : many);
    for (std::size_t i = 0; i < std::min(list.size(), most_names); ++i)
      text += (i == 0 ? ": " : ", ") + list[i].lexically_relative(folder).string();
    if (list.size() > most_names) text += " and " + std::to_string(list.size() - most_names) + " more";
  };
  add(found.left_out, " file that is no image rfpp reads", " files that are no images rfpp reads");
  add(found.folders, " folder", " folders");
  return text;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
