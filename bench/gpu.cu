// Times RestoreFormer++ and degradations on a GPU, and prints a line of JSON for each: compare_gpu.py's view
// of this library. bench_gpu [repeats]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/cuda/network.hpp"
#include "rfpp/degrade/presets.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using Kind = CudaPacking;

namespace {

/// Times between events on a stream.
class Stopwatch {
 public:
  explicit Stopwatch(cudaStream_t stream) : stream_(stream) {
    rfpp::cuda::check(cudaEventCreate(&begin_), "making an event");
    rfpp::cuda::check(cudaEventCreate(&end_), "making an event");
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() {
    cudaEventDestroy(begin_);
    cudaEventDestroy(end_);
  }
  /// Milliseconds that the device takes for what f() asks of it.
  template <class F> float operator()(F&& f) {
    rfpp::cuda::check(cudaEventRecord(begin_, stream_), "recording an event");
    f();
    rfpp::cuda::check(cudaEventRecord(end_, stream_), "recording an event");
    rfpp::cuda::check(cudaEventSynchronize(end_), "waiting for an event");
    float milliseconds = 0;
    rfpp::cuda::check(cudaEventElapsedTime(&milliseconds, begin_, end_), "reading events");
    return milliseconds;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t begin_ = nullptr, end_ = nullptr;
};

std::string text_of(const std::vector<float>& numbers) {
  std::string text;
  for (const float n : numbers) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "[" + text + "]";
}

struct Setting {
  const char* name;
  CudaPrecision precision;
};
constexpr Setting settings[] = {{"float32", {Kind::split_float16, Kind::split_float16}},
                                {"float32 by TF32", {Kind::split_tf32, Kind::split_tf32}},
                                {"default", {}},
                                {"bfloat16 decoder", {Kind::split_float16, Kind::bfloat16}},
                                {"TF32", {Kind::tf32, Kind::tf32}},
                                {"float16", {Kind::float16, Kind::float16}}};

void time_network(const Network<RestoreFormerPlusPlus>& model, const Setting& setting, int batch,
                  int repeats) {
  constexpr int side = RestoreFormerPlusPlus::spec.resolution;
  CudaNetwork<RestoreFormerPlusPlus> network(0, model, {batch, side, side, 3}, setting.precision);
  const auto image = hashed_tensor<float>("input", {batch, side, side, 3});
  for (int warm_up = 0; warm_up < 3; ++warm_up) network(image);
  Stopwatch milliseconds(network.stream());
  std::vector<float> on_device, with_copies;
  for (int i = 0; i < repeats; ++i) {
    on_device.push_back(milliseconds([&] { network.replay(batch); }));
    with_copies.push_back(milliseconds([&] { network(image); }));
  }
  const auto in_flight = milliseconds([&] {
    auto next = network.start(image);
    for (int i = 1; i < repeats; ++i) std::exchange(next, network.start(image))();
    next();
  });
  std::printf(
      "{\"network\": \"%s\", \"batch\": %d, \"milliseconds\": %s, \"milliseconds_with_copies\": %s, "
      "\"milliseconds_two_in_flight\": %f, \"bytes\": %zu}\n",
      setting.name, batch, text_of(on_device).c_str(), text_of(with_copies).c_str(),
      static_cast<double>(in_flight) / repeats, network.allocated_bytes());
  std::fflush(stdout);  // what was measured is kept where a later setting fails
}

/// Draws of the preset `code`, one after the other, of a face that is on the device already.
void time_degradations(int repeats) {
  constexpr int side = 512, faces = 256;
  Cuda ex;
  const auto image = ex.upload(hashed_tensor<float>("photo", {1, side, side, 3}));
  const auto unit = eval(ex, image * 0.5 + Constant<float>{0.5f, {}});
  Stopwatch milliseconds(ex.device().stream());
  std::vector<float> times;
  for (int i = 0; i <= repeats; ++i)  // the first makes the workspace
    times.push_back(milliseconds([&] {
      for (std::uint64_t face = 0; face < faces; ++face)
        degrade::degrade(ex, draw(degrade::presets::code, 1, face, side, side), unit);
    }));
  times.erase(times.begin());
  ex.synchronize();
  std::printf("{\"degradations\": %d, \"milliseconds\": %s}\n", faces, text_of(times).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::atoi(argv[1]) : 20;
  try {
    Network<RestoreFormerPlusPlus> model;
    fill_hashed(model);
    for (const int batch : {1, 4, 16})
      for (const Setting& setting : settings) time_network(model, setting, batch, repeats);
    time_degradations(repeats);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_gpu: error: %s\n", error.what());
    return 1;
  }
}
