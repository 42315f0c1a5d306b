#include "rfpp/train/data.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {
std::string error_of_csv(const Folder& folder, const std::string& text) {
  std::ofstream(folder.path() / "faces.csv") << text;
  ThreadPool pool(1);
  return error_of([&] { Dataset::open(folder.path(), Split::train, 32, pool); });
}
}  // namespace

TEST_CASE("a folder of faces is read as its table says") {
  const Folder folder("data");
  write_faces(folder.path(), 8, 64);
  ThreadPool pool(2);
  const auto train = Dataset::open(folder.path(), Split::train, 64, pool);
  const auto validation = Dataset::open(folder.path(), Split::validation, 64, pool);
  REQUIRE(train.size() == 6);
  REQUIRE(validation.size() == 2);
  CHECK(validation.face(1).file.filename() == "7.png");
  CHECK(std::ranges::equal(validation.pixels(1), picture(7, 64).samples));
  CHECK(validation.face(0).components->right_eye.half == 7);
  const auto half = Dataset::open(folder.path(), Split::train, 32, pool);
  CHECK(half.pixels(0).size() == 32 * 32 * 3);
  CHECK(half.face(0).components->mouth.y == 24);
}

TEST_CASE("without a table every twentieth face is for validation") {
  const Folder folder("found");
  for (int i = 10; i < 50; ++i) io::write_image(folder.path() / (std::to_string(i) + ".png"), picture(i, 8));
  ThreadPool pool(1);
  CHECK(Dataset::open(folder.path(), Split::train, 8, pool).size() == 38);
  const auto validation = Dataset::open(folder.path(), Split::validation, 8, pool);
  REQUIRE(validation.size() == 2);
  CHECK(validation.face(0).file.filename() == "29.png");
}

TEST_CASE("what is wrong with a folder of faces is said") {
  const Folder folder("wrong");
  CHECK(contains(error_of_csv(folder, ""), "expected a line of column names"));
  CHECK(
      contains(error_of_csv(folder, "file,split\na.png\n"), "faces.csv: line 2: expected 2 cells, found 1"));
  CHECK(contains(error_of_csv(folder, "file,split\na.png,test\n"),
                 "expected a split of train or val, found \"test\""));
  CHECK(contains(error_of_csv(folder, "file\na.png\n"), "expected a column \"split\""));
  CHECK(contains(error_of_csv(folder, "file,split\na.png,val\n"), "expected faces for training, found none"));
  CHECK(contains(error_of_csv(folder, "file,split\na.png,train\n"), "a.png"));
  io::write_image(folder.path() / "wide.png", io::Image(8, 4, 3));
  CHECK(contains(error_of_csv(folder, "file,split\nwide.png,train\n"),
                 "expected a square color image, found 8x4"));
  CHECK(contains(error_of_csv(folder, "file,split,mouth_box_cx,left_eye_box_cx\na.png,train,1,x\n"),
                 "expected a number in column \"left_eye_box_cx\", found \"x\""));
  ThreadPool pool(1);
  CHECK(contains(error_of([&] { Dataset::open(folder.path() / "none", Split::train, 8, pool); }),
                 "expected a folder of aligned faces"));
}

TEST_CASE("a few faces are enough: the last is for validation; one is too few") {
  const Folder folder("few");
  ThreadPool pool(1);
  io::write_image(folder.path() / "a.png", picture(1, 8));
  CHECK(contains(error_of([&] { Dataset::open(folder.path(), Split::train, 8, pool); }),
                 "expected two faces or more, one of them for validation, found one"));
  for (const char* name : {"b.png", "c.png"}) io::write_image(folder.path() / name, picture(1, 8));
  CHECK(Dataset::open(folder.path(), Split::train, 8, pool).size() == 2);
  const auto validation = Dataset::open(folder.path(), Split::validation, 8, pool);
  REQUIRE(validation.size() == 1);
  CHECK(validation.face(0).file.filename() == "c.png");
}

TEST_CASE("gray faces among color ones are taken as RGB, what cannot be read is left out and said") {
  const Folder folder("mixed");
  io::Image gray(8, 8, 2);
  for (std::size_t i = 0; i < gray.samples.size(); ++i) gray.samples[i] = static_cast<std::uint8_t>(i);
  io::write_image(folder.path() / "a.png", gray);
  std::ofstream(folder.path() / "b.jpg") << "no image";
  io::write_image(folder.path() / "c.png", picture(3, 8));
  io::write_image(folder.path() / "d.png", io::Image(8, 4, 3));
  io::write_image(folder.path() / "e.png", picture(5, 8));
  ThreadPool pool(2);
  const auto data = Dataset::open(folder.path(), Split::train, 8, pool);
  REQUIRE(data.size() == 2);
  for (std::size_t i = 0; i < 64 * 3; ++i) REQUIRE(data.pixels(0)[i] == i / 3 * 2);
  CHECK(data.face(1).file.filename() == "c.png");
  CHECK(std::ranges::equal(data.pixels(1), picture(3, 8).samples));
  REQUIRE(data.failures().size() == 2);
  CHECK(contains(data.failures()[0], "b.jpg"));
  CHECK(contains(data.failures()[1], "d.png: expected a square color image, found 8x4"));
}

TEST_CASE("a table with a byte order mark, blanks and carriage returns is read") {
  const Folder folder("bom");
  io::write_image(folder.path() / "a.png", picture(1, 8));
  std::ofstream(folder.path() / "faces.csv") << "\xEF\xBB\xBF"
                                             << "file, split\r\na.png, train\r\n";
  ThreadPool pool(1);
  CHECK(Dataset::open(folder.path(), Split::train, 8, pool).size() == 1);
  CHECK(contains(error_of_csv(folder,
                              "\xFF\xFE"
                              "f"),
                 "faces.csv: expected UTF-8, found UTF-16"));
}

TEST_CASE("faces in folders of the folder are taken where asked for, but not those of a run") {
  const Folder folder("nested");
  int number = 0;
  for (const char* name : {"ann/0.png", "ann/1.png", "bob/old/2.png", "run/samples/3.png"}) {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    io::write_image(folder.path() / name, picture(number++, 8));
  }
  ThreadPool pool(1);
  const std::string error =
      error_of([&] { Dataset::open(folder.path(), Split::train, 8, pool, false, folder.path() / "run"); });
  CHECK(contains(error,
                 "expected faces, found none, but 2 folders: ann, bob; give one of those, take all with "
                 "--recursive"));
  const auto open = [&](Split split) {
    return Dataset::open(folder.path(), split, 8, pool, true, folder.path() / "run");
  };
  const auto train = open(Split::train), validation = open(Split::validation);
  REQUIRE(train.size() == 2);
  CHECK(train.face(1).file == folder.path() / "ann/1.png");
  CHECK(std::ranges::equal(train.pixels(1), picture(1, 8).samples));
  REQUIRE(validation.size() == 1);
  CHECK(std::ranges::equal(validation.pixels(0), picture(2, 8).samples));
}

TEST_CASE("a face of a damaged file is taken with a word") {
  const Folder folder("damaged");
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) io::write_image(folder.path() / name, picture(1, 64));
  const auto cut = folder.path() / "b.jpg";
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 2);
  ThreadPool pool(2);
  const auto data = Dataset::open(folder.path(), Split::train, 64, pool);
  REQUIRE(data.size() == 2);
  CHECK(std::ranges::equal(data.pixels(1), data.pixels(0)));
  CHECK(data.failures().empty());
  REQUIRE(data.warnings().size() == 1);
  CHECK(data.warnings()[0] ==
        cut.string() + ": warning: truncated JPEG: no end marker, 100% of the picture is there");
}
