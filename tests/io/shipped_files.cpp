#include "rfpp/io/shipped_files.hpp"

#include <cstdlib>

#include "catch.hpp"
#include "io/files.hpp"

namespace fs = std::filesystem;
using namespace rfpp::io;

TEST_CASE("Files that come with the library are found in the first folder that has them") {
  const files::TemporaryFolder folder;
  const fs::path first = folder.path / "first", second = folder.path / "second";
  fs::create_directories(first / "net.safetensors");  // a folder is no file
  fs::create_directories(second);
  files::write(second / "net.safetensors", "here");
  CHECK(find_file("net.safetensors", {folder.path / "none", first, second}) == second / "net.safetensors");
  CHECK(find_file("other.safetensors", {first, second}).empty());
  CHECK(list_of({first, second}) == first.string() + ", " + second.string());
}

TEST_CASE("The folder that RFPP_WEIGHTS_DIR names comes first, the source tree last") {
  const fs::path beside = fs::read_symlink("/proc/self/exe").parent_path();
  const std::vector<fs::path> around{beside, beside / "weights", beside.parent_path() / "share/rfpp"};
  unsetenv("RFPP_WEIGHTS_DIR");
  CHECK(shipped_folders() == around);
  setenv("RFPP_WEIGHTS_DIR", "", 1);
  CHECK(shipped_folders() == around);
  setenv("RFPP_WEIGHTS_DIR", "/named", 1);
  const auto folders = shipped_folders("/source");
  unsetenv("RFPP_WEIGHTS_DIR");
  REQUIRE(folders.size() == 5);
  CHECK(folders.front() == "/named");
  CHECK(folders.back() == "/source");
}
