#include "rfpp/train/checkpoint.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/train/initialize.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {
std::vector<NamedParameter> parameters(const auto& model) {
  std::vector<NamedParameter> list;
  name_parameters(list, "model.", model);
  return list;
}
}  // namespace

TEST_CASE("a checkpoint gives back every bit, and says what does not fit") {
  const Folder folder("checkpoint");
  const auto file = folder.path() / "checkpoint.safetensors";
  Conv2d<conv3x3(3, 4)> a, b;
  Conv2d<conv3x3(3, 5)> wider;
  initialize(a, 1);
  initialize(b, 2);
  initialize(wider, 3);
  save_checkpoint(file, parameters(a), {{"state", "7"}});
  const auto checkpoint = io::Checkpoint::open(file);
  load_checkpoint(checkpoint, file, parameters(b));
  CHECK(same_bits(a.weight.raw(), b.weight.raw()));
  CHECK(same_bits(a.bias, b.bias));
  CHECK(checkpoint.metadata().at("state") == "7");
  CHECK(contains(error_of([&] { load_checkpoint(checkpoint, file, parameters(wider)); }),
                 "model.weight: expected shape (5, 3, 3, 3), found (4, 3, 3, 3)"));
}

TEST_CASE("NaN is never saved over a good checkpoint") {
  const Folder folder("nan");
  const auto file = folder.path() / "checkpoint.safetensors";
  Conv2d<conv3x3(3, 4)> model;
  initialize(model, 1);
  save_checkpoint(file, parameters(model), {});
  const auto before = std::filesystem::last_write_time(file);
  model.bias.data()[1] = NAN;
  CHECK(contains(error_of([&] { save_checkpoint(file, parameters(model), {}); }), "model.bias holds NaN"));
  CHECK(std::filesystem::last_write_time(file) == before);
}

TEST_CASE("weights that fit are taken, the others stay") {
  const Folder folder("matching");
  const auto file = folder.path() / "weights.safetensors";
  Conv2d<conv3x3(3, 4)> a;
  Conv2d<conv3x3(3, 4)> same;
  UnbiasedConv2d<conv3x3(3, 5)> none;
  initialize(a, 1);
  initialize(same, 2);
  initialize(none, 3);
  io::save_parameters(a, file);
  CHECK(load_matching(same, file).empty());
  CHECK(same_bits(a.bias, same.bias));
  CHECK(contains(error_of([&] { load_matching(none, file); }),
                 "expected weights to start from, found none that fit"));
}
