#include "rfpp/degrade/log.hpp"

#include <string>

#include "rfpp/degrade/presets.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using namespace rfpp::degrade;

TEST_CASE("a log gives back what was drawn, bit for bit") {
  std::string log;
  std::vector<LogEntry> entries;
  for (const Preset& preset : presets::all)
    for (std::uint64_t i = 0; i < 100; ++i) {
      entries.push_back({"face " + std::to_string(i) + ".png", draw(preset, ~i, i << 33, 512, 640)});
      log += to_line(entries.back());
    }
  const auto read = parse_log(log);
  REQUIRE(read.size() == entries.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].image == entries[i].image);
    CHECK(read[i].degradation == entries[i].degradation);
  }
}

TEST_CASE("every stage can be logged") {
  Degradation d;
  d.flip = d.gray = true;
  d.shift = Shift{3, 1, 2};
  d.color_jitter = ColorJitter{1, -2, 0.1};
  d.stages = {Blur{KernelShape::plateau, 7, 1, 2, 3, 4},
              Haze{0.5},
              degrade::Downsample{1.5},
              Resize{3, 4},
              GaussianNoise{5, {1, 2, 3}},
              PoissonNoise{6, {4, 5, 6}},
              Jpeg{7},
              Gray{},
              ColorJitter{8, 9, 10}};
  d.uneven = {SquareRegion{1, 2, 3}, {Jpeg{50}}};
  CHECK(parse_degradation(to_json(d)) == d);
  CHECK(parse_log(to_line({"\xff", d})).at(0).degradation == d);  // names that are not UTF-8 do not stop it
}

TEST_CASE("an empty log has no entries, empty lines are skipped, unknown keys ignored") {
  CHECK(parse_log("").empty());
  CHECK(parse_log("\n  \r\n").empty());
  CHECK(parse_log("\n{\"image\": \"a\", \"stages\": [], \"comment\": 1}").size() == 1);
}

TEST_CASE("what is not a log is refused with its line and key") {
  const auto message = [](const std::string& text) { return error_of([&] { parse_log("\n" + text); }); };
  CHECK(contains(message("text"), "line 2: expected a JSON object, found no JSON"));
  CHECK(contains(message("[1]"), "expected a JSON object, found array"));
  CHECK(contains(message("{}"), "\"stages\""));
  CHECK(contains(message(R"({"stages": []})"), "\"image\""));
  CHECK(contains(message(R"({"stages": [], "image": 1})"), "\"image\""));
  CHECK(contains(message(R"({"stages": [1]})"), "stages[0]: expected \"stage\""));
  CHECK(contains(message(R"({"stages": [{"stage": "sharpen"}]})"), "expected \"stage\""));
  CHECK(contains(message(R"({"stages": [{"stage": "gray"}, {"stage": "jpeg"}]})"),
                 "stages[1]: expected \"quality\""));
  CHECK(contains(message(R"({"stages": [{"stage": "jpeg", "quality": 1e99}]})"),
                 "\"quality\": expected an integer"));
  CHECK(contains(message(R"({"stages": [{"stage": "jpeg", "quality": 3000000000}]})"), "\"quality\""));
  CHECK(
      contains(message(R"({"stages": [{"stage": "haze", "clean": "1"}]})"), "\"clean\": expected a number"));
  CHECK(contains(message(R"({"stages": [{"stage": "blur", "shape": "box"}]})"), "\"shape\""));
  CHECK(contains(message(R"({"stages": [], "flip": 1})"), "\"flip\": expected true or false"));
  CHECK(contains(message(R"({"stages": [], "shift": [1]})"), "\"margin\""));
  CHECK(contains(message(R"({"stages": [], "uneven": {"top": 0, "left": 0, "side": 4}})"), "\"outside\""));
  CHECK(contains(message(R"({"stages": [)" + std::string(64, ' ') + R"(], "uneven": 3})"), "\"top\""));
}
