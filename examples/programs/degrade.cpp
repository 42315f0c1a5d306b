// Degrades faces as the extending degrading model does: pairs of clean and degraded images, with a log.
#include <map>
#include <memory>
#include <set>

#include "degrader.hpp"
#include "program.hpp"
#include "rfpp/degrade/image.hpp"
#include "rfpp/degrade/log.hpp"
#include "rfpp/degrade/presets.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/restorer.hpp"

namespace fs = std::filesystem;
using namespace rfpp;
using degrade::Degradation;
using degrade::LogEntry;

namespace {

struct Options {
  std::vector<std::string> inputs, only;
  std::string output = "degraded", preset = "code", log, replay, grid, device = "cpu";
  std::uint64_t seed = 0;
  int count = 1, threads = 0;
  bool recursive = false, skip_existing = false;
};

/// One degraded image to make.
struct Job {
  fs::path source;
  std::string name;  // of both results, with the folders below the input's
  LogEntry entry;
};

/// A stage as --only spells it, "jpeg=60".
degrade::Stage parse_stage(const std::string& text, RandomStream stream) {
  const std::string name = text.substr(0, text.find('='));
  const std::string number = name.size() < text.size() ? text.substr(name.size() + 1) : "";
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (name == "gray" && number.empty()) return degrade::Gray{};
  if (number.empty() || *end != '\0') throw Error("--only " + text + ": expected STAGE=NUMBER");
  if (name == "blur") return degrade::Blur{.size = 41, .sigma_x = value, .sigma_y = value};
  if (name == "haze") return degrade::Haze{value};
  if (name == "downsample") return degrade::Downsample{value};
  if (name == "noise") return degrade::GaussianNoise{value, stream};
  if (name == "poisson") return degrade::PoissonNoise{value, stream};
  if (name == "jpeg") {
    if (!(value >= 1 && value <= 100)) throw Error("--only " + text + ": expected a quality of 1 to 100");
    return degrade::Jpeg{static_cast<int>(value)};
  }
  throw Error("--only " + text + ": expected one of blur, haze, downsample, noise, poisson, jpeg, gray");
}

Degradation degradation_for(const Options& options, std::uint64_t index, const io::Image& image) {
  if (options.only.empty()) {
    const auto preset =
        degrade::scaled(degrade::preset_named(options.preset), std::min(image.width, image.height));
    return draw(preset, options.seed, index, image.height, image.width);
  }
  Degradation d;
  for (const std::string& text : options.only)
    d.stages.push_back(
        parse_stage(text, {options.seed, index, static_cast<std::uint32_t>(d.stages.size()) + 1}));
  d.stages.emplace_back(degrade::Resize{image.height, image.width});
  return d;
}

std::string text_of_file(const std::string& path) {
  const io::MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::vector<LogEntry> entries_of(const Options& options, const std::vector<InputImage>& inputs) {
  if (!options.replay.empty()) {
    try {
      return degrade::parse_log(text_of_file(options.replay));
    } catch (const Error& error) {
      const std::string what = error.what();
      throw Error(what.starts_with(options.replay) ? what : options.replay + ": " + what);
    }
  }
  std::vector<LogEntry> entries;
  for (const InputImage& input : inputs)
    entries.insert(entries.end(), static_cast<std::size_t>(options.count), {input.name.generic_string(), {}});
  return entries;
}

std::vector<Job> jobs_of(const Options& options, const std::vector<InputImage>& inputs) {
  std::map<std::string, fs::path> by_name;
  for (const InputImage& input : inputs)
    if (!by_name.emplace(input.name.generic_string(), input.file).second)
      throw Error(input.file.string() +
                  ": another input has the same name; degrade them into folders of their own");
  const auto stem_of = [](const std::string& image) {
    return fs::path(image).replace_extension().generic_string();
  };
  std::vector<LogEntry> entries = entries_of(options, inputs);
  std::map<std::string, int> variants, next;
  for (const LogEntry& entry : entries) ++variants[stem_of(entry.image)];
  std::set<std::string> taken;
  std::vector<Job> jobs;
  for (LogEntry& entry : entries) {
    const auto found = by_name.find(entry.image);
    if (found == by_name.end())
      throw Error(options.replay + ": \"" + entry.image + "\" is not among the inputs");
    const std::string stem = stem_of(entry.image);
    const std::string number = variants[stem] > 1 ? "_" + std::to_string(next[stem]++) : "";
    jobs.push_back({found->second, stem + number + ".png", std::move(entry)});
    if (!taken.insert(jobs.back().name).second)
      throw Error(found->second.string() + ": another input makes " + jobs.back().name +
                  " too; degrade them into folders of their own, or give them different names");
  }
  return jobs;
}

/// A row of the contact sheet: the clean image, what it is after each stage of the first pass, and the
/// result.
std::vector<io::Image> grid_row(Degrader& degrader, const Degradation& d, const Tensor<float>& image) {
  constexpr int side = 192;
  std::vector<io::Image> cells;
  const auto add = [&](const Tensor<float>& t) {
    cells.push_back(photo::resize(photo::to_image(t), side, side));
  };
  Degradation part = d;
  part.uneven.reset();
  part.stages.clear();
  add(degrader.degrade(part, image).clean);
  const Extents e = image.extents();
  for (std::size_t i = 0; i + 1 < d.stages.size(); ++i) {
    // Of the clean image at first; what is rare has no column of its own.
    part.stages.assign(d.stages.begin(), d.stages.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    if (std::holds_alternative<degrade::Haze>(d.stages[i])) continue;
    part.stages.emplace_back(degrade::Resize{e.h, e.w});
    add(degrader.degrade(part, image).degraded);
  }
  add(degrader.degrade(d, image).degraded);
  return cells;
}

void write_grid(const std::string& path, const std::vector<std::vector<io::Image>>& rows) {
  std::size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  const int side = rows.front().front().width;
  io::Image grid(static_cast<int>(columns) * side, static_cast<int>(rows.size()) * side, 3);
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < rows[i].size(); ++j)
      for (int y = 0; y < side; ++y)
        std::copy_n(rows[i][j].row(y), rows[i][j].row_size(),
                    grid.row(static_cast<int>(i) * side + y) + j * rows[i][j].row_size());
  save_image(path, grid);
}

/// Both images or none.
void write_pair(const fs::path& output, const std::string& name, const degrade::DegradedPair& pair) {
  for (const char* kind : {"clean", "degraded"}) fs::create_directories((output / kind / name).parent_path());
  save_image(output / "clean" / name, photo::to_image(pair.clean));
  try {
    save_image(output / "degraded" / name, photo::to_image(pair.degraded));
  } catch (const Error&) {
    fs::remove(output / "clean" / name);
    throw;
  }
}

/// Makes the folders of the results. Throws Error for an input that lies in one of them.
void make_folders(const fs::path& output, const std::vector<InputImage>& inputs) {
  for (const char* kind : {"clean", "degraded"}) {
    fs::create_directories(output / kind);
    const fs::path folder = fs::weakly_canonical(output / kind);
    for (const InputImage& input : inputs)
      if (const fs::path below = fs::weakly_canonical(input.file).lexically_relative(folder);
          !below.empty() && *below.begin() != "..")
        throw Error(input.file.string() + ": would lie among its results; choose another --output");
  }
}

void run(const Options& options) {
  constexpr std::size_t most_rows = 32;
  const fs::path output(options.output);
  const auto inputs = list_inputs(options.inputs, options.recursive, output);
  auto jobs = jobs_of(options, inputs);
  make_folders(output, inputs);
  check_writable(options.log);
  check_writable(options.grid);
  if (!options.grid.empty()) io::check_image_name(options.grid);
  const auto degrader = on_device<DegraderService>(options.device, options.threads);
  std::string log = options.skip_existing && fs::exists(options.log) ? text_of_file(options.log) : "";
  std::vector<std::vector<io::Image>> rows;
  const auto start = std::chrono::steady_clock::now();
  Batch batch("rfpp-degrade", jobs.size());
  std::size_t pairs = 0, skipped = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (options.skip_existing && fs::exists(output / "clean" / jobs[i].name) &&
        fs::exists(output / "degraded" / jobs[i].name)) {
      ++skipped;
      continue;
    }
    batch.attempt(jobs[i].source, [&] {
      const io::Image image = load_input(jobs[i].source);
      const auto unit = degrade::to_unit_tensor(image);
      LogEntry& entry = jobs[i].entry;
      if (options.replay.empty()) entry.degradation = degradation_for(options, i, image);
      write_pair(output, jobs[i].name, degrader->degrade(entry.degradation, unit));
      ++pairs;
      log += to_line(entry);
      if (!options.grid.empty() && rows.size() < most_rows)
        rows.push_back(grid_row(*degrader, entry.degradation, unit));
    });
  }
  if (!options.log.empty()) write_text(options.log, log);
  if (!rows.empty()) write_grid(options.grid, rows);
  if (skipped > 0) std::printf("%zu pair%s there already\n", skipped, skipped == 1 ? " is" : "s are");
  std::printf("%zu pair%s in %.2f s -> %s\n", pairs, pairs == 1 ? "" : "s", seconds_since(start),
              options.output.c_str());
  batch.finish();
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Makes degraded faces of clean ones", "rfpp-degrade");
  app.add_option("input", o.inputs, "clean images, or folders of them")->required();
  app.add_option("-o,--output", o.output, "folder for clean/NAME.png and degraded/NAME.png")
      ->capture_default_str();
  app.add_flag("--recursive", o.recursive, "also the folders in folders; results keep their structure");
  app.add_flag("--skip-existing", o.skip_existing,
               "leave out pairs that are there; --log then adds to the log that is there");
  app.add_option("--preset", o.preset, "code, paper, restoreformer or hard; lengths are scaled to each image")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "image k of a seed is always the same")->capture_default_str();
  app.add_option("--count", o.count, "degraded variants of each image")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  auto* only = app.add_option("--only", o.only,
                              "STAGE=VALUE, in this order and nothing else: blur=SIGMA, haze=CLEAN_PART, "
                              "downsample=RATIO, noise=SIGMA, poisson=EVENTS, jpeg=QUALITY, gray");
  app.add_option("--log", o.log, "write what was done, a line of JSON per image");
  app.add_option("--replay", o.replay, "do what a log says to the images that it names")->excludes(only);
  app.add_option(
      "--grid", o.grid,
      "contact sheet of the first 32: clean, then after blur, downsampling, noise and JPEG, then the result");
  add_device(app, o.device);
  add_threads(app, o.threads);
  return run_program(app, argc, argv, [&] { run(o); });
}
