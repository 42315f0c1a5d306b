#ifndef RFPP_IO_EMBEDDED_FILES_HPP
#define RFPP_IO_EMBEDDED_FILES_HPP

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace rfpp::io {
inline namespace v0 {

/// The files that are part of the program, by name; CMake's rfpp_embed_weights puts them there.
inline std::map<std::string, std::span<const std::byte>, std::less<>>& embedded_files() {
  static std::map<std::string, std::span<const std::byte>, std::less<>> files;
  return files;
}

/// The content of one; empty where the program holds none of that name.
inline std::span<const std::byte> embedded_file(std::string_view name) {
  const auto& files = embedded_files();
  const auto found = files.find(name);
  return found == files.end() ? std::span<const std::byte>{} : found->second;
}

/// Makes bytes that last as long as the program known as a file of that name.
struct EmbeddedFile {
  EmbeddedFile(std::string name, std::span<const std::byte> content) {
    embedded_files().insert_or_assign(std::move(name), content);
  }
};

}  // namespace v0
}  // namespace rfpp::io

#endif
