#include "rfpp/io/atomic_file.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "catch.hpp"
#include "io/files.hpp"

using files::bytes_of;
using files::error_of;
using rfpp::io::AtomicFile;

TEST_CASE("An output file appears on commit") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "out.bin";
  {
    AtomicFile file(path);
    file.write(bytes_of("....world"));
    file.seek(0);
    file.write(bytes_of("hell"));
    CHECK_FALSE(std::filesystem::exists(path));
    file.commit();
  }
  CHECK(files::read(path) == "hellworld");
  CHECK(folder.file_count() == 1);
}

TEST_CASE("Without a commit nothing changes") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "out.bin";
  files::write(path, "before");
  {
    AtomicFile file(path), other(path);
    file.write(bytes_of("after"));
    CHECK(folder.file_count() == 3);
  }
  CHECK(files::read(path) == "before");
  CHECK(folder.file_count() == 1);
}

TEST_CASE("A link stays and what it points to is replaced") {
  const files::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path / "elsewhere");
  files::write(folder.path / "elsewhere" / "real", "before");
  std::filesystem::create_symlink("elsewhere/real", folder.path / "link");
  AtomicFile file(folder.path / "link");
  file.write(bytes_of("after"));
  file.commit();
  CHECK(std::filesystem::is_symlink(folder.path / "link"));
  CHECK(files::read(folder.path / "elsewhere" / "real") == "after");
}

TEST_CASE("Places that cannot be written to are one clear line") {
  const files::TemporaryFolder folder;
  const auto path = folder.path.string();
  CHECK(error_of([&] { AtomicFile file(path); }) ==
        path + ": cannot write: expected a file name, found a folder");
  CHECK(error_of([&] { AtomicFile file(path + "/none/out.bin"); }) ==
        path + "/none/out.bin: cannot write: No such file or directory");
  CHECK(error_of([&] { AtomicFile file("/dev/null"); }) ==
        "/dev/null: cannot write: expected a file name, found something that is not a file");
}

TEST_CASE("A write that fails midway leaves no file") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "out.bin";
  // A limit on the size of files stands in for a full disk.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small{10'000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const bool at_once = GENERATE(true, false);
  const auto message = error_of([&] {
    AtomicFile file(path);
    const std::string text(at_once ? 100'000 : 1'000, 'x');
    for (int i = 0; i < 11; ++i) file.write(bytes_of(text));
    file.commit();
  });
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  CHECK(message == path.string() + ": cannot write: File too large");
  CHECK(folder.file_count() == 0);
}
