#include "rfpp/io/torch_checkpoint.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "io/checkpoints.hpp"
#include "rfpp/io/checkpoint.hpp"

using files::elements;
using files::error_for;
using files::expected;
using namespace rfpp::io;
using files::error_of;
using Shape = std::vector<std::int64_t>;
using namespace std::string_literals;

namespace {

/// A legacy file around the pickle of an object; `rest` holds the pickled keys and the storages.
std::string legacy(const std::string& object, const std::string& rest = "].") {
  return "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3.\x80\2}.\x80\2"s + object + "." + rest;
}

/// Pickle of a tensor of the float storage "0" that holds `count` elements.
std::string tensor(const std::string& offset, const std::string& shape, const std::string& strides,
                   const std::string& count = "K\4", const std::string& view = "N") {
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\0010U\3cpu"s + count + view +
         "tQ" + offset + "(" + shape + "t(" + strides + "t\x89NtR";
}

/// The key and the four floats 1, 2, 3, 4 of that storage.
const std::string four = "]U\0010a.\4\0\0\0\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@"s;

std::string object_error(const std::string& object) { return error_for(legacy(object, four)); }

}  // namespace

TEST_CASE("A Lightning checkpoint gives its nested tensors and nothing else") {
  const auto checkpoint = Checkpoint::open(RFPP_TEST_DATA "/io/lightning.ckpt");
  CHECK(checkpoint.format() == "PyTorch zip");
  CHECK(checkpoint.metadata().empty());
  std::vector<std::string> names;
  for (const auto& [name, view] : checkpoint.tensors()) names.push_back(name);
  CHECK(names == std::vector<std::string>{
                     "optimizer_states.0.state.0.exp_avg", "state_dict.vqvae.encoder.conv_in.weight",
                     "state_dict.vqvae.encoder.conv_in.bias", "state_dict.vqvae.first_half",
                     "state_dict.vqvae.second_half", "state_dict.vqvae.empty", "state_dict.loss.num"});
  const auto& weight = checkpoint.at("state_dict.vqvae.encoder.conv_in.weight");
  CHECK(weight.dtype == DType::float32);
  CHECK(weight.shape == Shape{4, 3, 3, 3});
  CHECK(elements(weight) == expected("weight", 108));
  CHECK(elements(checkpoint.at("state_dict.vqvae.encoder.conv_in.bias")) == expected("bias", 4));
  auto halves = elements(checkpoint.at("state_dict.vqvae.first_half"));
  const auto second = elements(checkpoint.at("state_dict.vqvae.second_half"));
  halves.insert(halves.end(), second.begin(), second.end());
  CHECK(halves == expected("shared", 24));
  CHECK(checkpoint.at("state_dict.vqvae.empty").shape == Shape{0, 3});
  CHECK(checkpoint.at("state_dict.loss.num").dtype == DType::int64);
  CHECK(checkpoint.at("state_dict.loss.num").shape.empty());
}

TEST_CASE("Half-precision views of one storage are read through their strides; zip64 archives too") {
  const auto checkpoint = Checkpoint::open(RFPP_TEST_DATA "/io/half.pth");
  const auto values = expected("weight", 24);
  CHECK(elements(checkpoint.at("params_ema.weight")) == values);
  const auto& view = checkpoint.at("params_ema.view");
  CHECK(view.dtype == DType::float16);
  const auto permuted = elements(view);
  std::vector<float> channels_last(24);
  read_channels_last(view, std::span(channels_last));
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 2; ++b) {
      for (std::size_t c = 0; c < 4; ++c) {
        REQUIRE(permuted[(a * 2 + b) * 4 + c] == values[(b * 3 + a) * 4 + c]);
        REQUIRE(channels_last[(a * 4 + c) * 2 + b] == static_cast<float>(values[(b * 3 + a) * 4 + c]));
      }
    }
  }
  CHECK(elements(checkpoint.at("params_ema.expanded")) ==
        std::vector<double>{values[6], values[7], values[8], values[6], values[7], values[8]});
}

TEST_CASE("All element types are read, from a newer pickle protocol") {
  const auto checkpoint = Checkpoint::open(RFPP_TEST_DATA "/io/dtypes.pth");
  const std::vector<std::pair<std::string, DType>> kinds = {
      {"Double", DType::float64},    {"Float", DType::float32}, {"Half", DType::float16},
      {"BFloat16", DType::bfloat16}, {"Long", DType::int64},    {"Int", DType::int32},
      {"Short", DType::int16},       {"Char", DType::int8},     {"Byte", DType::uint8},
      {"Bool", DType::boolean}};
  REQUIRE(checkpoint.tensors().size() == kinds.size());
  for (const auto& [name, dtype] : kinds) {
    CAPTURE(name);
    auto values = expected(name, 6);
    for (double& value : values) {
      if (dtype >= DType::int64) value = std::trunc(value);
      if (dtype == DType::uint8 && value < 0) value += 256;
      if (dtype == DType::boolean) value = value != 0;
    }
    CHECK(checkpoint.at(name).dtype == dtype);
    CHECK(elements(checkpoint.at(name)) == values);
  }
}

TEST_CASE("A legacy file gives tensors, parameters and views of storages") {
  const auto checkpoint = Checkpoint::open(RFPP_TEST_DATA "/io/legacy.pth");
  CHECK(checkpoint.format() == "PyTorch legacy");
  REQUIRE(checkpoint.tensors().size() == 3);
  CHECK(checkpoint.at("conv.weight").shape == Shape{2, 2, 3, 3});
  CHECK(elements(checkpoint.at("conv.weight")) == expected("conv.weight", 36));
  CHECK(elements(checkpoint.at("conv.bias")) == expected("conv.bias", 2));
  const auto part = expected("part", 8);
  CHECK(elements(checkpoint.at("part")) == std::vector<double>(part.begin() + 2, part.begin() + 6));
}

TEST_CASE("A legacy file may hold a bare tensor, a list, or Python 2's OrderedDict") {
  const auto load = [](const std::string& object, const std::string& name) {
    const std::string file = legacy(object, four);
    const auto checkpoint = Checkpoint::parse(files::bytes_of(file), "w");
    return elements(checkpoint.at(name));
  };
  const std::string two = tensor("K\1", "K\2", "K\1");
  const std::vector<double> values = {2, 3};
  CHECK(load(two, "") == values);
  CHECK(load("](N" + two + "e", "1") == values);
  CHECK(load("ccollections\nOrderedDict\n]](U\1a" + two + "ea\x85R", "a") == values);
  CHECK(load("}(I123456789012\n" + two + "u", "123456789012") == values);
}

TEST_CASE("Parameters are the tensors that they were made of, however they were saved") {
  const std::string inner = tensor("K\1", "K\2", "K\1");
  const std::string arguments = inner.substr(inner.find("(("));  // of _rebuild_tensor_v2
  const std::string rebuild = "ctorch._utils\n_rebuild_tensor_v2\n";
  const std::string attributes = "}(U\3tagK\1u"s;
  const std::string parameter = GENERATE_COPY(
      "ctorch._utils\n_rebuild_parameter\n(" + inner + "\x88}tR",
      "ctorch._utils\n_rebuild_parameter_with_state\n(" + inner + "\x88}" + attributes + "tR",
      "ctorch._tensor\n_rebuild_from_type_v2\n(" + rebuild + "ctorch.nn.parameter\nParameter\n" +
          arguments.substr(0, arguments.size() - 1) + attributes + "tR");
  CAPTURE(parameter);
  const std::string file = legacy("}(U\1a" + parameter + "U\1b" + tensor("K\0"s, "K\1", "K\1") + "u", four);
  const auto checkpoint = Checkpoint::parse(files::bytes_of(file), "w");
  REQUIRE(checkpoint.tensors().size() == 2);
  CHECK(elements(checkpoint.at("a")) == std::vector<double>{2, 3});
  CHECK(elements(checkpoint.at("b")) == std::vector<double>{1});
  const std::string nested = "ctorch._tensor\n_rebuild_from_type_v2\n";
  CHECK(error_for(legacy(nested + "(" + nested + "N(NNNt}tR")).starts_with("w: expected dicts"));
}

TEST_CASE("A pickle of protocol 1 is read, one of protocol 0 is named") {
  // As pickle writes {"a": tensor} without PROTO; protocol 0 spells the storage out as a line of text.
  const auto file_of = [](const std::string& object) {
    return "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.M\xe9\3.}."s + object + "." + four;
  };
  const std::string one = file_of("}q\0U\1aq\1"s + tensor("K\1", "K\2", "K\1") + "s");
  const auto checkpoint = Checkpoint::parse(files::bytes_of(one), "w");
  CHECK(elements(checkpoint.at("a")) == std::vector<double>{2, 3});
  const std::string named =
      "w: a pickle of protocol 0, expected 1 to 5; write it again with torch.save, without "
      "pickle_protocol=0";
  CHECK(error_for(file_of("(dp0\nVa\np1\nctorch._utils\n_rebuild_tensor_v2\np2\n(P('storage', '0')\n")) ==
        named);
  CHECK(error_for(file_of("cos\nsystem\np0\n")) == named);
  CHECK(error_for(file_of("\x80\2(dp0\n")).starts_with("w: damaged pickle: unsupported opcode 112"));
}

TEST_CASE("Classes and calls are never more than names") {
  const std::string value = GENERATE(
      // os.system("echo") by REDUCE, NEWOBJ, NEWOBJ_EX, INST, OBJ, and by a name from the stack
      "cos\nsystem\nU\4echo\x85R"s, "cos\nsystem\nU\4echo\x85\x81"s, "cos\nsystem\n)}\x92"s,
      "(U\4echoios\nsystem\n"s, "(cos\nsystem\nU\4echoo"s, "U\2osU\6system\x93U\4echo\x85R"s,
      // instances that are given a state, items, pairs and members
      "cos\nsystem\n)R}b"s, "cos\nsystem\n)R(K\1K\2e"s, "cos\nsystem\n)R(K\1K\2u"s, "cos\nsystem\n)RK\1a"s,
      "\x8f(K\1\x90"s, "(K\1\x91"s,
      // other types, and an unknown persistent id
      "G\0\0\0\0\0\0\0\0"s, "C\2xy"s, "\x96\2\0\0\0\0\0\0\0xy"s,
      "\x8a\x9"
      "123456789"s,
      "U\6modulecos\nsystem\n\x86Q"s);
  CAPTURE(value);
  // As a value, and as a key.
  const std::string file =
      legacy("}(U\1x" + value + value + "K\0U\1t"s + tensor("K\0"s, "K\4", "K\1") + "u", four);
  const auto checkpoint = Checkpoint::parse(files::bytes_of(file), "w");
  REQUIRE(checkpoint.tensors().size() == 1);
  CHECK(elements(checkpoint.at("t")) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("Tensors that reach outside of their storage are refused") {
  REQUIRE(object_error(tensor("K\0"s, "K\4", "K\1")).empty());
  CHECK(object_error(tensor("K\1", "K\4", "K\1")) ==
        "w: tensor \"\": shape (4) needs 20 bytes, its storage holds 16");
  CHECK(object_error(tensor("K\0"s, "K\2", "K\4")) ==
        "w: tensor \"\": shape (2) needs 20 bytes, its storage holds 16");
  CHECK(object_error(tensor("K\3", "K\2", "J\xff\xff\xff\xff")) ==
        "w: tensor \"\": invalid strides (-1) or offset 3 for shape (2)");
  CHECK(object_error(tensor("J\xff\xff\xff\xff", "K\2", "K\1")) ==
        "w: tensor \"\": invalid strides (1) or offset -1 for shape (2)");
  CHECK(object_error(tensor("K\0"s, "K\2K\2", "K\1")) ==
        "w: tensor \"\": invalid strides (1) or offset 0 for shape (2, 2)");
  CHECK(object_error(tensor("K\0"s, "K\5", "K\1", "K\5")) ==
        "w: tensor \"\": its storage needs 20 bytes, the file holds 16");
  CHECK(object_error(tensor("K\0"s, "K\2", "K\1", "K\4", "(U\1vK\3K\2t")) ==
        "w: tensor \"\": its storage needs 20 bytes, the file holds 16");
  CHECK(object_error(tensor("K\0"s, "K\2", "K\1", "K\4", "(U\1vJ\xff\xff\xff\xffK\2t")) ==
        "w: tensor \"\": its storage needs 4 bytes, the file holds 16");
  const std::string large = "\x8a\x8\0\0\0\0\0\0\0\4"s;  // 2^58
  CHECK(object_error(tensor("K\0"s, "K\2", large)).ends_with("its storage holds 16"));
  CHECK(object_error(tensor("K\0"s, "K\1" + large + large, "K\0K\0K\0"s))
            .starts_with("w: tensor \"\": tensor too large"));
  CHECK(object_error(tensor("K\0"s, large, "K\0"s)).ends_with("is larger than the file"));
  CHECK(object_error(tensor("K\0"s, "M\xe8\3", "K\0"s)) ==
        "w: tensor \"\": shape (1000) is larger than the file");
}

TEST_CASE("Damaged pickles are refused") {
  const auto damaged = [](const std::string& object) {
    return object_error(object).starts_with("w: damaged pickle: ");
  };
  for (const std::string& object :
       {"("s,     "a"s,          "]a"s,   "]K\1(a"s, "t"s,      "e"s,
        "}K\1e"s, "}(K\1u"s,     "\x86"s, "R"s,      "Q"s,      "0"s,
        "1"s,     "2"s,          "b"s,    "q\1"s,    "h\7"s,    "j\xff\xff\xff\xff"s,
        "\x93"s,  "K\1K\1\x93"s, "\xff"s, "S'a'\n"s, "\x80\6"s, "Ix\n"s,
        "I\n"s}) {
    CAPTURE(object);
    CHECK(damaged(object));
  }
  CHECK(damaged("ctorch._utils\n_rebuild_tensor_v2\n)R"));
  CHECK(damaged(tensor("N", "K\4", "K\1")));
  CHECK(damaged(tensor("K\0"s, "K\4", "K\1", "N")));
  CHECK(damaged(tensor("K\0"s, "K\4", "K\1", "J\xff\xff\xff\xff")));
  CHECK(damaged("ccollections\nOrderedDict\n]K\1a\x85R"));
  CHECK(error_for(legacy("ctorch._utils\n_rebuild_tensor_v2\n(K\0K\0K\0K\0tR"s))
            .starts_with("w: tensor \"\": damaged pickle: expected a storage"));
  CHECK(object_error(tensor("K\0"s, "N", "K\1")).starts_with("w: tensor \"\": damaged pickle: "));
  CHECK(object_error("(U\7storagectorch\nComplexFloatStorage\nU\0010U\3cpuK\1tQ") ==
        "w: unsupported storage torch.ComplexFloatStorage");
  CHECK(error_for(legacy("}")) ==
        "w: expected dicts of tensors, found none (pickled modules and TorchScript would have to be run); "
        "save the "
        "module's state_dict() instead");
  const std::string item = "U\1a" + tensor("K\0"s, "K\4", "K\1");
  CHECK(object_error("}(" + item + item + "u") == "w: two tensors are named \"a\"");
}

TEST_CASE("Small files cannot ask for much memory or time") {
  // A memo entry with a huge index is one entry.
  CHECK(object_error(tensor("K\0"s, "K\4", "K\1") + "r\xff\xff\xff\xff").empty());
  CHECK(object_error("X\xff\xff\xff\xff").starts_with("w: truncated: "));
  CHECK(object_error("\x8d\xff\xff\xff\xff\xff\xff\xff\xff").starts_with("w: truncated: "));
  CHECK(object_error("cnever ends").starts_with("w: truncated: "));
  // A dict in itself, a list in itself, nesting without end.
  CHECK(error_for(legacy("}q\1U\1ah\1s")) == "w: dicts nest deeper than 32 levels");
  CHECK(error_for(legacy("]q\1h\1a")) == "w: dicts nest deeper than 32 levels");
  CHECK(error_for(legacy(std::string(100'000, ']') + std::string(99'999, 'a'))) ==
        "w: dicts nest deeper than 32 levels");
  CHECK(object_error(std::string(100'000, '(')).starts_with("w: damaged pickle: "));
  // Each level holds the level below twice.
  std::string laughs = tensor("K\0"s, "K\4", "K\1");
  for (int level = 0; level < 30; ++level) laughs += "2\x86";
  CHECK(object_error(laughs) == "w: its dicts expand to more than 64 times the pickle's size");
  // One long key for many entries.
  std::string keys = "}(U\xff" + std::string(255, 'k') + "q\1N";
  for (int i = 0; i < 3000; ++i) keys += "h\1N";
  CHECK(error_for(legacy(keys + "u")) == "w: its dicts expand to more than 64 times the pickle's size");
  // One long list as the shape of many tensors.
  CHECK(object_error(tensor("K\0"s, std::string(100, 'N'), "K\1"))
            .ends_with("100 dimensions, expected at most 64"));
  // One list of pairs turned into a dict again and again.
  std::string copies = "](";
  for (int i = 0; i < 3000; ++i) copies += "](NNe";
  copies += "e\x85q\1";
  for (int i = 0; i < 3000; ++i) copies += "ccollections\nOrderedDict\nh\1R";
  CHECK(object_error(copies).starts_with("w: damaged pickle: more than 1000000 pairs"));
}

TEST_CASE("Legacy files with a damaged frame are refused") {
  const std::string object = tensor("K\0"s, "K\4", "K\1");
  REQUIRE(error_for(legacy(object, four)).empty());
  CHECK(error_for(legacy(object)) == "w: tensor \"\": storage 0 is missing");
  CHECK(error_for(legacy(object, "]U\0011a.")) == "w: storage 1 has no element type");
  CHECK(error_for(legacy(object, "]U\0010a.\4\0\0"s)).starts_with("w: truncated: "));
  CHECK(
      error_for(legacy(object, "]U\0010a.\xff\xff\xff\xff\xff\xff\xff\xff"s)).starts_with("w: truncated: "));
  CHECK(error_for(legacy(object, "]U\0010a.\xff\xff\xff\xff\xff\xff\xff\x7f"s)) ==
        "w: tensor too large: its size overflows 64 bits");
  std::string big_endian = legacy(object, four);
  big_endian.replace(big_endian.find("}."), 1, "}U\x0dlittle_endian\x89s");
  CHECK(error_for(big_endian) == "w: expected little-endian data, found big-endian");
  std::string version = legacy(object, four);
  version.replace(version.find("M\xe9\3"), 3, "M\xea\3");
  CHECK(error_for(version) == "w: expected PyTorch protocol version 1001");
  std::string types = "]" + object + "a";
  types += tensor("K\0"s, "K\4", "K\1").replace(types.find("Float") - 1, 5, "Int") + "a";
  CHECK(error_for(legacy(types, four)) == "w: storage 0 has two element types");
}

TEST_CASE("Zip archives that PyTorch would not write are refused") {
  const std::string good = files::read(RFPP_TEST_DATA "/io/dtypes.pth");
  REQUIRE(error_for(good).empty());
  // Name fields come 46 bytes into a directory entry, the flags at 8, the method at 10, the local offset
  // at 42.
  const std::size_t entry = good.rfind("archive/data/3") - 46;
  const auto with = [&](std::size_t offset, char value) {
    std::string file = good;
    file[entry + offset] = value;
    return error_for(file);
  };
  CHECK(with(10, 8) ==
        "w: tensor \"Long\": zip entry archive/data/3 is compressed or encrypted, expected stored bytes; "
        "write it again with torch.save");
  CHECK(with(8, 1) ==
        "w: tensor \"Long\": zip entry archive/data/3 is compressed or encrypted, expected stored bytes; "
        "write it again with torch.save");
  CHECK(with(42, 9) == "w: tensor \"Long\": zip entry archive/data/3 has no local header");
  CHECK(with(44, 9).starts_with("w: tensor \"Long\": truncated: "));
  CHECK(with(27, 1).starts_with("w: tensor \"Long\": truncated: "));
  CHECK(with(24, 4) == "w: tensor \"Long\": its storage needs 48 bytes, the file holds 4");
  CHECK(with(46 + 13, '4') == "w: zip entry archive/data/4 appears twice");
  CHECK(with(46 + 13, 'x') == "w: tensor \"Long\": zip entry archive/data/3 is missing");
  CHECK(with(0, 'x') == "w: zip directory is damaged");
  std::string file = good;
  CHECK(error_for(file.replace(file.find("little"), 6, "big   ")) ==
        "w: expected little-endian data, found big-endian");
  file = good;
  for (std::size_t at = 0; (at = file.find("data.pkl", at)) != file.npos;) file[at] = 'x';
  CHECK(error_for(file) ==
        "w: expected a PyTorch file, found a zip archive without data.pkl; unpack it first");
  CHECK(error_for(good.substr(0, good.size() - 30)) == "w: truncated: zip archive without its directory");
  CHECK(error_for(good + "a comment").empty());
}

TEST_CASE("Truncated or altered files give an error or sound tensors") {
  const std::string name = GENERATE("lightning.ckpt", "half.pth", "dtypes.pth", "legacy.pth");
  const std::string good = files::read(RFPP_TEST_DATA "/io/"s + name);
  for (std::size_t length = 0; length < good.size(); ++length) {
    const auto message = error_for(good.substr(0, length));
    REQUIRE(message.starts_with("w: "));
    REQUIRE(message.find('\n') == std::string::npos);
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bit : {0, 4, 7}) {
      std::string altered = good;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      const auto message = error_of([&] {
        const auto checkpoint = Checkpoint::parse(files::bytes_of(altered), "w");
        for (const auto& [key, view] : checkpoint.tensors()) {
          REQUIRE(elements(view).size() * dtype_size(view.dtype) <= good.size());
        }
      });
      REQUIRE((message.empty() || message.starts_with("w: ")));
    }
  }
}
