#ifndef RFPP_IO_SHIPPED_FILES_HPP
#define RFPP_IO_SHIPPED_FILES_HPP

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "rfpp/core/config.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The folders where files that come with the library are looked for, the first to have one first: what the
/// environment variable RFPP_WEIGHTS_DIR names, beside the program and in `weights` there, in share/rfpp of
/// the installation that the program belongs to, and in `source_tree`, which a build may know; "" is none.
inline std::vector<std::filesystem::path> shipped_folders(const std::filesystem::path& source_tree = {}) {
  std::vector<std::filesystem::path> folders;
  if (const char* named = std::getenv("RFPP_WEIGHTS_DIR"); named != nullptr && *named != '\0')
    folders.emplace_back(named);
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (!unknown) {
    const std::filesystem::path beside = program.parent_path();
    folders.insert(folders.end(), {beside, beside / "weights", beside.parent_path() / "share" / "rfpp"});
  }
  if (!source_tree.empty()) folders.push_back(source_tree);
  return folders;
}

/// The first file of that name in the folders; "" where none has it.
inline std::filesystem::path find_file(std::string_view name,
                                       const std::vector<std::filesystem::path>& folders) {
  for (const std::filesystem::path& folder : folders) {
    std::error_code ignored;
    if (std::filesystem::path file = folder / name; std::filesystem::is_regular_file(file, ignored))
      return file;
  }
  return {};
}

/// "a, b, c", for an error about a file that is in none of them.
inline std::string list_of(const std::vector<std::filesystem::path>& folders) {
  std::string text;
  for (const std::filesystem::path& folder : folders) text += (text.empty() ? "" : ", ") + folder.string();
  return text;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
