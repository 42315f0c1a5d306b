#ifndef RFPP_IO_MAPPED_FILE_HPP
#define RFPP_IO_MAPPED_FILE_HPP

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include "rfpp/core/error.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// A whole file, readable as memory for as long as this object lives. The file must not be cut short
/// meanwhile.
class MappedFile {
 public:
  /// Throws Error when `path` is missing, unreadable or not a regular file. An empty file gives no bytes.
  explicit MappedFile(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a named pipe must not wait for its writer.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) throw failure(path, errno);
    struct stat status {};
    const bool known = ::fstat(file, &status) == 0;
    if (!known || !S_ISREG(status.st_mode)) {
      ::close(file);
      throw Error(path.string() + ": cannot read: expected a file, found " +
                  (known && S_ISDIR(status.st_mode) ? "a folder" : "something else"));
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    const int error = errno;
    ::close(file);
    if (address_ == MAP_FAILED) throw failure(path, error);
  }

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  ~MappedFile() {
    if (size_ > 0) ::munmap(address_, size_);
  }

  /// Tells the system that these bytes are not needed soon: they no longer count as this program's memory.
  void release(std::span<const std::byte> bytes) const {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(bytes.data()) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size()) / page * page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(address_), size_}; }

 private:
  static Error failure(const std::filesystem::path& path, int error) {
    return Error(path.string() + ": cannot read: " + std::generic_category().message(error));
  }

  void* address_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
