// Restores faces: aligned ones as they are, or those of whole photos, where it finds them.
#include "rfpp/restorer.hpp"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>

#include "landmark_files.hpp"
#include "program.hpp"
#include "report.hpp"
#include "results.hpp"
#include "rfpp/detect/draw.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/photo/resize.hpp"
#include "rfpp/restorer/networks.hpp"
#include "rfpp/restorer/services.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string weights, landmarks, faces = "all", color, report;
  bool aligned = false, compare = false, detect = false, draw = false;
  int size = 0;
  FaceOptions face;
  Results results{.output = "restored"};
  RunOptions run;
};

/// The faces given for a photo, or else those in PHOTO.landmarks.json beside it, or else those that `find`
/// finds in it.
std::vector<detect::Face> faces_of(const Options& options, const fs::path& path, auto&& find) {
  if (!options.landmarks.empty()) return read_faces(options.landmarks);
  if (fs::exists(landmarks_file(path))) return read_faces(landmarks_file(path));
  return find();
}

/// Both images in one, the first on the left and brought to the second's size.
io::Image side_by_side(const io::Image& left, const io::Image& right) {
  const io::Image sized = photo::resize(left, right.width, right.height);
  io::Image both(2 * right.width, right.height, right.channels);
  for (int y = 0; y < right.height; ++y) {
    std::copy_n(sized.row(y), right.row_size(), both.row(y));
    std::copy_n(right.row(y), right.row_size(), both.row(y) + right.row_size());
  }
  return both;
}

/// A picture on its way through the program.
struct Job {
  io::Image image;
  PhotoReport report;
  std::vector<photo::Landmarks> landmarks = {};  ///< of the faces that are to be restored

  const fs::path& path() const { return report.photo; }
};

/// Throws Error for what cannot work, before the network runs.
void check_job(const Options& options, const Job& job, double scale) {
  const auto [width, height] = std::minmax(job.image.width, job.image.height);
  if (options.aligned && height - width > height / 20)
    throw Error(job.path().string() + ": expected an aligned face, which is square, found " +
                std::to_string(job.image.width) + "x" + std::to_string(job.image.height) +
                " pixels; leave out --aligned for a whole photo");
  const int columns = options.compare ? 2 : 1;
  try {
    if (!options.aligned)
      io::check_size(std::llround(columns * job.image.width * scale), std::llround(job.image.height * scale));
  } catch (const Error& error) {
    throw Error(job.path().string() + ": its result would be an " + error.what());
  }
}

Job read_job(const fs::path& path, const fs::path& result) {
  Job job{load_input(path), {path, result}};
  job.report.width = job.image.width;
  job.report.height = job.image.height;
  return job;
}

/// Says so where a face lies in what is given as an aligned face as faces lie in whole photos: the face would
/// have to be this much larger, for which it is enough to look at a small image.
void warn_of_whole_photo(Restorer& restorer, const Options& options, const Job& job) {
  constexpr int side = 256;
  constexpr double most_enlarged = 1.6;
  if (shipped_weights("centerface", options.run.restorer.weights_folder).empty()) return;
  double least = 0;
  for (const detect::Face& face : restorer.find_faces(photo::resize(job.image, side, side))) {
    const photo::Affine map = photo::align(face.landmarks, side, restorer.network().alignment);
    const double enlarged = std::hypot(map.xx, map.yx);
    least = least == 0 ? enlarged : std::min(least, enlarged);
  }
  if (least > most_enlarged)
    std::fprintf(
        stderr,
        "rfpp-restore: %s: warning: is a whole photo rather than an aligned face; leave out --aligned\n",
        job.path().c_str());
}

/// An aligned face at the size asked for, or else at the network's.
io::Image restore_aligned(Restorer& restorer, const io::Image& face, const Options& options) {
  const int side = restorer.network().resolution;
  const int size = options.size == 0 ? side : options.size;
  if (face.width == size && face.height == size) return restorer.restore_face(face, options.face);
  const io::Image restored = restorer.restore_face(photo::resize(face, side, side), options.face);
  return size == side ? restored : photo::resize(restored, size, size);
}

/// Sorts out the photo's faces: which are to be restored, and why others are not.
void sort_faces(const Options& options, const std::vector<detect::Face>& faces, Job& job) {
  auto& reported = job.report.faces;
  for (const detect::Face& face : faces) reported.push_back({face, Fate::not_chosen});
  for (const std::size_t i : detect::FaceChoice(options.faces)(faces, job.image.width, job.image.height)) {
    const auto usable =
        photo::usable_faces(std::span(&faces[i].landmarks, 1), job.image.width, job.image.height);
    reported[i].fate = usable.too_small > 0 ? Fate::too_small
                       : usable.outside > 0 ? Fate::outside
                                            : Fate::restored;
    if (usable.exchanged > 0)
      std::fprintf(stderr,
                   "rfpp-restore: %s: warning: the eyes of a face were given right to left: exchanged\n",
                   job.path().c_str());
    job.landmarks.insert(job.landmarks.end(), usable.landmarks.begin(), usable.landmarks.end());
  }
}

struct Work {
  fs::path image, result;
};

/// What there is to do.
std::vector<Work> plan(const Options& options, Report& report) {
  const auto inputs = list_inputs(options.inputs, options.results.recursive, options.results.output);
  if (inputs.size() > 1 && !options.landmarks.empty())
    throw Error("--landmarks belongs to one photo; for several put PHOTO.landmarks.json beside each");
  const bool folder_given =
      std::ranges::any_of(options.inputs, [](const std::string& path) { return fs::is_directory(path); });
  const auto outputs = options.results.plan(inputs, folder_given);
  std::vector<Work> work;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (options.results.skip_existing && fs::exists(outputs[i])) {
      report.add({.photo = inputs[i].file, .result = outputs[i], .skipped = "its result is there already"});
      continue;
    }
    work.push_back({inputs[i].file, outputs[i]});
  }
  if (const std::size_t skipped = inputs.size() - work.size(); skipped > 0)
    std::printf("%zu result%s there already\n", skipped, skipped == 1 ? " is" : "s are");
  return work;
}

/// Writes a result; a photo that nothing was done to is copied where its form need not change.
void write_result(const Options& options, const Job& job, bool unchanged) {
  const fs::path& out = job.report.result;
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  if (!unchanged || job.path().extension() != out.extension())
    return save_image(out, job.image, options.results.quality);
  const io::MappedFile photo(job.path());
  io::AtomicFile copy(out);
  copy.write(photo.bytes());
  copy.commit();
}

/// Keeps what failed for the report.
Batch::OnFailure failures_to(Report& report) {
  return [&report](const fs::path& path, const std::string& error) {
    report.add({.photo = path, .result = {}, .error = error});
  };
}

/// The photo with its faces drawn in, in the place of the restored one.
void draw_all(const Options& options, Report& report) {
  const auto work = plan(options, report);
  const auto detector = open_detector(options.run.restorer);
  Batch batch("rfpp-restore", work.size(), failures_to(report));
  for (const Work& one : work)
    batch.attempt(one.image, [&] {
      Job job = read_job(one.image, one.result);
      const auto start = std::chrono::steady_clock::now();
      const auto faces = faces_of(options, one.image, [&] { return detector->find(job.image); });
      sort_faces(options, faces, job);
      job.report.seconds = seconds_since(start);
      job.image = detect::draw_faces(job.image, faces);
      write_result(options, job, false);
      std::printf("%s: %s -> %s\n", one.image.c_str(), job.report.text().c_str(), one.result.c_str());
      report.add(std::move(job.report));
    });
  batch.finish();
}

/// Restores what a job holds: a face or a photo.
io::Image restored(const Options& options, Restorer& restorer, Job& job, double scale) {
  check_job(options, job, scale);
  if (options.aligned) {
    warn_of_whole_photo(restorer, options, job);
    job.report.faces.push_back({});
    return restore_aligned(restorer, job.image, options);
  }
  sort_faces(options, faces_of(options, job.path(), [&] { return restorer.find_faces(job.image); }), job);
  return restorer.restore_photo(job.image, job.landmarks, options.face);
}

void restore_all(const Options& options, Report& report) {
  const auto work = plan(options, report);
  if (work.empty()) return;
  Batch batch("rfpp-restore", work.size(), failures_to(report));
  // While one picture is restored, the next is read and the one before is written.
  std::future<Job> read;
  std::future<PhotoReport> written;
  std::size_t writing = 0;
  auto read_ahead = [&](std::size_t i) {
    if (i < work.size())
      read = std::async(std::launch::async, [&one = work[i]] { return read_job(one.image, one.result); });
  };
  auto finish_writing = [&] {
    if (written.valid()) batch.attempt(work[writing].image, [&] { report.add(written.get()); });
  };
  read_ahead(0);
  auto restorer = Restorer::open(options.weights, options.run.options("rfpp-restore"));
  const double scale = options.face.scale.value_or(restorer.background_scale());
  const NetworkInfo& network = restorer.network();
  if (!options.weights.empty() && *network.license != '\0')
    std::fprintf(stderr, "rfpp-restore: %s: %s\n", network.name, network.license);
  if (const fs::path& first = work[0].result; work.size() > 1 && first.has_parent_path())
    fs::create_directories(first.parent_path());
  for (std::size_t i = 0; i < work.size(); ++i)
    batch.attempt(work[i].image, [&] {
      std::future<Job> current = std::move(read);
      read_ahead(i + 1);
      Job job = current.get();
      const auto start = std::chrono::steady_clock::now();
      io::Image result = restored(options, restorer, job, scale);
      job.report.seconds = seconds_since(start);
      const bool unchanged = !options.aligned && job.landmarks.empty() && scale == 1 && !options.compare &&
                             options.run.restorer.background.empty();
      job.image = options.compare ? side_by_side(job.image, result) : std::move(result);
      finish_writing();
      writing = i;
      written = std::async(std::launch::async, [&options, unchanged, job = std::move(job)] {
        write_result(options, job, unchanged);
        std::printf("%s: %s, %.2f s -> %s\n", job.path().c_str(), job.report.text().c_str(),
                    job.report.seconds, job.report.result.c_str());
        std::fflush(stdout);
        return job.report;
      });
    });
  finish_writing();
  batch.finish();
}

/// run(options, report), then the summary, of several photos, and the report, whether all went well or not.
void with_report(const Options& options, auto&& run) {
  check_writable(options.report);
  Report report;
  const auto start = std::chrono::steady_clock::now();
  const auto conclude = [&] {
    if (report.tried() > 1) std::printf("%s\n", report.summary(seconds_since(start)).c_str());
    if (!options.report.empty() && !report.empty()) report.write(options.report);
  };
  try {
    run(options, report);
  } catch (...) {
    conclude();
    throw;
  }
  conclude();
}

/// The options of whole photos: which faces, and what is around them.
void add_photo_options(CLI::App& app, Options& o, CLI::Option* aligned) {
  RestorerOptions& restorer = o.run.restorer;
  const auto add = [&](const char* name, auto& value, const char* text) {
    return app.add_option(name, value, text)->excludes(aligned);
  };
  add("--landmarks", o.landmarks,
      "JSON with the faces' five landmarks (default: PHOTO.landmarks.json beside the photo, else the faces "
      "found in it)");
  auto* faces = add("--faces", o.faces, "all, largest, center, or numbers by descending score: 1,3")
                    ->capture_default_str();
  add("--detector", restorer.detector,
      "face detector: weights of RetinaFace (ResNet-50, MobileNet-0.25) or CenterFace (default: CenterFace, "
      "which comes with rfpp)");
  add("--min-face", restorer.min_face,
      "width of the smallest face to find, in pixels; the smaller, the longer it takes (default: those found "
      "where the photo's longer side is 1280 pixels, with RetinaFace 2150)")
      ->check(CLI::Range(8.0, 1e6));
  auto* detect =
      app.add_flag("--detect", o.detect, "only find faces, and write PHOTO.landmarks.json beside each photo")
          ->excludes(aligned);
  auto* report = add("--report", o.report,
                     "JSON file: each photo's faces, what became of them, or why there is no result")
                     ->excludes(detect);
  app.add_flag("--draw", o.draw,
               "only find faces, and write each photo with their boxes, numbers and landmarks (default "
               "--output: drawn)")
      ->excludes(aligned)
      ->excludes(faces)
      ->excludes(detect)
      ->excludes(report);
  add("--parser", restorer.parser,
      "face parser: weights of ParseNet or BiSeNet; only what it sees of the face is pasted (default: a mask "
      "around the head)");
  add("--background", restorer.background,
      "upscaler for what is around the faces: weights of a Real-ESRGAN network (default: Lanczos "
      "interpolation)");
  add("--scale", o.face.scale,
      "size of the result, times the photo's (default: that of --background, else 1)")
      ->check(CLI::Range(1.0, 8.0));
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Restores faces in photos", "rfpp-restore");
  app.add_option("inputs", o.inputs, "photos or aligned faces: files or folders")->required();
  o.results.add_to(app);
  auto* weights = add_weights(app, o.weights, o.run.restorer.hashed);
  app.add_option("--model", o.run.restorer.network,
                 "network: " + network_names() + " (default: the first that fits the weights)");
  auto* aligned =
      app.add_flag("--aligned", o.aligned, "the inputs are aligned faces: square, with one face each");
  app.add_option("--size", o.size, "side of aligned results, in pixels (default: the network's)")
      ->check(CLI::Range(16, 8192))
      ->needs(aligned);
  add_photo_options(app, o, aligned);
  app.add_option("--strength", o.face.strength, "1: restored, 0: the input")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--color", o.color,
                 "whose colors faces have: input or restored (default: the input's in photos restored with "
                 "the weights that come with rfpp)")
      ->check(CLI::IsMember({"input", "restored"}));
  add_choices(app, o.face);
  o.run.add_to(app);
  app.add_flag("--cache", o.run.restorer.cache,
               "keep packed weights beside the checkpoint, for a faster next start")
      ->needs(weights);
  app.add_flag("--compare", o.compare, "write input and result side by side");
  return run_program(app, argc, argv, [&] {
    const detect::FaceChoice choice(o.faces);
    if (o.detect)
      return write_faces(*open_detector(o.run.restorer), list_images(o.inputs, o.results.recursive), choice,
                         o.results.skip_existing);
    if (!o.color.empty()) o.face.color = o.color == "input" ? photo::Color::input : photo::Color::restored;
    if (o.draw && app.count("--output") == 0) o.results.output = "drawn";
    with_report(o, o.draw ? draw_all : restore_all);
  });
}
