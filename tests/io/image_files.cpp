#include "rfpp/io/image_files.hpp"

#include "catch.hpp"
#include "io/files.hpp"

namespace fs = std::filesystem;
using namespace rfpp::io;

namespace {

std::string names_of(const std::vector<fs::path>& paths, const fs::path& folder) {
  std::string names;
  for (const fs::path& path : paths) names += path.lexically_relative(folder).string() + " ";
  return names;
}

const std::string png_like = "\x89PNG\r\n\x1A\n and so on";

}  // namespace

TEST_CASE("Images in a folder are found by their content") {
  const files::TemporaryFolder folder;
  const fs::path& top = folder.path;
  files::write(top / "no_suffix", png_like);
  files::write(top / "photo.jfif", "\xFF\xD8\xFF\xE0 and so on");
  files::write(top / "other.dat", std::string("BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", 18));
  files::write(top / "plain.txt", "P2 1 1 255 7");
  files::write(top / "empty.JPG", "");  // reading it says what is wrong
  files::write(top / "._photo.jpg", png_like);
  files::write(top / ".hidden.png", png_like);
  files::write(top / "photo.landmarks.json", "{}");
  files::write(top / "BMW.txt", "BMW is a maker of cars and of motorcycles");
  files::write(top / "P5.txt", "P5.js draws");
  files::write(top / "clip.webp", std::string("RIFF\0\0\0\0WEBP", 12));
  fs::create_directories(top / "below/deep");
  fs::create_directories(top / "results");
  files::write(top / "below/deep/b.png", png_like);
  files::write(top / "results/b.png", png_like);
  fs::create_directory_symlink(top, top / "below/loop");

  const FolderImages flat = images_in(top);
  CHECK(names_of(flat.images, top) == "empty.JPG no_suffix other.dat photo.jfif plain.txt ");
  CHECK(names_of(flat.left_out, top) == "BMW.txt P5.txt clip.webp ");
  CHECK(names_of(flat.folders, top) == "below results ");
  CHECK(text_of_left_out(flat, top) ==
        "3 files that are no images rfpp reads: BMW.txt, P5.txt, clip.webp; 2 folders: below, results");
  const FolderImages deep = images_in(top, true, top / "results");
  CHECK(names_of(deep.images, top) == "below/deep/b.png empty.JPG no_suffix other.dat photo.jfif plain.txt ");
  CHECK(names_of(deep.folders, top) == "below/loop ");
  CHECK(text_of_left_out({}, top).empty());
}

TEST_CASE("Of many files that are left out, some are named and all counted") {
  FolderImages found;
  for (int i = 10; i < 35; ++i) found.left_out.push_back("top/" + std::to_string(i));
  const std::string text = text_of_left_out(found, "top");
  CHECK(text.starts_with("25 files that are no images rfpp reads: 10, 11, "));
  CHECK(text.ends_with(", 29 and 5 more"));
}
