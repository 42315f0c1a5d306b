// Restores faces: aligned ones as they are, or those of whole photos, where it finds them.
#include "rfpp/restorer.hpp"

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>

#include "landmark_files.hpp"
#include "program.hpp"
#include "results.hpp"
#include "rfpp/io/mapped_file.hpp"
#include "rfpp/photo/resize.hpp"
#include "rfpp/restorer/detectors.hpp"
#include "rfpp/restorer/networks.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string weights, landmarks, faces = "all", color;
  bool aligned = false, compare = false, detect = false;
  int size = 0;
  FaceOptions face;
  Results results{.output = "restored"};
  RunOptions run;
};

/// The chosen of the faces given, or else of those in PHOTO.landmarks.json beside the photo, or else of those
/// that are found.
std::vector<photo::Landmarks> landmarks_of(const Options& options, const fs::path& path,
                                           const io::Image& image, Restorer& restorer) {
  std::vector<detect::Face> faces;
  if (!options.landmarks.empty())
    faces = read_faces(options.landmarks);
  else if (fs::exists(landmarks_file(path)))
    faces = read_faces(landmarks_file(path));
  else
    faces = restorer.find_faces(image);
  std::vector<photo::Landmarks> landmarks;
  for (const std::size_t i : detect::FaceChoice(options.faces)(faces, image.width, image.height))
    landmarks.push_back(faces[i].landmarks);
  return landmarks;
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
  fs::path path;
  io::Image image;
  photo::UsableFaces faces;
};

/// Throws Error for what cannot work, before the network runs.
void check_job(const Options& options, const Job& job) {
  const auto [width, height] = std::minmax(job.image.width, job.image.height);
  if (options.aligned && height - width > height / 20)
    throw Error(job.path.string() + ": expected an aligned face, which is square, found " +
                std::to_string(job.image.width) + "x" + std::to_string(job.image.height) +
                " pixels; leave out --aligned for a whole photo");
  const int columns = options.compare ? 2 : 1;
  try {
    if (!options.aligned)
      io::check_size(std::llround(columns * job.image.width * options.face.scale),
                     std::llround(job.image.height * options.face.scale));
  } catch (const Error& error) {
    throw Error(job.path.string() + ": its result would be an " + error.what());
  }
}

Job read_job(const Options& options, const fs::path& path) {
  Job job{path, load_input(path), {}};
  check_job(options, job);
  return job;
}

/// "2 faces, 1 too small to restore"
std::string text_of_faces(const Options& options, const Job& job) {
  const std::size_t faces = options.aligned ? 1 : job.faces.landmarks.size();
  std::string text = std::to_string(faces) + (faces == 1 ? " face" : " faces");
  if (job.faces.too_small > 0) text += ", " + std::to_string(job.faces.too_small) + " too small to restore";
  if (job.faces.outside > 0) text += ", " + std::to_string(job.faces.outside) + " outside the photo";
  return text;
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
        job.path.c_str());
}

/// An aligned face at the size asked for, or else at the network's.
io::Image restore_aligned(Restorer& restorer, const io::Image& face, const Options& options) {
  const int side = restorer.network().resolution;
  const int size = options.size == 0 ? side : options.size;
  if (face.width == size && face.height == size) return restorer.restore_face(face, options.face);
  const io::Image restored = restorer.restore_face(photo::resize(face, side, side), options.face);
  return size == side ? restored : photo::resize(restored, size, size);
}

/// The faces of the photo that are to be restored, sorted out.
void choose_faces(const Options& options, Restorer& restorer, Job& job) {
  job.faces = photo::usable_faces(landmarks_of(options, job.path, job.image, restorer), job.image.width,
                                  job.image.height);
  for (std::size_t i = 0; i < job.faces.exchanged; ++i)
    std::fprintf(stderr,
                 "rfpp-restore: %s: warning: the eyes of a face were given right to left: exchanged\n",
                 job.path.c_str());
}

/// What there is to do: each input and its result.
struct Work {
  std::vector<fs::path> images, outputs;
};

Work plan(const Options& options) {
  const auto inputs = list_inputs(options.inputs, options.results.recursive, options.results.output);
  if (inputs.size() > 1 && !options.landmarks.empty())
    throw Error("--landmarks belongs to one photo; for several put PHOTO.landmarks.json beside each");
  const bool folder_given =
      std::ranges::any_of(options.inputs, [](const std::string& path) { return fs::is_directory(path); });
  const auto outputs = options.results.plan(inputs, folder_given);
  Work work;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (options.results.skip_existing && fs::exists(outputs[i])) continue;
    work.images.push_back(inputs[i].file);
    work.outputs.push_back(outputs[i]);
  }
  if (const std::size_t skipped = inputs.size() - work.images.size(); skipped > 0)
    std::printf("%zu result%s there already\n", skipped, skipped == 1 ? " is" : "s are");
  return work;
}

/// Writes a result; a photo none of whose faces were restored is copied where its form need not change.
void write_result(const Options& options, const Job& job, const fs::path& out) {
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  const bool unchanged =
      !options.aligned && job.faces.landmarks.empty() && options.face.scale == 1 && !options.compare;
  if (!unchanged || job.path.extension() != out.extension())
    return save_image(out, job.image, options.results.quality);
  const io::MappedFile photo(job.path);
  io::AtomicFile copy(out);
  copy.write(photo.bytes());
  copy.commit();
}

void restore_all(const Options& options) {
  const auto [images, outputs] = plan(options);
  if (images.empty()) return;
  Batch batch("rfpp-restore", images.size());
  // While one picture is restored, the next is read and the one before is written.
  std::future<Job> read;
  std::future<void> written;
  std::size_t writing = 0;
  auto read_ahead = [&, &files = images](std::size_t i) {
    if (i < files.size())
      read = std::async(std::launch::async, [&options, &file = files[i]] { return read_job(options, file); });
  };
  auto finish_writing = [&, &files = images] {
    if (written.valid()) batch.attempt(files[writing], [&] { written.get(); });
  };
  read_ahead(0);
  auto restorer = Restorer::open(options.weights, options.run.options("rfpp-restore"));
  const NetworkInfo& network = restorer.network();
  if (!options.weights.empty() && *network.license != '\0')
    std::fprintf(stderr, "rfpp-restore: %s: %s\n", network.name, network.license);
  if (images.size() > 1 && outputs[0].has_parent_path()) fs::create_directories(outputs[0].parent_path());
  for (std::size_t i = 0; i < images.size(); ++i)
    batch.attempt(images[i], [&, &result_path = outputs[i]] {
      std::future<Job> current = std::move(read);
      read_ahead(i + 1);
      Job job = current.get();
      if (options.aligned)
        warn_of_whole_photo(restorer, options, job);
      else
        choose_faces(options, restorer, job);
      const auto start = std::chrono::steady_clock::now();
      io::Image result = options.aligned
                             ? restore_aligned(restorer, job.image, options)
                             : restorer.restore_photo(job.image, job.faces.landmarks, options.face);
      const double seconds = seconds_since(start);
      job.image = options.compare ? side_by_side(job.image, result) : std::move(result);
      finish_writing();
      writing = i;
      written = std::async(std::launch::async, [&options, &result_path, seconds, job = std::move(job)] {
        write_result(options, job, result_path);
        std::printf("%s: %s, %.2f s -> %s\n", job.path.c_str(), text_of_faces(options, job).c_str(), seconds,
                    result_path.c_str());
        std::fflush(stdout);
      });
    });
  finish_writing();
  batch.finish();
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
  app.add_option(
         "--landmarks", o.landmarks,
         "JSON with the faces' five landmarks (default: PHOTO.landmarks.json beside the photo, else the "
         "faces found in it)")
      ->excludes(aligned);
  app.add_option("--faces", o.faces, "all, largest, center, or numbers by descending score: 1,3")
      ->excludes(aligned)
      ->capture_default_str();
  app.add_option("--min-face", o.run.restorer.min_face,
                 "width of the smallest face to find, in pixels; the smaller, the longer it takes (default: "
                 "those found where the photo's longer side is 1280 pixels)")
      ->check(CLI::Range(8.0, 1e6))
      ->excludes(aligned);
  app.add_flag("--detect", o.detect, "only find faces, and write PHOTO.landmarks.json beside each photo")
      ->excludes(aligned);
  app.add_option("--strength", o.face.strength, "1: restored, 0: the input")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--color", o.color,
                 "whose colours faces have: input or restored (default: the input's in photos restored with "
                 "the weights that come with rfpp)")
      ->check(CLI::IsMember({"input", "restored"}));
  app.add_option("--scale", o.face.scale, "size of the result, times the photo's")
      ->check(CLI::Range(1.0, 8.0))
      ->excludes(aligned)
      ->capture_default_str();
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
    restore_all(o);
  });
}
