#ifndef RFPP_TESTS_IO_CHECKPOINTS_HPP
#define RFPP_TESTS_IO_CHECKPOINTS_HPP

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "io/files.hpp"
#include "rfpp/io/checkpoint.hpp"

namespace files {

/// The rule of tests/data/io/make_checkpoints.py.
inline std::vector<double> expected(const std::string& name, std::size_t count) {
  int sum = 0;
  for (const char letter : name) sum += letter;
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = ((sum * 7 + static_cast<int>(i) * 37) % 256 - 128) / 8.0;
  return values;
}

template <class T = double> std::vector<T> elements(const rfpp::io::TensorView& view) {
  std::vector<T> out(static_cast<std::size_t>(view.count()));
  rfpp::io::read_elements(view, std::span(out));
  return out;
}

/// Why a checkpoint, named "w", is refused.
inline std::string error_for(const std::string& file) {
  return error_of([&] { rfpp::io::Checkpoint::parse(bytes_of(file), "w"); });
}

}  // namespace files

#endif
