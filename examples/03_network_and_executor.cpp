// The network itself, on an executor of one's own:
// 03_network_and_executor weights.safetensors face.png restored.png
#include <cstdio>
#include <exception>

#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/photo/restore.hpp"

using namespace rfpp;

/// An executor makes tensors and writes expressions into them. This one lets Cpu do it, and counts.
class Counting {
 public:
  explicit Counting(Cpu& ex) : ex_(ex) {}
  int convolutions = 0, others = 0;

  template <class T> Tensor<T> tensor(Extents e) { return ex_.tensor<T>(e); }
  template <class T, class E> void run(const Tensor<T>& out, const E& e) {
    ++others;
    ex_.run(out, e);
  }
  // What is more special wins: an anchor is a convolution, a matrix product or a reduction with its epilogue.
  template <class T, class X, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a) {
    ++convolutions;
    ex_.run(out, a);
  }

 private:
  Cpu& ex_;
};

int main(int argc, char** argv) try {
  if (argc != 4) throw Error("usage: 03_network_and_executor weights.safetensors face.png restored.png");
  using Medium = RestoreFormerPlusPlusMedium;  // for the published network: RestoreFormerPlusPlus
  constexpr Extents input{1, Medium::spec.resolution, Medium::spec.resolution, 3};

  Network<Medium> model;
  Cpu cpu;
  load_prepared(cpu, model, argv[1], input);  // weights are packed for faces of this size as they are read

  Counting ex(cpu);
  io::write_image(argv[3], photo::restore_face(ex, model, io::read_image(argv[2])));
  std::printf("%s: %d convolutions, %d other evals\n", argv[3], ex.convolutions, ex.others);

  DryRun dry;
  model(dry, Tensor<float>::declared(input));
  return ex.convolutions == dry.convolutions() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
