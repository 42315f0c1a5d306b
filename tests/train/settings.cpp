#include "rfpp/train/settings.hpp"

#include <unistd.h>

#include "faces.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("settings are written and read again") {
  const Folder folder("settings");
  const auto file = folder.path() / "config.json";
  TrainSettings s = settings_named("small", "restorer");
  s.milestones = {5, 6};
  s.rate = 0.1;
  s.recursive = true;
  std::ofstream(file) << nlohmann::json(s);
  const TrainSettings read = read_settings(file);
  CHECK(nlohmann::json(read) == nlohmann::json(s));
  CHECK(read.network == "restoreformer++-medium");
  CHECK(read.objective.component == 0);
  // Those of a run of before there were the choices.
  nlohmann::json old(s);
  old.erase("recursive");
  old.erase("judges_updated");
  old["objective"].erase("batch_statistics");
  old["objective"].erase("color");
  old["objective"].erase("texture");
  std::ofstream(file) << old;
  CHECK(!read_settings(file).recursive);
  CHECK(read_settings(file).judges_updated);
  CHECK(read_settings(file).objective.batch_statistics);
  CHECK(read_settings(file).objective.color == 0);
  CHECK(read_settings(file).objective.texture == 0);
}

TEST_CASE("presets have the published rates") {
  const auto s = settings_named("restoreformer++", "restorer");
  CHECK(s.rate == Approx(7.2e-5));
  CHECK(s.attention_rate == 10);
  CHECK(s.objective.discriminator_start == 10001);
  CHECK(settings_named("paper", "rohqd").rate == 1e-4);
  CHECK(contains(error_of([] { settings_named("large", "rohqd"); }), "large"));
}

TEST_CASE("impossible settings are refused by name") {
  const Folder folder("refused");
  const auto file = folder.path() / "config.json";
  const auto error_for = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json json(settings_named("small", "rohqd"));
    json[key] = value;
    std::ofstream(file) << json;
    return error_of([&] { read_settings(file); });
  };
  CHECK(contains(error_for("stage", "third"), "config.json: setting \"stage\": expected rohqd or restorer"));
  CHECK(contains(error_for("batch", 0), "expected 1 to 4096 faces, found 0"));
  CHECK(contains(error_for("rate", -1), "expected a learning rate, found -1.0"));
  CHECK(contains(error_for("beta2", 1), "\"beta2\""));
  CHECK(contains(error_for("log_every", 0), "\"log_every\""));
  CHECK(contains(error_for("crop", 100), "\"crop\": expected a multiple of 32"));
  CHECK(contains(error_for("rate", "fast"), "expected the settings of a training run"));
  CHECK(contains(error_of([&] { read_settings(folder.path() / "none.json"); }), "found no file"));
}
