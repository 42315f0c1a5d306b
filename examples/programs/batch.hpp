#ifndef RFPP_EXAMPLES_BATCH_HPP
#define RFPP_EXAMPLES_BATCH_HPP

#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <string>
#include <utility>

#include "rfpp/core/error.hpp"

/// Work on many files, of which none that fails ends it: each is an error on stderr, and finish() throws.
/// Where there is only one file, its error is thrown at once.
class Batch {
 public:
  /// Told of each file that fails, and why.
  using OnFailure = std::function<void(const std::filesystem::path& file, const std::string& error)>;

  Batch(std::string program, std::size_t size, OnFailure on_failure = {})
      : program_(std::move(program)), size_(size), on_failure_(std::move(on_failure)) {}

  /// step(); whether it went well. An error names the file, that there was not enough memory too.
  bool attempt(const std::filesystem::path& file, auto&& step) {
    try {
      try {
        step();
        return true;
      } catch (const std::bad_alloc&) {
        throw rfpp::Error(file.string() + ": out of memory");
      } catch (const std::exception& error) {
        const std::string what = error.what();
        if (what.find(file.string()) != std::string::npos) throw;
        throw rfpp::Error(file.string() + ": " + what);
      }
    } catch (const std::exception& error) {
      if (on_failure_) on_failure_(file, error.what());
      if (size_ == 1) throw;
      std::fprintf(stderr, "%s: error: %s\n", program_.c_str(), error.what());
      ++failures_;
      return false;
    }
  }
  /// Throws Error where something failed.
  void finish() const {
    if (failures_ > 0)
      throw rfpp::Error(std::to_string(failures_) + " of " + std::to_string(size_) + " images failed");
  }

 private:
  std::string program_;
  std::size_t size_, failures_ = 0;
  OnFailure on_failure_;
};

#endif
