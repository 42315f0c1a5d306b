#include "rfpp/metrics/report.hpp"

#include <cmath>
#include <string>

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using namespace rfpp::metrics;

namespace {
Evaluation evaluation() {
  Evaluation e;
  e.metrics = {{"psnr", true}, {"lpips", false}};
  e.pairs = {{"a", {20, 0.5}}, {"b<i>", {30, 0.1}}, {"c", {HUGE_VAL, 0.3}}, {"d", {25, 0.2}}};
  e.missing = {"e&f"};
  e.unmatched = {"\"g\""};
  return e;
}
std::string base64_of(const std::string& text) {
  return metrics::detail::base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}
}  // namespace

TEST_CASE("a summary is over the pairs that are there, or as the authors divide") {
  Evaluation e = evaluation();
  const Summary s = summary_of(e, 1);
  CHECK(s.mean == Approx(1.1 / 4));
  CHECK(s.median == Approx(0.25));
  CHECK(s.lowest == 0.1);
  CHECK(s.highest == 0.5);
  e.divisor = 5;
  CHECK(summary_of(e, 1).mean == Approx(1.1 / 5));
  CHECK(contains(error_of([] { summary_of({}, 0); }), "no pair"));
  e.pairs[0].values[1] = std::nan("");
  e.divisor = 0;
  CHECK(summary_of(e, 1).mean == Approx(0.6 / 3));
  CHECK(summary_of(e, 1).highest == 0.3);
}

TEST_CASE("an evaluation as JSON has every value, and null for infinite ones") {
  const auto json = nlohmann::json::parse(to_json(evaluation()).dump());
  CHECK(json["metrics"]["lpips"]["median"] == Approx(0.25));
  CHECK(json["pairs"].size() == 4);
  CHECK(json["pairs"][2]["psnr"].is_null());
  CHECK(json["missing"][0] == "e&f");
  CHECK(json["unmatched"][0] == "\"g\"");
}

TEST_CASE("the report needs no other file, shows best and worst pairs, and escapes names") {
  std::vector<std::string> shown;
  const auto html = html_report(
      evaluation(),
      [&](const std::string& name) {
        shown.push_back(name);
        return io::Image(4, 2, 3);
      },
      1);
  CHECK(shown == std::vector<std::string>{"c", "a", "b<i>", "a"});
  CHECK(contains(html, "data:image/jpeg;base64,/9j/"));
  CHECK(contains(html, "b&lt;i>"));
  CHECK(contains(html, "1 without a restored image: e&amp;f"));
  CHECK(contains(html, "1 without a ground truth: &quot;g&quot;"));
  CHECK_FALSE(contains(html, "http"));
}

TEST_CASE("base64 as in RFC 4648") {
  CHECK(base64_of("").empty());
  CHECK(base64_of("f") == "Zg==");
  CHECK(base64_of("fo") == "Zm8=");
  CHECK(base64_of("foo") == "Zm9v");
  CHECK(base64_of("foobar") == "Zm9vYmFy");
}
