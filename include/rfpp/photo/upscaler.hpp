#ifndef RFPP_PHOTO_UPSCALER_HPP
#define RFPP_PHOTO_UPSCALER_HPP

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/model/rrdbnet.hpp"
#include "rfpp/model/srvgg.hpp"
#include "rfpp/photo/tiles.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// The networks of Real-ESRGAN's published files. RealESRNet_x4plus has the parameters of the second,
/// realesr-general-wdn-x4v3 those of the fourth.
using Upscalers =
    NetworkList<RrdbNet<RealEsrganX2Plus>, RrdbNet<RealEsrganX4Plus>, RrdbNet<RealEsrganX4PlusAnime>,
                SrvggNet<RealEsrGeneralX4V3>, SrvggNet<RealEsrAnimeVideoV3>>;

/// The workspace that one tile of a photo takes.
template <class Model> std::size_t tile_bytes(const Model& model, int threads, int width, int height) {
  const Tiling tiling{Model::tile, Model::context};
  DryRun dry(threads);
  model(dry, Tensor<float>::declared({1, TileRow(height, Model::unit, tiling).size,
                                      TileRow(width, Model::unit, tiling).size, 3}));
  return dry.peak_bytes();
}

/// One of them, whichever a file holds: it makes photos of any size `scale()` times larger. Copies share the
/// network.
class Upscaler {
 public:
  using Progress = std::function<void(double share)>;

  /// Which network the file holds is seen by its parameters. Throws Error where it is none of them, saying
  /// which is the nearest and what differs where one is near.
  static Upscaler open(Cpu& ex, const std::filesystem::path& file) {
    const auto checkpoint = io::Checkpoint::open(file);
    std::string nearest;
    std::size_t fewest = 0;
    bool similar = false;  // whether half of any one's parameters are there
    Upscalers::for_each([&](const auto& model) {
      const auto shapes = io::parameter_shapes(model);
      const auto mismatch = io::compare_parameters(shapes, checkpoint);
      similar = similar || 2 * mismatch.missing.size() < shapes.size();
      if (!nearest.empty() && mismatch.size() >= fewest) return;
      nearest = model.name;
      fewest = mismatch.size();
    });
    if (!similar) throw io::unrecognized(checkpoint, file.string(), "an upscaler", Upscalers::names());
    Upscaler upscaler;
    try {
      Upscalers::visit(nearest, [&](auto model) { upscaler = load(ex, std::move(model), file); });
    } catch (const Error& error) {
      if (fewest == 0) throw;
      throw Error(std::string(error.what()) + "; of " + Upscalers::names() + " the nearest is " + nearest);
    }
    return upscaler;
  }

  const std::string& name() const { return name_; }
  int scale() const { return scale_; }

  /// See upscale(). `ex` need not be the one that the file was opened with.
  io::Image operator()(Cpu& ex, const io::Image& photo, const Progress& progress = {}) const {
    return run_(ex, photo, progress);
  }

 private:
  template <class Model> static Upscaler load(Cpu& ex, Model model, const std::filesystem::path& file) {
    load_prepared(ex, model, file, {1, Model::tile, Model::tile, 3});
    Upscaler upscaler;
    upscaler.name_ = Model::name;
    upscaler.scale_ = Model::scale;
    upscaler.run_ = [model = std::make_shared<const Model>(std::move(model))](Cpu& on, const io::Image& photo,
                                                                              const Progress& progress) {
      on.workspace().reserve(tile_bytes(*model, on.threads(), photo.width, photo.height));
      return upscale(on, *model, photo, progress);
    };
    return upscaler;
  }

  std::string name_;
  int scale_ = 1;
  std::function<io::Image(Cpu&, const io::Image&, const Progress&)> run_;
};

/// The photo at `scale` (1 or more) times its size, through the network and, where its scale is another, then
/// by Lanczos interpolation.
inline io::Image upscale_to(Cpu& ex, const Upscaler& upscaler, const io::Image& photo, double scale,
                            const Upscaler::Progress& progress = {}) {
  const auto [width, height] = enlarged_size(photo, scale);
  io::Image larger = upscaler(ex, photo, progress);
  return larger.width == width && larger.height == height ? larger : resize(larger, width, height);
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
