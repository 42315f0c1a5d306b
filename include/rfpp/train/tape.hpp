#ifndef RFPP_TRAIN_TAPE_HPP
#define RFPP_TRAIN_TAPE_HPP

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/fields.hpp"
#include "rfpp/nn/batch_norm.hpp"
#include "rfpp/train/gradients.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// What a tape keeps of blocks run by recompute() and recompute_images(), the networks' levels and the
/// products of pixels with pixels in their attentions: all that their gradients read, or only what goes in,
/// from which the rest is computed again on the way back, a block at a time. The gradients have the same
/// bits.
enum class Activations { keep, recompute };

/// An executor that also records: the same model text, run on a tape, can be differentiated. Only evaluations
/// that read a watched tensor, or something computed from one, are recorded; prologues are computed again on
/// the way back.
template <class Ex, Mode M = Mode::evaluation> class Tape {
 public:
  static constexpr Mode mode = M;
  static constexpr bool recomputes = true;

  explicit Tape(Ex& ex, Activations activations = Activations::keep) : ex_(ex), activations_(activations) {
    constexpr bool may_be_under_a_tape = TrainingExecutor<Ex>;
    static_assert(may_be_under_a_tape,
                  "Tape: the executor lacks run(out, expression, accumulate), add_reduced or scatter_rows");
  }

  /// Gradients are wanted for t: to be called before anything reads it.
  template <class T> void watch(const Tensor<T>& t) {
    tracked_.insert(t.id());
    watched_.insert(t.id());
    kept_.push_back(t.storage);
  }

  /// Watches the parameters of a model whose path `wanted` accepts; running statistics never.
  template <class Model, class F> void watch_parameters(const Model& model, F&& wanted) {
    walk(
        [&](const std::string& path, const auto& parameter) {
          if (is_running_statistic(path) || !wanted(path)) return;
          if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>)
            watch(parameter.raw());
          else
            watch(parameter);
        },
        model);
  }
  template <class Model> void watch_parameters(const Model& model) {
    watch_parameters(model, [](const std::string&) { return true; });
  }

  template <class T> Tensor<T> tensor(Extents e) { return ex_.template tensor<T>(e); }
  template <class T> Tensor<T> upload(const Tensor<T>& host) { return ex_.upload(host); }
  template <class T> Tensor<T> download(const Tensor<T>& t) { return ex_.download(t); }
  template <class T, class E> void run(const Tensor<T>& out, const E& e) {
    refuse_tracked(out);
    ex_.run(out, e);
    if constexpr (check_gradient<E>())
      if (detail::reads_any(e, tracked_)) record(out, e);
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a) {
    refuse_tracked(out);
    if (!check_gradient<Anchor<Core, Epilogue>>() || !detail::reads_any(a, tracked_)) return ex_.run(out, a);
    if constexpr (check_gradient<Anchor<Core, Epilogue>>()) {
      if constexpr (detail::linear_in_accumulator<Epilogue>) {
        ex_.run(out, a);
        record(out, a);
      } else {  // the epilogue's derivative reads the accumulator: keep it
        auto accumulator = tensor<T>(a.core.extents());
        run(accumulator, anchor(a.core));
        run(out, detail::with_accumulator(a.epilogue, accumulator));
      }
    }
  }

  /// What recompute() calls.
  template <class Block, class X> auto run_block(const Block& block, X x) {
    using Y = decltype(block(*this, x));
    if (activations_ == Activations::keep) return block(*this, std::move(x));
    Tape inner(ex_, activations_, tracked_);
    Y y = block(inner, x);
    for (auto& update : inner.updates_) updates_.push_back(std::move(update));
    if (inner.tracked_.count(bare(y).id()) == tracked_.count(bare(y).id())) return y;
    TensorSet reads;
    for (const auto& record : inner.records_) record->add_reads(reads);
    records_.push_back(
        std::make_unique<Recomputed<Block, X, bare_t<Y>>>(block, std::move(x), bare(y), std::move(reads)));
    tracked_.insert(bare(y).id());
    return y;
  }

  /// What recompute_images() calls.
  template <class Block, class... X> auto run_images(const Block& block, const X&... x) {
    if (activations_ == Activations::keep)
      return block(*this, x...);
    else
      return record_images(block, bare(eval(*this, x))...);
  }

  /// What a batch norm calls in training.
  template <class T> void observe(const BatchObservation<T>& o) {
    updates_.push_back([&ex = ex_, o] { o.update(ex); });
  }
  /// Brings the running statistics of batch norms up to what this tape has seen, in the order of the batches.
  void update_running_statistics() {
    for (const auto& update : std::exchange(updates_, {})) update();
  }

  /// Gradients of the sum of y with respect to `wrt`, or to everything watched where that is empty. Can be
  /// called any number of times.
  template <class T> Gradients backward(const Tensor<T>& y, const TensorSet& wrt = {}) {
    auto one = ex_.template tensor<T>(y.extents());
    ex_.run(one, Constant<T>{T(1), y.extents()});
    Gradients cotangents;
    cotangents.put(y.id(), std::move(one));
    return backward(std::move(cotangents), wrt);
  }
  /// The same where several results have cotangents: gradients of the sum of the inner products.
  Gradients backward(Gradients cotangents, const TensorSet& wrt = {}) {
    TensorSet wanted = wrt.empty() ? tracked_ : wrt;
    if (!wrt.empty())
      for (const auto& record : records_)
        if (record->reads_any(wanted)) wanted.insert(record->result());
    detail::Back<Ex> back{ex_, cotangents, wanted};
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) go_back_over(**record, back);
    return cotangents;
  }

 private:
  /// Whether e has a gradient; integers have none, anything else must have one.
  template <class E> static constexpr bool check_gradient() {
    if constexpr (std::is_floating_point_v<typename E::value>) {
      constexpr bool has_adjoint = detail::has_gradient<E>;
      static_assert(
          has_adjoint,
          "Tape: the expression holds a node or functor without an adjoint: evaluate it on the executor "
          "itself");
      return has_adjoint;
    } else {
      return false;
    }
  }
  struct Record {
    virtual ~Record() = default;
    virtual const Block* result() const = 0;
    /// Takes another tensor of the same elements for its result.
    virtual void become(const AnyTensor& same) = 0;
    virtual bool reads_any(const TensorSet& set) const = 0;
    virtual void add_reads(TensorSet& set) const = 0;
    /// Passes the result's gradient on; where it is not `kept`, it may go before the rest is done.
    virtual void push(detail::Back<Ex>& back, bool kept) const = 0;
  };
  template <class E, class T> struct RecordOf final : Record {
    E e;
    Tensor<T> y;
    RecordOf(E expression, Tensor<T> value) : e(std::move(expression)), y(std::move(value)) {}
    const Block* result() const override { return y.id(); }
    void become(const AnyTensor& same) override { static_cast<AnyTensor&>(y) = same; }
    bool reads_any(const TensorSet& set) const override { return detail::reads_any(e, set); }
    void add_reads(TensorSet& set) const override { leaves(e, detail::AddReads{set}); }
    void push(detail::Back<Ex>& back, bool) const override {
      const Tensor<T> g = back.gradients.of(y);
      if constexpr (is_anchor<E>) {
        detail::push(back, e.epilogue, g);
        const Tensor<T> at_accumulator = eval(back.ex, detail::accumulator_cotangent(e.epilogue, g));
        detail::push_core(back, e.core, at_accumulator, y);
      } else {
        detail::push(back, e, g);
      }
    }
  };
  template <class B, class X, class Y> struct Recomputed final : Record {
    B block;
    X x;
    Y y;
    TensorSet reads;
    Recomputed(B b, X operand, Y value, TensorSet ids)
        : block(std::move(b)), x(std::move(operand)), y(std::move(value)), reads(std::move(ids)) {}
    const Block* result() const override { return y.id(); }
    void become(const AnyTensor& same) override { static_cast<AnyTensor&>(y) = same; }
    bool reads_any(const TensorSet& set) const override {
      return std::any_of(reads.begin(), reads.end(), [&](const Block* id) { return set.count(id) != 0; });
    }
    void add_reads(TensorSet& set) const override { set.insert(reads.begin(), reads.end()); }
    void push(detail::Back<Ex>& back, bool kept) const override {
      Tape inner(back.ex, Activations::recompute, back.wanted);
      run_again(inner, back, kept);
      detail::Back<Ex> on{back.ex, back.gradients, inner.tracked_};
      for (; !inner.records_.empty(); inner.records_.pop_back()) {
        inner.go_back_over(*inner.records_.back(), on);
        inner.tracked_.erase(inner.records_.back()->result());  // which dies, and another may have its place
      }
    }
    /// Leaves the gradient where the inner tape's last record finds it.
    void run_again(Tape& inner, detail::Back<Ex>& back, bool kept) const {
      const Block* again = bare(block(inner, x)).id();  // dead, or held by the records
      if (!kept && inner.records_.back()->result() == again) {
        inner.tracked_.erase(again);
        inner.tracked_.insert(y.id());
        return inner.records_.back()->become(y);  // and the second copy dies
      }
      back.gradients.put(again, back.gradients.of(y));
      if (!kept) back.gradients.drop(y.id());
    }
  };

  template <class B, class T, class... X> struct RecomputedImages final : Record {
    B block;
    Tensor<T> y;
    std::tuple<X...> operands;
    RecomputedImages(B b, Tensor<T> value, X... x)
        : block(std::move(b)), y(std::move(value)), operands(std::move(x)...) {}
    const Block* result() const override { return y.id(); }
    void become(const AnyTensor& same) override { static_cast<AnyTensor&>(y) = same; }
    bool reads_any(const TensorSet& set) const override {
      return std::apply([&](const auto&... x) { return ((set.count(x.id()) != 0) || ...); }, operands);
    }
    void add_reads(TensorSet& set) const override {
      std::apply([&](const auto&... x) { (set.insert(x.id()), ...); }, operands);
    }
    void push(detail::Back<Ex>& back, bool) const override {
      std::apply(
          [&](const auto&... x) { push_operands(back, x..., back.ex.template tensor<T>(x.extents())...); },
          operands);
    }
    void push_operands(detail::Back<Ex>& back, const X&... x, const X&... gradients) const {
      const Tensor<T> g = back.gradients.of(y);
      for (int i = 0; i < y.extents().n; ++i) {
        Tape inner(back.ex);
        const std::tuple images{image_of(x, i)...};
        std::apply(
            [&](const auto&... image) {
              (inner.watch(image), ...);
              Gradients of_image;
              of_image.put(bare(block(inner, image...)).id(), image_of(g, i));
              of_image = inner.backward(std::move(of_image));
              (back.ex.run(image_of(gradients, i), of_image.of(image)), ...);
            },
            images);
      }
      (detail::push(back, x, gradients), ...);
    }
  };

  /// For the inside of a block.
  Tape(Ex& ex, Activations activations, TensorSet tracked)
      : ex_(ex), activations_(activations), tracked_(std::move(tracked)) {}

  void go_back_over(const Record& record, detail::Back<Ex>& back) const {
    const Block* result = record.result();
    if (!back.gradients.has(result)) return;
    const bool kept = watched_.count(result) != 0;
    record.push(back, kept);
    if (!kept) back.gradients.drop(result);
  }
  template <class T> void refuse_tracked(const Tensor<T>& out) const {
    if (tracked_.count(out.id()) != 0)
      throw Error("tape: a tensor " + to_string(out.extents()) + " that gradients need is written again");
  }
  template <class B, class T, class... Rest>
  Tensor<T> record_images(const B& block, const Tensor<T>& first, const Rest&... rest) {
    Tensor<T> y;
    for (int i = 0; i < first.extents().n; ++i) {
      const Tensor<T> image = bare(block(ex_, image_of(first, i), image_of(rest, i)...));
      Extents e = image.extents();
      e.n = first.extents().n;
      if (i == 0) y = tensor<T>(e);
      ex_.run(image_of(y, i), image);
    }
    if (((tracked_.count(first.id()) != 0) || ... || (tracked_.count(rest.id()) != 0))) {
      records_.push_back(
          std::make_unique<RecomputedImages<B, T, Tensor<T>, Rest...>>(block, y, first, rest...));
      tracked_.insert(y.id());
    }
    return y;
  }
  template <class T, class E> void record(const Tensor<T>& out, const E& e) {
    tracked_.insert(out.id());
    records_.push_back(std::make_unique<RecordOf<E, T>>(e, out));
  }

  Ex& ex_;
  Activations activations_;
  std::vector<std::unique_ptr<Record>> records_;
  TensorSet tracked_, watched_;
  std::vector<Storage> kept_;
  std::vector<std::function<void()>> updates_;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
