// Measures restored faces against their ground truth, or against the statistics of a set.
#include <map>
#include <memory>
#include <span>

#include "instruments.hpp"
#include "program.hpp"
#include "rfpp/metrics/frechet.hpp"
#include "rfpp/metrics/report.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/restorer.hpp"
#include "rfpp/restorer/networks.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

struct Options {
  std::string restored, truth, arcface, dictionary, statistics, save_statistics, json, html, device = "cpu";
  std::vector<std::string> lpips;
  bool authors = false, recursive = false;
  int threads = 0;
};

/// What is measured with, and what its values are called.
struct Measures {
  InstrumentFiles files;
  std::unique_ptr<Instruments> instruments;
  std::string features;  // the name of what makes them; empty where nothing does

  explicit Measures(const Options& o)
      : files{o.lpips,      o.arcface,
              o.dictionary, shipped_weights("centerface", RestorerOptions{}.weights_folder),
              {},           {}} {
    if (o.authors) files.order = metrics::ColorOrder::authors;
    if (!files.centerface.empty()) features = "centerface";
    if (!o.arcface.empty()) features = "arcface";
    if (!o.dictionary.empty()) {
      const NetworkEntry* fits = fitting_network(io::Checkpoint::open(o.dictionary), makes_faces_of_codes);
      features = files.dictionary_network = fits == nullptr ? "rohqd" : fits->info.name;
    }
    instruments = on_device<InstrumentsService>(o.device, o.threads, files);
  }
  std::vector<metrics::MetricInfo> names() const {
    std::vector<metrics::MetricInfo> list{
        {"psnr", true}, {"ssim", true}, {"sharpness", true}, {"color error", false}};
    if (!files.centerface.empty()) list.push_back({"landmark error", false});
    if (!files.lpips.empty()) list.push_back({"lpips", false});
    if (!files.arcface.empty()) list.push_back({"identity distance", false});
    return list;
  }
  void collect(const Tensor<float>& image, metrics::FeatureCollector& to) const {
    if (features.empty()) return;
    const auto rows = instruments->features(image);
    const auto width = static_cast<std::size_t>(rows.extents().c);
    for (std::size_t i = 0; i < rows.extents().size(); i += width)
      to.add(std::span<const float>(rows.elements().subspan(i, width)));
  }
};

/// The images of a folder by their names without extensions, below that folder.
std::map<std::string, fs::path> by_stem(const std::string& folder, bool recursive) {
  std::map<std::string, fs::path> files;
  for (const InputImage& input : list_inputs({folder}, recursive))
    if (const auto [other, fresh] =
            files.emplace(fs::path(input.name).replace_extension().generic_string(), input.file);
        !fresh)
      throw Error(input.file.string() + ": has the name of " + other->second.string() +
                  "; expected one image of each name, so put them into folders of their own");
  return files;
}

io::Image side_by_side(const fs::path& restored, const fs::path& truth) {
  constexpr int side = 224;
  io::Image both(2 * side, side, 3);
  for (int half = 0; half < 2; ++half) {
    const auto rgb = photo::to_image(photo::to_tensor(load_image(half == 0 ? restored : truth)));
    const io::Image small = photo::resize(rgb, side, side);
    for (int y = 0; y < side; ++y) std::copy_n(small.row(y), small.row_size(), both.row(y) + half * 3 * side);
  }
  return both;
}

/// One pair's values, in the order of names().
std::vector<double> measure(const Measures& with, const fs::path& restored, const fs::path& truth,
                            metrics::FeatureCollector& restored_features,
                            metrics::FeatureCollector& truth_features) {
  const auto a = photo::to_tensor(load_input(restored)), b = photo::to_tensor(load_input(truth));
  auto values = with.instruments->measure(a, b);
  with.collect(a, restored_features);
  with.collect(b, truth_features);
  return values;
}

/// Measures each restored image that has a ground truth. What fails is left out of all values, and named.
void measure_pairs(const Options& o, const Measures& with, const std::map<std::string, fs::path>& restored,
                   metrics::FeatureCollector& restored_features, metrics::FeatureCollector& truth_features,
                   metrics::Evaluation& result) {
  const auto truth = by_stem(o.truth, o.recursive);
  result.metrics = with.names();
  std::vector<std::string> paired;
  for (const auto& [name, file] : truth) (restored.contains(name) ? paired : result.missing).push_back(name);
  for (const auto& [name, file] : restored)
    if (!truth.contains(name)) result.unmatched.push_back(name);
  if (paired.empty()) throw Error(o.restored + ": no image has the name of one in " + o.truth);
  Batch batch("rfpp-evaluate", paired.size());
  for (const std::string& name : paired) {
    const bool measured = batch.attempt(restored.at(name), [&] {
      result.pairs.push_back(
          {name, measure(with, restored.at(name), truth.at(name), restored_features, truth_features)});
    });
    if (!measured) result.failed.push_back(name);
  }
  if (result.pairs.empty()) batch.finish();
  if (o.authors) result.divisor = truth.size();
}

metrics::Evaluation evaluate(const Options& o, const Measures& with) {
  const auto restored = by_stem(o.restored, o.recursive);
  metrics::FeatureCollector restored_features, truth_features;
  metrics::Evaluation result;
  if (o.truth.empty()) {
    Batch batch("rfpp-evaluate", restored.size());
    for (const auto& [name, file] : restored)
      if (!batch.attempt(file, [&, &image = file] {
            with.collect(photo::to_tensor(load_input(image)), restored_features);
          }))
        result.failed.push_back(name);
    if (result.failed.size() == restored.size()) batch.finish();
  } else {
    measure_pairs(o, with, restored, restored_features, truth_features, result);
  }
  if (!o.save_statistics.empty())
    save_statistics(restored_features.statistics(), o.save_statistics, with.features);
  if (!o.statistics.empty())
    result.frechet = frechet_distance(restored_features.statistics(),
                                      metrics::load_statistics(o.statistics, with.features));
  else if (!with.features.empty() && result.pairs.size() > 1)
    result.frechet = frechet_distance(restored_features.statistics(), truth_features.statistics());
  return result;
}

void print(const metrics::Evaluation& e, const std::string& features) {
  if (!e.pairs.empty()) std::printf("%-18s %10s %10s %10s %10s\n", "", "mean", "median", "lowest", "highest");
  for (std::size_t i = 0; i < e.metrics.size(); ++i) {
    const auto s = summary_of(e, i);
    std::printf("%-18s %10.4f %10.4f %10.4f %10.4f\n", e.metrics[i].name.c_str(), s.mean, s.median, s.lowest,
                s.highest);
  }
  if (e.frechet) std::printf("Frechet distance, features of %s: %.4f\n", features.c_str(), *e.frechet);
  if (!e.pairs.empty()) std::printf("%zu pairs\n", e.pairs.size());
  for (const std::string& name : e.missing)
    std::fprintf(stderr, "rfpp-evaluate: no restored image for %s\n", name.c_str());
  for (const std::string& name : e.unmatched)
    std::fprintf(stderr, "rfpp-evaluate: no ground truth for %s\n", name.c_str());
}

void run(const Options& o) {
  if (o.truth.empty() && o.statistics.empty() && o.save_statistics.empty())
    throw Error("expected --truth, --statistics or --save-statistics: there is nothing to measure against");
  for (const std::string& file : {o.json, o.html, o.save_statistics}) check_writable(file);
  const Measures with(o);
  if (with.features.empty() && !(o.statistics.empty() && o.save_statistics.empty()))
    throw Error(
        "--statistics and --save-statistics need --arcface or --dictionary, or the shipped detector: what "
        "the "
        "features are of");
  const auto result = evaluate(o, with);
  print(result, with.features);
  if (!o.json.empty()) write_text(o.json, to_json(result).dump(1) + "\n");
  if (!o.html.empty()) {
    const auto restored = by_stem(o.restored, o.recursive);
    const auto truth = o.truth.empty() ? restored : by_stem(o.truth, o.recursive);
    write_text(o.html, html_report(result, [&](const std::string& name) {
                 return side_by_side(restored.at(name), truth.at(name));
               }));
  }
  if (!result.failed.empty())
    throw Error(std::to_string(result.failed.size()) + " images failed and are in no value");
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Measures restored faces", "rfpp-evaluate");
  app.add_option("restored", o.restored, "folder of restored images")->required();
  app.add_option("--truth", o.truth, "folder of ground truths, matched by name");
  app.add_flag("--recursive", o.recursive,
               "also the folders in folders; pairs then have the same place, too");
  app.add_option("--lpips", o.lpips,
                 "LPIPS weights: one file, or torchvision's VGG16 and the channel weights");
  app.add_option("--arcface", o.arcface,
                 "identity network, arcface_resnet18.pth: identity and Frechet distance");
  app.add_option(
      "--dictionary", o.dictionary,
      "ROHQD's weights: Frechet distance over its latents, else over identity features, else over what "
      "the shipped detector sees");
  app.add_option("--statistics", o.statistics, "measure the Frechet distance to these");
  app.add_option("--save-statistics", o.save_statistics, "write those of the restored images");
  app.add_flag(
      "--authors", o.authors,
      "as the scripts of the RestoreFormer papers: red and blue exchanged for networks, means over all "
      "ground truths, even those without a restored image");
  app.add_option("--json", o.json, "write all values");
  app.add_option("--html", o.html, "write a report with distributions, best and worst pairs");
  add_device(app, o.device);
  add_threads(app, o.threads);
  return run_program(app, argc, argv, [&] { run(o); });
}
