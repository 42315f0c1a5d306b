// What other projects compile with: -ffast-math, JSON_NOEXCEPTION, JSON_NO_IO. Bad input ends in the same
// errors.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "rfpp/io/parameters.hpp"
#include "rfpp/io/safetensors.hpp"
#include "rfpp/io/safetensors_writer.hpp"
#include "rfpp/photo/landmarks.hpp"
#include "rfpp/train/settings.hpp"

using namespace rfpp;

namespace {

int failures = 0;

template <class F> void expect_error(const char* part, F&& f) {
  std::string found = "no error";
  try {
    f();
  } catch (const Error& error) {
    found = error.what();
  }
  if (found.find(part) != std::string::npos) return;
  std::printf("expected an error with \"%s\", found: %s\n", part, found.c_str());
  ++failures;
}

float from_bits(std::uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

void check_landmarks(double nan) {
  const photo::Landmarks same{{{7, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}}};
  photo::Landmarks unknown = same;
  for (auto& p : unknown) p = {nan, nan};
  expect_error("coincide", [&] { photo::align(same); });
  expect_error("coincide", [&] { photo::align(unknown); });
  expect_error("inverted", [] { photo::inverse({0, 0, 1, 0, 0, 1}); });
  const auto map = photo::align(photo::ffhq_template);
  if (!(std::abs(map.xx - 1) < 1e-6 && std::abs(map.x0) < 1e-3)) {
    std::printf("the template is not where it is\n");
    ++failures;
  }
}

void check_numbers(float bad) {
  if (is_finite(bad) || io::detail::all_finite(std::span<const float>(&bad, 1))) {
    std::printf("a number that is not finite passes for one\n");
    ++failures;
  }
}

void check_json(const std::filesystem::path& file) {
  expect_error("at its byte 6", [] { io::detail::parse_safetensors_header("{\"a\":"); });
  const auto with = [&](const std::string& text) {
    io::AtomicFile out(file);
    out.write(std::as_bytes(std::span(text)));
    out.commit();
  };
  with("{\"stage\"");
  expect_error("not valid JSON", [&] { read_settings(file); });
  with("{\"stage\": 1}");
  expect_error("settings of a training run: expected", [&] { read_settings(file); });
  with("{\"faces\": [{}]}");
  expect_error("face 0", [&] { photo::read_landmarks(file); });
  expect_error("not UTF-8", [&] { io::SafetensorsWriter(file, {{"\xff", io::DType::float32, {1}}}); });
  std::filesystem::remove(file);
}

}  // namespace

int main(int, char** argv) {
  check_landmarks(static_cast<double>(from_bits(0x7fc00000)));
  for (const std::uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800000u, 0xff800000u})
    check_numbers(from_bits(bits));
  check_json(std::string(argv[0]) + ".json");
  return failures;
}
