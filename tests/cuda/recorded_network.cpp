#include "rfpp/cuda/recorded_network.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "little_networks.hpp"
#include "rfpp/cuda/messages.hpp"
#include "rfpp/cuda/thrust.hpp"
#include "rfpp/model/hashed.hpp"
#include "support.hpp"

// What is above the device, with an executor on the processor whose searches fail when they are told to.

using namespace rfpp;
using namespace rfpp::test;

namespace {

class HostStream : public ThrustHost {
  using Kernels = std::vector<std::function<void()>>;
  std::shared_ptr<Kernels*> recording_ = std::make_shared<Kernels*>(nullptr);

 public:
  struct Mark {};
  class Graph {
   public:
    Graph(const HostStream& device, auto&& f) {
      *device.recording_ = &kernels_;
      f();
      *device.recording_ = nullptr;
    }
    void start(const HostStream&) const {
      for (const auto& kernel : kernels_) kernel();
    }

   private:
    Kernels kernels_;
  };
  Memory& host_memory() const { return memory(); }
  void start_upload(void* to, const void* from, std::size_t bytes) const { upload(to, from, bytes); }
  void start_download(void* to, const void* from, std::size_t bytes) const { download(to, from, bytes); }
  Mark mark() const { return {}; }
  void wait_for(Mark) const {}
  void synchronize() const {}
  template <class Kernel> void for_each(std::size_t count, const Kernel& kernel) const {
    if (*recording_ == nullptr) return ThrustHost::for_each(count, kernel);
    (*recording_)->push_back([count, kernel] { ThrustHost().for_each(count, kernel); });
  }
};
static_assert(rfpp::cuda::GraphDevice<HostStream>);

bool fails = false;  // the next search
struct FailOnceKernel {
  int* failed;
  void operator()(std::size_t) const {
    if (std::exchange(fails, false)) *failed = 1;
  }
};
struct FailingKernel {
  void operator()(std::size_t) const {
    throw thrust::system_error(thrust::error_code(1, thrust::generic_category()), "no image for the device");
  }
};
class FallibleExecutor : public Thrust<HostStream> {
  using Base = Thrust<HostStream>;

 public:
  explicit FallibleExecutor(int = 0) {}
  void pack(Filter<float>&, Packing::Kind) {}
  bool search_failed() {
    const bool failed = Base::search_failed();
    return std::exchange(fails, false) || failed;
  }
  void search_failed(const Tensor<int>& to) {
    Base::search_failed(to);
    launch(1, FailOnceKernel{to.data()});
  }
  void launch_failing() { launch(1, FailingKernel{}); }
};
using Little = RecordedNetwork<LittleRestorer, FallibleExecutor>;
constexpr Extents little_face{1, 32, 32, 3};

Network<LittleRestorer> little_network() {
  Network<LittleRestorer> model;
  fill_hashed(model);
  return model;
}

}  // namespace

TEST_CASE("an error while a face is made again leaves the recorded outputs") {
  Little network(0, little_network(), little_face);
  const Tensor<float> zeros(little_face);
  const auto expected = network(zeros);
  REQUIRE_FALSE(expected.repeated);

  Tensor<float> bad = Tensor<float>(little_face);
  bad.data()[0] = NAN;
  fails = true;
  CHECK_THROWS_AS(network(bad), Error);

  const auto found = network(zeros);
  CHECK_FALSE(found.repeated);
  CHECK(same_bits(found.image, expected.image));
}

TEST_CASE("faces are made and encoded again where a search fails, in memory that is there already") {
  Little network(0, little_network(), little_face);
  const Tensor<float> zeros(little_face);
  const auto expected = network(zeros);
  const std::size_t bytes = network.allocated_bytes();
  fails = true;
  const auto found = network(zeros);
  CHECK(found.repeated);
  CHECK(same_bits(found.image, expected.image));
  CHECK(network.allocated_bytes() == bytes);

  fails = true;
  const auto encoded = network.encode(zeros);
  CHECK_FALSE(fails);
  CHECK(same_bits(encoded.latent, expected.encoded.latent));
}

TEST_CASE("a network whose search fails over zeros is recorded all the same") {
  fails = true;
  Little network(0, little_network(), little_face);
  CHECK_FALSE(network(Tensor<float>(little_face)).repeated);
}

TEST_CASE("no driver is not an older driver") {
  CHECK(rfpp::cuda::driver_message(0, 13000) == "CUDA: no NVIDIA driver was found; --device cpu needs none");
  CHECK(rfpp::cuda::driver_message(12080, 13000) ==
        "CUDA: expected a driver for CUDA 13.0 or later, found one for 12.8; --device cpu needs none");
}

TEST_CASE("what Thrust throws becomes an Error") {
  FallibleExecutor ex;
  CHECK_THROWS_AS(ex.launch_failing(), Error);
}
