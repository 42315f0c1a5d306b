#include "rfpp/metrics/frechet.hpp"

#include <filesystem>
#include <vector>

#include "rfpp/model/hashed.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using namespace rfpp::metrics;

namespace {

/// `rows` vectors of 32 features, f(element's number).
template <class F> FeatureStatistics statistics_of(int rows, F&& f) {
  FeatureCollector collector;
  for (int row = 0; row < rows; ++row) {
    std::vector<double> vector;
    for (int i = 0; i < 32; ++i) vector.push_back(f(static_cast<std::uint64_t>(row * 32 + i)));
    collector.add(std::span<const double>(vector));
  }
  return collector.statistics();
}
FeatureStatistics golden_a() { return statistics_of(500, Hashed("fid.a")); }
FeatureStatistics golden_b() {
  const Hashed b("fid.b"), c("fid.c");
  return statistics_of(400, [&](std::uint64_t i) { return 0.8 * b(i) + 0.1 + 0.2 * c(i) * c(i); });
}

}  // namespace

TEST_CASE("the Frechet distance agrees with the golden value") {
  CHECK(frechet_distance(golden_a(), golden_b()) == Approx(1.6246646188935565).epsilon(1e-6));
  CHECK(frechet_distance(golden_b(), golden_a()) == Approx(1.6246646188935565).epsilon(1e-6));
  CHECK(std::abs(frechet_distance(golden_a(), golden_a())) < 1e-9);
}

TEST_CASE("fewer vectors than features have a distance too") {
  const auto a = statistics_of(5, Hashed("a")), b = statistics_of(7, Hashed("b"));
  CHECK(std::isfinite(frechet_distance(a, b)));
  CHECK(std::abs(frechet_distance(a, a)) < 1e-6);
}

TEST_CASE("statistics are kept in a file, with the network they belong to") {
  const auto file = std::filesystem::temp_directory_path() / "rfpp_test_statistics.safetensors";
  const auto a = golden_a();
  save_statistics(a, file, "arcface");
  const auto read = load_statistics(file, "arcface");
  CHECK(read.mean == a.mean);
  CHECK(read.covariance == a.covariance);
  CHECK(contains(error_of([&] { load_statistics(file, "vgg"); }), "statistics of the features \"vgg\""));
  std::filesystem::remove(file);
  CHECK(contains(error_of([&] { load_statistics(file, "arcface"); }), file.string()));
}

TEST_CASE("features that make no statistics are refused") {
  FeatureCollector collector;
  const std::vector<float> three{1, 2, 3}, two{1, 2}, nan{1, std::nanf(""), 2};
  collector.add(std::span<const float>(three));
  CHECK(contains(error_of([&] { collector.add(std::span<const float>(two)); }), "vectors of 3"));
  CHECK(contains(error_of([&] { collector.add(std::span<const float>(nan)); }), "NaN"));
  CHECK(contains(error_of([&] { collector.statistics(); }), "at least 2"));
  CHECK(contains(error_of([&] {
                   frechet_distance(golden_a(), FeatureStatistics{{1}, {1}});
                 }),
                 "32 and of 1 features"));
}
