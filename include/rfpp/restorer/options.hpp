#ifndef RFPP_RESTORER_OPTIONS_HPP
#define RFPP_RESTORER_OPTIONS_HPP

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "rfpp/core/precision.hpp"
#include "rfpp/photo/color.hpp"
#include "rfpp/photo/mask.hpp"
#include "rfpp/photo/similarity.hpp"

/// The folder of the weights that come with rfpp, as the target rfpp::restorer knows it; searched last.
#if !defined(RFPP_WEIGHTS)
#define RFPP_WEIGHTS ""
#endif

namespace rfpp {
inline namespace v0 {

/// How far a call has come.
struct Progress {
  double done = 0;  ///< of the whole call, 0 to 1
  /// The face in hand, from 0, and how many there are; the background comes after the last of them.
  int face = 0, faces = 0;
};

/// How a Restorer is opened.
struct RestorerOptions {
  std::string device = "cpu";  ///< cpu, cuda or cuda:N
  Precision precision = Precision::exact;
  int threads = 0;          ///< of the processor; 0: as many as the machine has
  bool low_memory = false;  ///< smaller packed weights, for algorithms that are somewhat slower
  bool cache = false;       ///< keep packed weights beside the checkpoint, for a faster next start
  /// Faces, of a photo or of restore_faces, that the network gets at once; 0: one on a processor, which takes
  /// as long for several as for one after the other, eight on a GPU.
  int batch = 0;
  std::string network{};  ///< by name; empty: the one that the weights fit
  bool hashed = false;    ///< deterministic, untrained weights instead of a file's: to test with
  /// A face detector's weights: CenterFace or RetinaFace, recognized by their parameters; empty: those that
  /// come with rfpp.
  std::string detector{};
  double min_face = 0;  ///< width of the smallest face to find, in pixels; 0: as the detector has it
  /// A face parser's weights, ParseNet's or BiSeNet's, which limits what is pasted to the face; empty: none.
  std::string parser{};
  /// An upscaler's weights, one of Real-ESRGAN's, for what is around the faces; empty: Lanczos interpolation.
  std::string background{};
  // NOLINTNEXTLINE(readability-redundant-string-init): RFPP_WEIGHTS may be empty
  std::string weights_folder = RFPP_WEIGHTS;  ///< where else the weights that come with rfpp are looked for
  /// Called during restoration, on the calling thread; false makes the call throw Cancelled.
  std::function<bool(const Progress&)> on_progress{};
  /// Called with what a user may want to know and no result says; one line.
  std::function<void(const std::string&)> on_message{};
};

/// How faces are restored.
struct FaceOptions {
  double strength = 1;  ///< 1: restored, 0: the input, between them: a blend
  /// Whose colors faces have. By default the network's; the input's in photos restored with the weights that
  /// come with rfpp.
  std::optional<photo::Color> color{};
  /// Of a whole photo's result, 1 or more, times the photo's size; by default that of the network
  /// RestorerOptions::background, or 1 without one.
  std::optional<double> scale{};
  photo::Mask mask = photo::Mask::face;  ///< where there is no parser
  /// 0: quality, 1: closeness to the input; for networks that have such a choice (see NetworkInfo).
  std::optional<double> fidelity{};
  std::optional<std::uint64_t> seed{};  ///< of the noise that some networks add
};

/// What the front door knows of a network.
struct NetworkInfo {
  const char* name;
  int resolution;  ///< side of the aligned faces that it takes, in pixels
  /// What a user of its published weights has to know of their license, in one line; empty for free ones.
  const char* license = "";
  photo::Landmarks alignment =
      photo::ffhq_template;         ///< where it expects the landmarks, in a face of 512x512
  photo::ParsedMask parsed_mask{};  ///< what is pasted of a face where there is a parser
  /// Faces that are narrower than this in the result, in pixels, are smoothed before they are pasted; see
  /// photo::smoothed.
  double smoothed_below = 0;
  std::optional<double> fidelity{};  ///< the default of FaceOptions::fidelity; empty: it has no such choice
  int codebook_entries = 0, code_side = 0;  ///< of its dictionary, and of a face's indices; 0: it has none
  bool codes_suffice = false;               ///< whether it makes a face of indices alone
  bool has_noise = false;                   ///< whether FaceOptions::seed does anything
  /// The end of a parameter's name that only a version of the network has that cannot be run, and what its
  /// user is told.
  const char *refused = "", *refusal = "";
};

}  // namespace v0
}  // namespace rfpp

#endif
