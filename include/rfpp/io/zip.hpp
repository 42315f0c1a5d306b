#ifndef RFPP_IO_ZIP_HPP
#define RFPP_IO_ZIP_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"
#include "rfpp/io/byte_reader.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The stored (not compressed) entries of a zip archive in memory, as PyTorch writes them; zip64 included.
/// Nothing is copied, checksums are not verified. Format: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
class ZipArchive {
 public:
  /// Reads the central directory. Throws Error when it is missing or damaged or names an entry twice.
  explicit ZipArchive(std::span<const std::byte> bytes) : bytes_(bytes) {
    const auto [offset, count] = find_directory();
    ByteReader reader(bytes_, offset);
    for (std::uint64_t i = 0; i < count; ++i) read_entry(reader);
  }

  /// The name up to and including the last slash of the first entry that is called `file` in some folder.
  std::string_view folder_of(std::string_view file) const {
    for (const auto& [name, entry] : entries_) {
      const auto slash = name.rfind('/');
      if (slash != name.npos && name.substr(slash + 1) == file) return name.substr(0, slash + 1);
    }
    throw Error("expected a PyTorch file, found a zip archive without " + std::string(file) +
                "; unpack it first");
  }

  bool contains(const std::string& name) const { return entries_.contains(name); }

  /// The bytes of an entry. Throws Error when it is missing, compressed, encrypted or reaches beyond the
  /// file.
  std::span<const std::byte> at(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) throw Error("zip entry " + name + " is missing");
    const Entry& entry = found->second;
    if (entry.encrypted || entry.method != 0) {
      throw Error("zip entry " + name +
                  " is compressed or encrypted, expected stored bytes; write it again with torch.save");
    }
    ByteReader reader(bytes_, entry.header);
    if (reader.get<std::uint32_t>() != 0x04034b50) throw Error("zip entry " + name + " has no local header");
    reader.take(22);
    const auto name_bytes = reader.get<std::uint16_t>();
    const auto extra_bytes = reader.get<std::uint16_t>();
    reader.take(std::uint64_t{name_bytes} + extra_bytes);
    return reader.take(entry.size);
  }

 private:
  struct Entry {
    bool encrypted;
    std::uint16_t method;
    std::uint64_t size, header;
  };
  struct Directory {
    std::uint64_t offset, count;
  };

  /// The end-of-central-directory record is the last thing in the file but for a comment.
  Directory find_directory() const {
    constexpr std::size_t record_bytes = 22;
    const std::size_t longest = std::min(bytes_.size(), record_bytes + 0xffff);
    const std::string_view tail = as_text(bytes_.last(longest));
    const auto record = tail.substr(0, longest - std::min(longest, record_bytes - 4)).rfind("PK\5\6");
    if (record == tail.npos) throw Error("truncated: zip archive without its directory");
    const std::size_t end = bytes_.size() - longest + record;

    // A locator in front of it leads to the zip64 record, which then has the real numbers.
    if (end >= 20 && as_text(bytes_.subspan(end - 20, 4)) == "PK\6\7") {
      ByteReader locator(bytes_, end - 12);
      ByteReader record64(bytes_, locator.get<std::uint64_t>());
      if (record64.get<std::uint32_t>() != 0x06064b50) throw Error("zip64 directory record is missing");
      record64.take(28);
      const auto count = record64.get<std::uint64_t>();
      record64.take(8);
      return {record64.get<std::uint64_t>(), count};
    }
    ByteReader reader(bytes_, end + 10);
    const auto count = reader.get<std::uint16_t>();
    reader.take(4);
    return {reader.get<std::uint32_t>(), count};
  }

  void read_entry(ByteReader& reader) {
    if (reader.get<std::uint32_t>() != 0x02014b50) throw Error("zip directory is damaged");
    reader.take(4);
    const bool encrypted = (reader.get<std::uint16_t>() & 1U) != 0;
    const auto method = reader.get<std::uint16_t>();
    reader.take(8);
    reader.get<std::uint32_t>();  // compressed size: equals the size of a stored entry
    Entry entry{encrypted, method, reader.get<std::uint32_t>(), 0};
    const auto name_bytes = reader.get<std::uint16_t>();
    const auto extra_bytes = reader.get<std::uint16_t>();
    const auto comment_bytes = reader.get<std::uint16_t>();
    reader.take(8);
    entry.header = reader.get<std::uint32_t>();
    const auto name = as_text(reader.take(name_bytes));
    read_zip64_extra(ByteReader(reader.take(extra_bytes)), extra_bytes, entry);
    reader.take(comment_bytes);
    if (!entries_.emplace(name, entry).second)
      throw Error("zip entry " + std::string(name) + " appears twice");
  }

  /// Numbers that did not fit 32 bits are all ones in the entry and follow, in order, in the extra field 1.
  static void read_zip64_extra(ByteReader reader, std::size_t bytes, Entry& entry) {
    while (bytes - reader.position() >= 4) {
      const auto field = reader.get<std::uint16_t>();
      ByteReader content(reader.take(reader.get<std::uint16_t>()));
      if (field != 1) continue;
      constexpr std::uint64_t elsewhere = 0xffffffff;
      // Uncompressed size, compressed size, offset; for stored entries both sizes overflow together.
      if (entry.size == elsewhere) {
        entry.size = content.get<std::uint64_t>();
        content.take(8);
      }
      if (entry.header == elsewhere) entry.header = content.get<std::uint64_t>();
    }
  }

  std::span<const std::byte> bytes_;
  std::map<std::string_view, Entry> entries_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
