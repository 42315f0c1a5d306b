#include "rfpp/io/safetensors.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "io/checkpoints.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/safetensors_writer.hpp"

using files::elements;
using files::error_for;
using files::expected;
using namespace rfpp::io;
using files::error_of;
using Shape = std::vector<std::int64_t>;

namespace {

std::string safetensors(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

/// Why a header over eight bytes of data is refused.
std::string header_error(const std::string& header) { return error_for(safetensors(header, "12345678")); }

}  // namespace

TEST_CASE("A safetensors file is read with its metadata, in file order") {
  const auto checkpoint = Checkpoint::open(RFPP_TEST_DATA "/io/example.safetensors");
  CHECK(checkpoint.format() == "safetensors");
  CHECK(checkpoint.metadata() == std::map<std::string, std::string>{{"format", "pt"}, {"note", "caf\u00e9"}});
  REQUIRE(checkpoint.tensors().size() == 6);
  CHECK(checkpoint.tensors()[1].name == "weight");

  CHECK(checkpoint.at("weight").shape == Shape{2, 3, 2, 2});
  CHECK(elements(checkpoint.at("weight")) == expected("weight", 24));
  CHECK(checkpoint.at("scalar").shape.empty());
  CHECK(elements(checkpoint.at("scalar")) == expected("scalar", 1));
  CHECK(checkpoint.at("half").dtype == DType::float16);
  CHECK(elements(checkpoint.at("half")) == expected("half", 3));
  CHECK(elements(checkpoint.at("double")) == expected("double", 2));
  CHECK(checkpoint.at("empty").shape == Shape{0, 4});
  CHECK(elements(checkpoint.at("empty")).empty());
  CHECK(checkpoint.find("Weight") == nullptr);
}

TEST_CASE("What the writer writes reads back") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "out.safetensors";
  std::vector<float> weight(5000);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = 0.1F * static_cast<float>(i);
  const std::vector<std::int32_t> indices = {-1, 2, 1 << 30};
  const std::vector<double> doubles = {0.1};
  const std::vector<std::uint8_t> pixels = {0, 255};

  SafetensorsWriter writer(path,
                           {{"pixels", DType::uint8, {2}},
                            {"half", DType::float16, {50, 100}},
                            {"weight", DType::float32, {10, 5, 10, 10}},
                            {"indices", DType::int32, {3}},
                            {"double", DType::float64, {}},
                            {"empty", DType::float32, {0, 3}}},
                           {{"model", "\"tiny\"\n"}});
  writer.write_bytes("indices", std::as_bytes(std::span(indices)));
  writer.write("half", weight);
  writer.write("weight", weight);
  writer.write_bytes("double", std::as_bytes(std::span(doubles)));
  writer.write_bytes("pixels", std::as_bytes(std::span(pixels)));
  writer.write("empty", {});
  writer.commit();

  const auto checkpoint = Checkpoint::open(path);
  CHECK(checkpoint.metadata() == std::map<std::string, std::string>{{"model", "\"tiny\"\n"}});
  CHECK(checkpoint.at("weight").shape == Shape{10, 5, 10, 10});
  CHECK(elements(checkpoint.at("weight")) == std::vector<double>(weight.begin(), weight.end()));
  std::vector<double> rounded;
  for (const float value : weight) rounded.push_back(Float16(value));
  CHECK(elements(checkpoint.at("half")) == rounded);
  CHECK(elements(checkpoint.at("indices")) == std::vector<double>(indices.begin(), indices.end()));
  CHECK(elements(checkpoint.at("double")) == doubles);
  CHECK(elements(checkpoint.at("pixels")) == std::vector<double>(pixels.begin(), pixels.end()));
  CHECK(checkpoint.at("empty").shape == Shape{0, 3});
  const std::string text = files::read(path);
  CHECK(static_cast<unsigned char>(text[0]) % 8 == 0);
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    CAPTURE(name);
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.data.data()) % dtype_size(tensor.dtype) == 0);
  }
}

TEST_CASE("An empty safetensors file is two braces, and blanks up to a cache line") {
  const files::TemporaryFolder folder;
  SafetensorsWriter(folder.path / "out", {}).commit();
  CHECK(files::read(folder.path / "out") == safetensors("{}" + std::string(54, ' '), ""));
  const auto checkpoint = Checkpoint::open(folder.path / "out");
  CHECK(checkpoint.tensors().empty());
}

TEST_CASE("The writer refuses what would give a damaged file and leaves nothing behind") {
  const files::TemporaryFolder folder;
  const auto path = folder.path / "out";
  const std::vector<float> two = {1, 2};
  const auto error = [&](const std::vector<TensorInfo>& tensors, const std::string& name) {
    const auto message = error_of([&] {
      SafetensorsWriter writer(path, tensors);
      writer.write(name, two);
      writer.commit();
    });
    CHECK(folder.file_count() == 0);
    return message.substr(std::min(message.size(), path.string().size()));
  };
  const DType f32 = DType::float32;
  CHECK(error({{"a", f32, {3}}}, "a") == ": cannot write tensor \"a\": found 8 bytes, expected 12");
  CHECK(error({{"a", f32, {2}}}, "b") == ": cannot write tensor \"b\": found a name that was not announced");
  CHECK(error({{"a", DType::int32, {2}}}, "a") ==
        ": cannot write tensor \"a\": found float32 elements for dtype I32");
  CHECK(error({{"a", f32, {2}}, {"b", f32, {2}}}, "a") == ": cannot write tensor \"b\": found no elements");
  CHECK(error({{"a", f32, {2}}, {"a", f32, {2}}}, "a") ==
        ": cannot write: tensor name \"a\" is reserved or used twice");
  CHECK(error({{"__metadata__", f32, {2}}}, "a") ==
        ": cannot write: tensor name \"__metadata__\" is reserved or used twice");
  CHECK(error({{"\xff", f32, {2}}}, "\xff") == ": cannot write: a tensor name or metadata text is not UTF-8");
}

TEST_CASE("Header fields that do not fit the data are refused") {
  const std::string good = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  REQUIRE(header_error(good).empty());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string header = good;
    return header_error(header.replace(header.find(from), from.size(), to));
  };
  CHECK(with("\"F32\"", "7") == "w: tensor \"a\": expected a string \"dtype\"");
  CHECK(with("[2]", "[3]") == "w: tensor \"a\": shape (3) of F32 takes 12 bytes, data_offsets span 8");
  CHECK(with("[2]", "[-2]") == "w: tensor \"a\": expected whole numbers in \"shape\"");
  CHECK(with("[2]", "[2.0]") == "w: tensor \"a\": expected whole numbers in \"shape\"");
  CHECK(with("[2]", "[18446744073709551615]") == "w: tensor \"a\": expected whole numbers in \"shape\"");
  CHECK(with("[2]", "[4611686018427387904,4611686018427387904]") ==
        "w: tensor \"a\": tensor too large: shape (4611686018427387904, 4611686018427387904)");
  CHECK(with("[2]", "2") == "w: tensor \"a\": expected a list \"shape\"");
  CHECK(with("[0,8]", "[8,0]") == "w: tensor \"a\": expected data_offsets [begin, end]");
  CHECK(with("[0,8]", "[0]") == "w: tensor \"a\": expected data_offsets [begin, end]");
  CHECK(with("[0,8]", "[4,12]") == "w: tensor \"a\": truncated: data up to byte 12 expected, 8 bytes found");
  CHECK(with("\"shape\"", "\"form\"") == "w: tensor \"a\": expected a list \"shape\"");
  CHECK(with("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}", "[]") ==
        "w: tensor \"a\": expected an object with dtype, shape and data_offsets");
}

TEST_CASE("Tensors cover the data without holes or overlaps") {
  const auto two = [](const std::string& first, const std::string& second) {
    const std::string head = R"({"dtype":"U8","shape":[4],"data_offsets":)";
    return header_error("{\"a\":" + head + first + "},\"b\":" + head + second + "}}");
  };
  CHECK(two("[4,8]", "[0,4]").empty());
  CHECK(two("[0,4]", "[3,7]") == "w: tensor \"b\" leaves a hole or overlaps another");
  CHECK(two("[1,5]", "[4,8]") == "w: tensor \"a\" leaves a hole or overlaps another");
  CHECK(header_error(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})") ==
        "w: safetensors data of 8 bytes, its tensors end at byte 4");
}

TEST_CASE("Headers that are not JSON objects of tensors are refused") {
  CHECK(header_error("{\"a\":") == "w: safetensors header is not valid JSON at its byte 6");
  CHECK(header_error("{\"a\xff\":1}") == "w: safetensors header is not valid JSON at its byte 4");
  CHECK(header_error("{\"a\":1e999}") == "w: safetensors header is not valid JSON");
  CHECK(header_error("{\"a\":1,\"a\":2}") == "w: safetensors header has \"a\" twice");
  CHECK(header_error(R"({"a":{"dtype":"F32","dtype":"F64"}})") ==
        "w: safetensors header has \"dtype\" twice");
  CHECK(header_error("{\"a\":" + std::string(100'000, '[')) == "w: safetensors header nests too deep");
  CHECK(header_error(R"({"a":{"b":{}}})") == "w: safetensors header nests too deep");
  CHECK(header_error(R"({"__metadata__":{"a":1}})") ==
        "w: safetensors data of 8 bytes, its tensors end at byte 0");
  CHECK(header_error(R"({"__metadata__":null})") ==
        "w: safetensors data of 8 bytes, its tensors end at byte 0");
  CHECK(header_error(R"({"__metadata__":1})") == "w: safetensors __metadata__ is not an object");
}

TEST_CASE("Every truncation of a safetensors file is an error") {
  const std::string file = files::read(RFPP_TEST_DATA "/io/example.safetensors");
  REQUIRE(error_for(file).empty());
  for (std::size_t length = 0; length < file.size(); ++length) {
    const auto message = error_for(file.substr(0, length));
    REQUIRE(message.starts_with("w: "));
    REQUIRE(message.find('\n') == std::string::npos);
  }
  CHECK(error_for(file.substr(0, 100)).starts_with("w: truncated: "));
  CHECK(error_for(std::string("\0\xe1\xf5\5\1\0\0\0{", 9)) ==
        "w: not a checkpoint (expected safetensors, a "
        "PyTorch zip file or a PyTorch legacy file; found "
        "unknown binary data)");
  CHECK(error_for(std::string("\1\xe1\xf5\5\0\0\0\0{", 9)) ==
        "w: safetensors header of 100000001 bytes, expected at most 100 MB");
}

TEST_CASE("Safetensors of other element types are listed and leave the others readable") {
  std::string header =
      R"({"__metadata__":{"step":2400},"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},)"
      R"("b":{"dtype":"U16","shape":[1],"data_offsets":[2,4]},)"
      R"("c":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
  const std::string file = static_cast<char>(header.size()) + std::string(7, '\0') + header +
                           std::string("\0\0\0\0\0\0\x80\x3F", 8);
  REQUIRE(header.size() < 256);
  const auto contents = rfpp::io::read_safetensors(std::as_bytes(std::span(file)));
  REQUIRE(contents.tensors.size() == 1);
  CHECK(contents.tensors[0].name == "c");
  CHECK(contents.unread == std::map<std::string, std::string>{{"a", "F8_E4M3"}, {"b", "U16"}});
  CHECK(contents.metadata.at("step") == "2400");
}
