#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "io/files.hpp"
#include "rfpp/io/checkpoint.hpp"

using namespace rfpp::io;
using namespace std::string_literals;

namespace {

std::string little_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
  return text;
}

/// A zip archive of stored entries, as torch.save writes them, without checksums.
std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const std::string length = little_endian(name.size(), 2);
    directory += "PK\1\2" + std::string(16, '\0') + little_endian(content.size(), 4) +
                 little_endian(content.size(), 4) + length + std::string(12, '\0') +
                 little_endian(file.size(), 4) + name;
    file += "PK\3\4" + std::string(22, '\0') + length + "\0\0"s + name + content;
  }
  return file + directory + "PK\5\6" + std::string(6, '\0') + little_endian(entries.size(), 2) +
         little_endian(directory.size(), 4) + little_endian(file.size(), 4) + "\0\0"s;
}

/// Pickle of a tensor of two elements in the storage of that class, module and key.
std::string stored_tensor(const std::string& storage, const std::string& key, const std::string& rest = "") {
  return "ctorch._utils\n_rebuild_tensor_v" + (rest.empty() ? "2"s : "3"s) + "\n((U\7storagec" + storage +
         "\nU\1" + key + "U\3cpuK\2tQK\0(K\2t(K\1t\x89N"s + rest + "tR";
}

}  // namespace

TEST_CASE("Tensors of types that are not read are listed, and leave the others readable") {
  const std::string pickle = "\x80\2}(U\6weight" + stored_tensor("torch\nFloatStorage", "0") + "U\7complex" +
                             stored_tensor("torch\nComplexFloatStorage", "1") + "U\tquantized" +
                             stored_tensor("torch\nQUInt8Storage", "2") + "U\6float8" +
                             stored_tensor("torch.storage\nUntypedStorage", "3", "ctorch\nfloat8_e4m3fn\n") +
                             "U\6sparsectorch._utils\n_rebuild_sparse_tensor\n(K\1tRu.";
  const std::string file = zip_of({{"archive/data.pkl", pickle},
                                   {"archive/data/0", "\0\0\x80\x3F\0\0\0\x40"s},
                                   {"archive/data/1", std::string(16, '\0')},
                                   {"archive/data/2", "\1\2"s},
                                   {"archive/data/3", "\1\2"s}});
  const auto checkpoint = Checkpoint::parse(files::bytes_of(file), "w");
  REQUIRE(checkpoint.tensors().size() == 1);
  std::vector<float> values(2);
  read_elements(checkpoint.at("weight"), std::span(values));
  CHECK(values == std::vector<float>{1, 2});
  CHECK(checkpoint.unread() == std::map<std::string, std::string>{{"complex", "ComplexFloatStorage"},
                                                                  {"quantized", "QUInt8Storage"},
                                                                  {"float8", "UntypedStorage"}});
}
