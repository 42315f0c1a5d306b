#ifndef RFPP_TRAIN_RUN_FOLDER_HPP
#define RFPP_TRAIN_RUN_FOLDER_HPP

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "rfpp/io/image_write.hpp"
#include "rfpp/train/curves.hpp"
#include "rfpp/train/objective.hpp"
#include "rfpp/train/pictures.hpp"
#include "rfpp/train/settings.hpp"
#include "rfpp/train/table.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// What a training run leaves in its folder. Every file appears whole or not at all.
///   config.json                   the settings
///   checkpoint.safetensors        all that the next step depends on; `restore` loads the averaged weights
///   training.csv, validation.csv  and their curves in curves.png
///   samples/000002000.png         validation faces: input, output, truth
///   weights.safetensors, weights_float16.safetensors   the averaged weights alone
class RunFolder {
 public:
  /// Removes what an earlier run was writing when it was killed.
  explicit RunFolder(std::filesystem::path path)
      : path_(std::move(path)), training_(path_ / "training.csv"), validation_(path_ / "validation.csv") {
    std::filesystem::create_directories(path_ / "samples");
    for (const auto& folder : {path_, path_ / "samples"})
      for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (const std::string name = entry.path().filename().string();
            name.starts_with(".rfpp-") && name.ends_with(".tmp"))
          std::filesystem::remove(entry.path());
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoint.safetensors"; }
  static std::filesystem::path config_of(const std::filesystem::path& run) { return run / "config.json"; }

  /// Continues the tables of a run whose checkpoint is that of `step`.
  void resume(long step) {
    training_.resume(step);
    validation_.resume(step);
  }
  /// From here on time is measured.
  void start_clock(long step) {
    started_ = std::chrono::steady_clock::now();
    first_step_ = step;
  }

  /// Terms of a pass, for the next row of the log.
  void add_terms(const std::vector<LossTerm>& terms) {
    for (const LossTerm& term : terms) {
      auto found = sums_.begin();
      while (found != sums_.end() && found->name != term.name) ++found;
      if (found == sums_.end()) found = sums_.insert(found, {term.name});
      found->sum += term.value;
      ++found->count;
    }
  }
  void add_revived(int entries) { revived_ += entries; }

  /// A row of the means since the last one, and a line on the terminal.
  void log(long step, long steps, double rate, int faces_per_step) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started_;
    const double per_step = seconds.count() / static_cast<double>(step - first_step_);
    std::vector<std::string> columns{"step", "rate", "seconds_per_step", "revived_entries"};
    std::vector<double> row{static_cast<double>(step), rate, per_step, static_cast<double>(revived_)};
    std::string line;
    for (const Sum& s : sums_) {
      columns.push_back(s.name);
      row.push_back(s.sum / s.count);
      if (s.sum != 0) line += "  " + s.name + " " + detail::short_number(row.back());
    }
    training_.add(columns, std::move(row));
    const auto minutes_left = static_cast<long>(per_step * static_cast<double>(steps - step) / 60);
    std::printf("step %ld of %ld%s  %.2f faces/s  %ld h %02ld min left\n", step, steps, line.c_str(),
                faces_per_step / per_step, minutes_left / 60, minutes_left % 60);
    std::fflush(stdout);
    sums_.clear();
    revived_ = 0;
  }

  /// A row of validation, and the curves of both tables.
  void add_validation(long step, const std::vector<std::string>& names, const std::vector<double>& values) {
    std::vector<std::string> columns{"step"};
    std::vector<double> row{static_cast<double>(step)};
    std::string line;
    for (std::size_t i = 0; i < names.size(); ++i) {
      columns.push_back(names[i]);
      row.push_back(values[i]);
      line += "  " + names[i] + " " + detail::short_number(values[i]);
    }
    validation_.add(columns, std::move(row));
    io::write_image(path_ / "curves.png", curves_of({&validation_, &training_}));
    std::printf("step %ld, validation:%s\n", step, line.c_str());
    std::fflush(stdout);
  }

  void write_samples(long step, const std::vector<io::Image>& images) const {
    char name[32];
    std::snprintf(name, sizeof name, "%09ld.png", step);
    io::write_image(path_ / "samples" / name, grid_of(images, 6));
  }

 private:
  struct Sum {
    std::string name;
    double sum = 0;
    int count = 0;
  };

  std::filesystem::path path_;
  Table training_, validation_;
  std::vector<Sum> sums_;
  int revived_ = 0;
  long first_step_ = 0;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
