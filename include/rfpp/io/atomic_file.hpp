#ifndef RFPP_IO_ATOMIC_FILE_HPP
#define RFPP_IO_ATOMIC_FILE_HPP

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "rfpp/core/error.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// An output file that appears whole or not at all: bytes go to a temporary file in the same folder, commit()
/// renames it. Without commit() the temporary file is removed and an earlier file of that name stays.
class AtomicFile {
 public:
  /// Throws Error when the folder is missing or not writable, or when `path` exists and is not a regular
  /// file.
  explicit AtomicFile(std::filesystem::path path) : path_(std::move(path)), target_(path_) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path_, ignored);
    if (std::filesystem::exists(status)) {
      if (!std::filesystem::is_regular_file(status)) {
        throw Error(path_.string() + ": cannot write: expected a file name, found " +
                    (std::filesystem::is_directory(status) ? "a folder" : "something that is not a file"));
      }
      target_ = std::filesystem::canonical(path_, ignored);  // a link stays, what it points to is replaced
    }
    // "x" refuses an existing file, so the first free number is ours even beside other processes.
    for (int number = 0; file_ == nullptr; ++number) {
      temporary_ = target_.parent_path() / (".rfpp-" + std::to_string(number) + ".tmp");
      file_ = std::fopen(temporary_.c_str(), "wbx");
      if (file_ == nullptr && errno != EEXIST) throw failure(errno);
    }
  }

  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  ~AtomicFile() {
    if (!committed_) discard();
  }

  void write(std::span<const std::byte> bytes) {
    if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size())
      throw failure(errno);
  }

  /// Continues at `offset` bytes from the start of the file.
  void seek(std::uint64_t offset) {
    if (::fseeko(file_, static_cast<off_t>(offset), SEEK_SET) != 0) throw failure(errno);
  }

  /// Puts the file in place; nothing can be written afterwards. The data is handed to the system, not synced.
  void commit() {
    const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!closed || std::rename(temporary_.c_str(), target_.c_str()) != 0) throw failure(errno);
    committed_ = true;
  }

 private:
  Error failure(int error) const {
    return Error(path_.string() + ": cannot write: " + std::generic_category().message(error));
  }

  void discard() {
    if (file_ != nullptr) std::fclose(file_);
    std::remove(temporary_.c_str());
  }

  std::filesystem::path path_, target_, temporary_;
  std::FILE* file_ = nullptr;
  bool committed_ = false;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
