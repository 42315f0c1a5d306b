#include "rfpp/core/random.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using namespace rfpp;

namespace {

bool philox_gives(RandomWords<> counter, std::uint64_t key, RandomWords<> expected) {
  const auto words = philox(counter, key);
  for (int i = 0; i < 4; ++i)
    if (words.word[i] != expected.word[i]) return false;
  return true;
}

struct Statistics {
  double mean, variance;
};
template <class F> Statistics statistics(int count, F&& f) {
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) {
    const double v = f(static_cast<std::uint32_t>(i));
    sum += v;
    squares += v * v;
  }
  return {sum / count, squares / count - sum / count * (sum / count)};
}

}  // namespace

// kat_vectors of the Random123 library.
TEST_CASE("philox gives the words of its authors' library") {
  CHECK(philox_gives({{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  CHECK(philox_gives({{~0u, ~0u, ~0u, ~0u}}, ~std::uint64_t{0},
                     {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  CHECK(philox_gives({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0x299f31d0a4093822u,
                     {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));
}

TEST_CASE("philox gives the same words in every lane of a register") {
  typedef std::uint32_t Lanes __attribute__((vector_size(16)));
  Lanes element;
  for (int i = 0; i < 4; ++i) element[i] = static_cast<std::uint32_t>(1000003 * i);
  const RandomStream stream{0x123456789abcdef0u, 0xfedcba9876543210u, 7};
  const auto lanes = stream.words(element, 3);
  for (int i = 0; i < 4; ++i) {
    const auto words = stream.words<std::uint32_t>(element[i], 3);
    for (int j = 0; j < 4; ++j) CHECK(lanes.word[j][i] == words.word[j]);
  }
}

TEST_CASE("seed, image, stage, element and draw each change the words") {
  const RandomStream base{1, 2, 3};
  const auto first = [](const RandomStream& s, std::uint32_t element, std::uint32_t draw) {
    return s.words(element, draw).word[0];
  };
  const std::uint32_t word = first(base, 4, 5);
  CHECK(first({2, 2, 3}, 4, 5) != word);
  CHECK(first({1 + (std::uint64_t{1} << 32), 2, 3}, 4, 5) != word);
  CHECK(first({1, 3, 3}, 4, 5) != word);
  CHECK(first({1, 2 + (std::uint64_t{1} << 32), 3}, 4, 5) != word);
  CHECK(first({1, 2, 4}, 4, 5) != word);
  CHECK(first(base, 5, 5) != word);
  CHECK(first(base, 4, 6) != word);
}

TEST_CASE("uniform numbers have the moments of their distribution") {
  constexpr int count = 200000;
  const RandomStream stream{11, 0, 0};
  const auto s = statistics(count, [&](std::uint32_t i) { return uniform(stream, i); });
  CHECK(std::abs(s.mean - 0.5) < 4 * std::sqrt(1.0 / 12 / count));
  CHECK(std::abs(s.variance - 1.0 / 12) < 4 * std::sqrt(1.0 / 180 / count));
  double lowest = 1, highest = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    lowest = std::min(lowest, uniform(stream, i));
    highest = std::max(highest, uniform(stream, i));
  }
  CHECK(lowest >= 0);
  CHECK(lowest < 1e-4);
  CHECK(highest < 1);
  CHECK(highest > 1 - 1e-4);
}

TEST_CASE("Poisson variates have the mean and the variance of their distribution") {
  constexpr int count = 100000;
  const RandomStream stream{5, 1, 2};
  for (const double mean : {0.01, 0.7, 5.0, 9.99, 10.0, 33.3, 250.0, 1e5}) {
    const auto s = statistics(count, [&](std::uint32_t i) { return poisson(stream, i, mean); });
    INFO("mean " << mean);
    CHECK(std::abs(s.mean - mean) < 4.5 * std::sqrt(mean / count));
    CHECK(std::abs(s.variance - mean) < 4.5 * std::sqrt((mean + 2 * mean * mean) / count));
  }
  CHECK(poisson(stream, 0, 0) == 0);
  CHECK(poisson(stream, 0, -1) == 0);
  CHECK(poisson(stream, 0, std::nan("")) == 0);
}

TEST_CASE("Poisson variates have the probabilities of their distribution") {
  constexpr int count = 200000;
  const RandomStream stream{9, 0, 0};
  for (const double mean : {4.0, 12.0}) {
    int at_mean = 0;
    for (std::uint32_t i = 0; i < count; ++i) at_mean += poisson(stream, i, mean) == mean;
    const double p = std::exp(mean * std::log(mean) - mean - std::lgamma(mean + 1));
    CHECK(std::abs(static_cast<double>(at_mean) / count - p) < 4.5 * std::sqrt(p * (1 - p) / count));
  }
}
