// Restores faces: aligned ones as they are, or those of whole photos, where it finds them.
#include "rfpp/photo/restore.hpp"
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <variant>

#include "detector.hpp"
#include "program.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

struct Options {
  std::vector<std::string> inputs;
  std::string output = "restored", weights, model, landmarks, faces = "all", color;
  bool aligned = false, compare = false, detect = false;
  double strength = 1, scale = 1, min_face = 0;
  std::shared_ptr<Detector> detector;
  RunOptions run;

  photo::RestoreOptions restoring() const {
    return {strength, color == "input" ? photo::Color::input : photo::Color::restored, scale};
  }
};

/// The chosen of the faces given, or else of those in PHOTO.landmarks.json beside the photo, or else of those
/// that are found.
std::vector<photo::Landmarks> landmarks_of(const Options& options, const fs::path& path,
                                           const io::Image& image) {
  std::vector<detect::Face> faces;
  if (!options.landmarks.empty())
    faces = read_faces(options.landmarks);
  else if (fs::exists(landmarks_file(path)))
    faces = read_faces(landmarks_file(path));
  else
    faces = options.detector->find(image);
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

fs::path output_path(const Options& options, const fs::path& image) {
  const std::string extension = image.extension() == ".jpg" || image.extension() == ".jpeg" ? ".jpg" : ".png";
  return fs::path(options.output) / (image.stem().string() + extension);
}

/// What is written for each image; no result may overwrite an image or another result.
std::map<fs::path, fs::path> output_paths(const Options& options, const std::vector<fs::path>& images) {
  std::map<fs::path, fs::path> outputs;
  std::map<fs::path, fs::path> taken;
  for (const fs::path& image : images) {
    const fs::path out = output_path(options, image);
    if (fs::exists(out) && fs::exists(image) && fs::equivalent(out, image))
      throw Error(image.string() + ": would be overwritten by its result; choose another --output");
    if (const auto [other, fresh] = taken.emplace(out, image); !fresh)
      throw Error(image.string() + ": its result would overwrite that of " + other->second.string());
    outputs[image] = out;
  }
  return outputs;
}

/// Whether a photo without faces can be copied, file by file.
bool kept_as_it_is(const Options& options, const fs::path& photo, const fs::path& out) {
  return options.scale == 1 && !options.compare && photo.extension() == out.extension();
}

/// A picture on its way through the program.
struct Job {
  fs::path path;
  io::Image image;
  std::vector<photo::Landmarks> landmarks;
};

Job read_job(const fs::path& path) {
  Job job{path, io::read_image(path), {}};
  for (const auto& warning : job.image.warnings)
    std::fprintf(stderr, "%s: warning: %s\n", path.c_str(), warning.c_str());
  return job;
}

using Restorer = std::function<io::Image(const Job&)>;

template <class Ex, class Model>
Restorer restorer_of(std::shared_ptr<Ex> ex, std::shared_ptr<Model> model, const Options& options) {
  return [ex, model, &options](const Job& job) {
    return options.aligned ? photo::restore_face(*ex, *model, job.image, options.restoring())
                           : photo::restore_photo(*ex, *model, job.image, job.landmarks, options.restoring());
  };
}

/// A network on a GPU as the photo pipeline calls it.
template <class N> struct OnGpu {
  static constexpr NetworkSpec spec = N::spec;
  std::unique_ptr<GpuNetwork<N>> network;

  auto operator()(auto&, const Tensor<float>& face) const {
    auto output = network->run(face);
    if (output.repeated)
      std::fprintf(
          stderr, "restore: a face was beyond the range of 16-bit numbers, and was made again with others\n");
    return output;
  }
};

template <class N> Restorer make_restorer(const Options& options) {
  constexpr Extents face{1, N::spec.resolution, N::spec.resolution, 3};
  if (const int gpu = gpu_index(options.run.device); gpu >= 0) {
    Network<N> model;
    load_raw(model, options.weights);
    auto network = network_on_gpu(gpu, model, face, options.run.cuda_precision(), Keep::decoder_needs);
    auto on_gpu = std::make_shared<OnGpu<N>>(OnGpu<N>{std::move(network)});
    return restorer_of(std::make_shared<std::monostate>(), std::move(on_gpu), options);
  }
  auto ex = std::make_shared<Cpu>(options.run.threads);
  auto model = std::make_shared<Network<N>>();
  make_ready(*ex, *model, options.weights, face, options.run);
  show_progress(*ex, *model, face);
  return restorer_of(std::move(ex), std::move(model), options);
}

void restore_all(const Options& options, Restorer (*make)(const Options&)) {
  const auto images = list_images(options.inputs);
  if (images.size() > 1 && !options.landmarks.empty())
    throw Error("--landmarks belongs to one photo; for several put PHOTO.landmarks.json beside each");
  const auto outputs = output_paths(options, images);
  fs::create_directories(options.output);
  std::size_t failures = 0;
  auto attempt = [&](auto&& step) {
    try {
      step();
    } catch (const std::exception& error) {
      if (images.size() == 1) throw;
      std::fprintf(stderr, "restore: error: %s\n", error.what());
      ++failures;
    }
  };
  // While one picture is restored, the next is read and the one before is written.
  std::future<Job> read;
  std::future<void> written;
  auto read_ahead = [&](std::size_t i) {
    if (i < images.size()) read = std::async(std::launch::async, [&, i] { return read_job(images[i]); });
  };
  auto finish_writing = [&] {
    if (written.valid()) attempt([&] { written.get(); });
  };
  read_ahead(0);
  const Restorer restore = make(options);
  for (std::size_t i = 0; i < images.size(); ++i)
    attempt([&] {
      std::future<Job> current = std::move(read);
      read_ahead(i + 1);
      Job job = current.get();
      if (!options.aligned) job.landmarks = landmarks_of(options, job.path, job.image);
      const auto start = std::chrono::steady_clock::now();
      io::Image result = restore(job);
      const double seconds = seconds_since(start);
      if (options.compare) result = side_by_side(job.image, result);
      finish_writing();
      const std::size_t faces = options.aligned ? 1 : job.landmarks.size();
      written =
          std::async(std::launch::async, [&, faces, seconds, path = job.path, result = std::move(result)] {
            if (faces == 0 && kept_as_it_is(options, path, outputs.at(path)))
              fs::copy_file(path, outputs.at(path), fs::copy_options::overwrite_existing);
            else
              io::write_image(outputs.at(path), result);
            std::printf("%s: %zu face%s, %.2f s -> %s\n", path.c_str(), faces, faces == 1 ? "" : "s", seconds,
                        outputs.at(path).c_str());
            std::fflush(stdout);
          });
    });
  finish_writing();
  if (failures > 0)
    throw Error(std::to_string(failures) + " of " + std::to_string(images.size()) + " images failed");
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Restores faces in photos", "restore");
  app.add_option("inputs", o.inputs, "photos or aligned faces: files or folders")->required();
  app.add_option("-o,--output", o.output, "folder for the results")->capture_default_str();
  auto* weights = app.add_option(
      "--weights", o.weights, "checkpoint: .ckpt, .pth or .safetensors (default: those that come with rfpp)");
  app.add_option("--model", o.model,
                 "network: " + PublishedNetworks::names() + " (default: the first that fits the weights)");
  auto* aligned =
      app.add_flag("--aligned", o.aligned, "the inputs are aligned faces; other sizes are resized and back");
  app.add_option(
         "--landmarks", o.landmarks,
         "JSON with the faces' five landmarks (default: PHOTO.landmarks.json beside the photo, else the "
         "faces found in it)")
      ->excludes(aligned);
  app.add_option("--faces", o.faces, "all, largest, center, or numbers by descending score: 1,3")
      ->excludes(aligned)
      ->capture_default_str();
  app.add_option("--min-face", o.min_face,
                 "width of the smallest face to find, in pixels; the smaller, the longer it takes (default: "
                 "those found where the photo's longer side is 1280 pixels)")
      ->check(CLI::Range(8.0, 1e6))
      ->excludes(aligned);
  app.add_flag("--detect", o.detect, "only find faces, and write PHOTO.landmarks.json beside each photo")
      ->excludes(aligned);
  app.add_option("--strength", o.strength, "1: restored, 0: the input")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--color", o.color,
                 "whose colours faces have: input or restored (default: the input's in photos restored with "
                 "the weights that come with rfpp)")
      ->check(CLI::IsMember({"input", "restored"}));
  app.add_option("--scale", o.scale, "size of the result, times the photo's")
      ->check(CLI::Range(1.0, 8.0))
      ->excludes(aligned)
      ->capture_default_str();
  o.run.add_to(app);
  app.add_flag("--cache", o.run.cache, "keep packed weights beside the checkpoint, for a faster next start")
      ->needs(weights);
  app.add_flag("--compare", o.compare, "write input and result side by side");
  return run_program(app, argc, argv, [&] {
    const detect::FaceChoice choice(o.faces);
    o.detector = centerface_detector(shipped_weights("centerface"), o.run.threads, o.min_face);
    if (o.detect) return write_faces(*o.detector, list_images(o.inputs), choice);
    if (o.model.empty() && !o.weights.empty()) o.model = fitting_network(io::Checkpoint::open(o.weights));
    if (o.model.empty())
      o.model = o.weights.empty() ? RestoreFormerPlusPlusSmall::name : RestoreFormerPlusPlus::name;
    if (o.color.empty()) o.color = o.weights.empty() && !o.aligned ? "input" : "restored";
    if (o.weights.empty()) o.weights = shipped_weights(o.model);
    if (o.weights.empty())
      std::fprintf(stderr,
                   "restore: no --weights, and none come with rfpp for %s: running with deterministic, "
                   "untrained weights; faces will not look restored\n",
                   o.model.c_str());
    PublishedNetworks::visit(o.model,
                             [&](auto network) { restore_all(o, make_restorer<decltype(network)>); });
  });
}
