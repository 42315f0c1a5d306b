#include "rfpp/io/checkpoint.hpp"

#include <sys/stat.h>

#include <optional>
#include <string>

#include "catch.hpp"
#include "io/files.hpp"

using files::error_of;
using rfpp::io::Checkpoint;

TEST_CASE("A file that is not a checkpoint is one line that says what it is") {
  const files::TemporaryFolder folder;
  const auto error = [&](const std::string& content) {
    const auto path = folder.path / "weights.ckpt";
    files::write(path, content);
    const auto message = error_of([&] { Checkpoint::open(path); });
    const std::string start =
        path.string() +
        ": not a checkpoint (expected safetensors, a PyTorch zip file or a PyTorch legacy file; "
        "found ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  CHECK(error("") == "an empty file)");
  CHECK(error("hello") == "text starting with \"hello\")");
  CHECK(error("<!DOCTYPE html>\n<html><head><title>Not found</title>") ==
        "text starting with \"<!DOCTYPE html> <html><head><tit\")");
  CHECK(error("{\"abcdef\":{\"dtype\":1}}").starts_with("text starting with"));
  CHECK(error(std::string("\x89PNG\r\n\x1a\n\0\0\0\0", 12)) == "unknown binary data)");
  CHECK(error("\x80\2}q\1.") == "unknown binary data)");
  CHECK(error(std::string("GGUF\3\0\0\0", 8)) ==
        "GGUF; use the PyTorch or safetensors file it was made from)");
  CHECK(error("\x08\x07\x12\x07pytorch\x1a\x05"
              "1.9.0") == "ONNX; use the PyTorch or safetensors file it was exported from)");
  CHECK(error("weights.pth" + std::string(246, '\0') + "ustar" + std::string(250, '\0')) ==
        "a tar archive; unpack it first)");
  CHECK(error("version https://git-lfs.github.com/spec/v1\noid sha256:0000\n") ==
        "a Git LFS pointer; fetch the file itself with git lfs pull)");
  CHECK(
      error(R"({"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors"}})") ==
      "the index of a model in several files; save it as one)");
  CHECK(error("\x1f\x8b\x08") == "gzip; unpack it first)");
}

TEST_CASE("A path that cannot be read is one line") {
  const files::TemporaryFolder folder;
  const auto path = folder.path.string();
  CHECK(error_of([&] { Checkpoint::open(path); }) == path + ": cannot read: expected a file, found a folder");
  CHECK(error_of([&] { Checkpoint::open(path + "/none"); }) ==
        path + "/none: cannot read: No such file or directory");
  REQUIRE(mkfifo((path + "/pipe").c_str(), 0600) == 0);
  CHECK(error_of([&] { Checkpoint::open(path + "/pipe"); }) ==
        path + "/pipe: cannot read: expected a file, found something else");
}

TEST_CASE("Copies of a checkpoint keep its file mapped") {
  std::optional<Checkpoint> first = Checkpoint::open(RFPP_TEST_DATA "/io/example.safetensors");
  const Checkpoint copy = *first;
  first.reset();
  float value = 0;
  rfpp::io::read_elements(copy.at("scalar"), std::span(&value, 1));
  CHECK(value != 0);
  CHECK(error_of([&] { copy.at("none"); }) == RFPP_TEST_DATA
        "/io/example.safetensors: expected a tensor \"none\", found none");
}
