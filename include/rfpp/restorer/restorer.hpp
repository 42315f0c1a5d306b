#ifndef RFPP_RESTORER_RESTORER_HPP
#define RFPP_RESTORER_RESTORER_HPP

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/photo/usable_faces.hpp"
#include "rfpp/restorer/options.hpp"

namespace rfpp {
inline namespace RFPP_DOOR_ABI {

/// A face as the dictionary's entries: side x side indices, row after row.
struct FaceCodes {
  std::string network;  ///< the name of the network whose dictionary is meant
  int side = 0;
  std::vector<std::int16_t> indices;
};

/// Restores faces with whatever network a file of weights holds, on whatever device. Made by open(). Can be
/// moved, not copied. One thread at a time may call a Restorer; several Restorers may be used at once. All
/// calls throw Error, with one line that says what was expected and found, and Cancelled where
/// RestorerOptions::on_progress asked to stop. The same input gives the same bits, whatever the number of
/// threads and the faces restored beside it.
class Restorer {
 public:
  /// A checkpoint in any form that io::Checkpoint reads (.safetensors, .pth, .ckpt). Of several networks that
  /// it fits, options.network chooses. "" is the weights that come with rfpp: of the network named in the
  /// options, or else of restoreformer++-medium, or, where they are hashed, of restoreformer++.
  static Restorer open(const std::filesystem::path& file = {}, const RestorerOptions& options = {});

  Restorer(Restorer&&) noexcept;
  Restorer& operator=(Restorer&&) noexcept;
  ~Restorer();

  const NetworkInfo& network() const;
  /// How many times larger the network RestorerOptions::background makes photos; 1 without one.
  int background_scale() const;

  /// The faces in a photo, by descending score.
  std::vector<detect::Face> find_faces(const io::Image& photo);

  /// Finds the faces in a photo, restores them and pastes them back. Alpha, color profile and gray are kept,
  /// and all pixels without faces where the scale is 1 and there is no network for the background.
  io::Image restore_photo(const io::Image& photo, const FaceOptions& options = {});
  /// The same for the faces of these landmarks. Those that cannot be restored stay as they are, see
  /// photo::usable_faces.
  io::Image restore_photo(const io::Image& photo, std::span<const photo::Landmarks> faces,
                          const FaceOptions& options = {});

  /// Restores an aligned face, as FFHQ aligns them, of any size; the result has that size too. A gray one
  /// stays gray.
  io::Image restore_face(const io::Image& face, const FaceOptions& options = {});
  /// The same for many, which the network gets RestorerOptions::batch at a time.
  std::vector<io::Image> restore_faces(std::span<const io::Image> faces, const FaceOptions& options = {});

  /// An aligned face of any size as indices into the network's dictionary, and back. Throw Error for a
  /// network without a dictionary, and the second for one whose decoder needs more than indices.
  FaceCodes encode_face(const io::Image& face);
  io::Image decode_face(const FaceCodes& codes);

 private:
  struct State;
  explicit Restorer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// io::read_image and io::write_image, for programs that are to compile fast: a PNG, JPEG, BMP or PNM,
/// upright; and a PNG or JPEG, by the extension.
io::Image load_image(const std::filesystem::path& file);
void save_image(const std::filesystem::path& file, const io::Image& image, int jpeg_quality = 95);

}  // namespace RFPP_DOOR_ABI
}  // namespace rfpp

#endif
