#include "rfpp/train/tape.hpp"

#include "finite_differences.hpp"
#include "rfpp/model/codebook.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/resample.hpp"
#include "rfpp/nn/resnet_block.hpp"
#include "rfpp/nn/sft.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

const auto x = random_tensor<double>({2, 6, 5, 8}, 1);
const auto y = random_tensor<double>({2, 6, 5, 8}, 2);

}  // namespace

TEST_CASE("gradients of the residual block agree with finite differences") {
  ResnetBlock<BlockSpec{8, 16, 4}, double> wider;
  check_gradients("8 to 16", with_parameters(wider, {x}), [&](auto& ex) { return wider(ex, x); });
  ResnetBlock<BlockSpec{8, 8, 4}, double> same;
  check_gradients("8 to 8", with_parameters(same, {x}), [&](auto& ex) { return same(ex, x); });
}

TEST_CASE("gradients of the attention block agree with finite differences") {
  MultiHeadAttnBlock<AttentionSpec{8, 2, 4}, double> attention;
  const auto inputs = with_parameters(attention, {x, y});
  check_gradients("cross", inputs, [&](auto& ex) { return attention(ex, x, y); });
  check_gradients("self", inputs, [&](auto& ex) { return attention(ex, x); });
  MultiHeadAttnBlock<AttentionSpec{8, 2, 4, Residual::degraded}, double> degraded;
  check_gradients("cross, residual on the degraded stream", with_parameters(degraded, {x, y}),
                  [&](auto& ex) { return degraded(ex, x, y); });
}

TEST_CASE("gradients of the other layers agree with finite differences") {
  Upsample<8, double> up;
  check_gradients("upsample", with_parameters(up, {x}), [&](auto& ex) { return eval(ex, up(x)); });
  Downsample<8, double> down;
  check_gradients("downsample, nonlinear epilogue", with_parameters(down, {x}),
                  [&](auto& ex) { return eval(ex, silu(down(x))); });
  SftBlock<8, double> sft;
  check_gradients("spatial feature transform", with_parameters(sft, {x, y}),
                  [&](auto& ex) { return sft(ex, x, y); });
  const auto table = random_tensor<double>(matrix_extents(5, 8), 3);
  Tensor<int> index(Extents{2, 6, 5, 1});
  for (std::size_t i = 0; i < 60; ++i) index.data()[i] = static_cast<int>(i * 7 % 5);
  // The loss's detached operands stand still for the gradient, but not for a difference: take each term
  // alone.
  check_gradients("gather", {x, table}, [&](auto& ex) {
    return eval(ex, square(Gather<double>{table, index} - x));
  });
  check_gradients("maximum", {x},
                  [&](auto& ex) { return eval(ex, reduce<Maximum>(x, Over::channels) * 2.0); });
  check_gradients("moments", {x}, [&](auto& ex) { return eval(ex, moments(x, 4, 1e-6)); });
}

TEST_CASE("the quantizer passes gradients straight through") {
  Cpu cpu(1);
  Tape<Cpu> tape(cpu);
  const auto table = random_tensor<double>(matrix_extents(5, 8), 3);
  tape.watch(x);
  tape.watch(table);
  const Tensor<int> index = eval(tape, nearest(x, table));
  const Gather<double> entry{table, index};
  const auto q = eval(tape, map(StraightThrough{}, x, detach(entry)));
  const auto gradients = tape.backward(eval(tape, reduce<Sum>(square(q), Over::all)));
  CHECK(!gradients.find(table));
  check_close(gradients.of(x), eval(cpu, q * 2.0), 1e-15, "gradient at the quantized value");

  const auto loss_gradients = tape.backward(codebook_loss(tape, x, entry));
  const double scale = 2.0 / static_cast<double>(x.extents().size());
  check_close(loss_gradients.of(x), eval(cpu, (x - entry) * scale), 1e-14, "commitment gradient");
}

TEST_CASE("a tape can be gone back over again and for some tensors only") {
  ResnetBlock<BlockSpec{8, 8, 4}, double> block;
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  for (const auto& t : with_parameters(block, {x})) tape.watch(t);
  const auto loss = eval(tape, reduce<Sum>(square(block(tape, x)), Over::all));
  const auto first = tape.backward(loss), second = tape.backward(loss);
  const auto some = tape.backward(loss, {block.conv2.bias.id()});
  CHECK(same_bits(first.of(x), second.of(x)));
  CHECK(same_bits(first.of(block.conv1.weight.raw()), second.of(block.conv1.weight.raw())));
  CHECK(same_bits(first.of(block.conv2.bias), some.of(block.conv2.bias)));
  CHECK(!some.find(x));
  CHECK(contains(error_of([&] { some.of(x); }), "no gradient reached the tensor [2,6,5,8]"));
}

TEST_CASE("writing a tensor that gradients need is refused") {
  Cpu cpu(1);
  Tape<Cpu> tape(cpu);
  const auto watched = copy_of(x);
  tape.watch(watched);
  CHECK(contains(error_of([&] { eval_into(tape, watched, square(watched)); }), "written again"));
  const auto result = eval(tape, square(watched));
  CHECK(contains(error_of([&] { eval_into(tape, result, x * 2.0); }), "written again"));
}
