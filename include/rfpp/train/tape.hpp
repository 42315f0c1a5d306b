#ifndef RFPP_TRAIN_TAPE_HPP
#define RFPP_TRAIN_TAPE_HPP

#include <memory>
#include <vector>

#include "rfpp/train/gradients.hpp"

namespace rfpp::inline v0 {

/// An executor that also records: the same model text, run on a tape, can be differentiated. Only evaluations
/// that read a watched tensor, or something computed from one, are recorded; prologues are computed again on
/// the way back.
template <class Ex> class Tape {
 public:
  explicit Tape(Ex& ex) : ex_(ex) {}

  /// Gradients are wanted for t: to be called before anything reads it.
  template <class T> void watch(const Tensor<T>& t) {
    tracked_.insert(t.id());
    watched_.insert(t.id());
    kept_.push_back(t.storage);
  }

  template <class T> Tensor<T> tensor(Extents e) { return ex_.template tensor<T>(e); }
  template <class T, class E> void run(const Tensor<T>& out, const E& e) {
    refuse_tracked(out);
    ex_.run(out, e);
    if (detail::reads_any(e, tracked_)) record(out, e);
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a) {
    refuse_tracked(out);
    // Indices have no gradient.
    if (!std::is_floating_point_v<T> || !detail::reads_any(a, tracked_)) return ex_.run(out, a);
    if constexpr (std::is_floating_point_v<T>) {
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

  /// Gradients of the sum of y with respect to `wrt`, or to everything watched where that is empty. Can be
  /// called any number of times.
  template <class T> Gradients backward(const Tensor<T>& y, const TensorSet& wrt = {}) {
    auto seed = ex_.template tensor<T>(y.extents());
    ex_.run(seed, Constant<T>{T(1), y.extents()});
    TensorSet wanted = wrt.empty() ? tracked_ : wrt;
    if (!wrt.empty())
      for (const auto& record : records_)
        if (record->reads_any(wanted)) wanted.insert(record->result());
    Gradients gradients;
    gradients.put(y.id(), std::move(seed));
    detail::Back<Ex> back{ex_, gradients, wanted};
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      const Block* result = (*record)->result();
      if (!gradients.has(result)) continue;
      (*record)->push(back);
      if (watched_.count(result) == 0) gradients.drop(result);
    }
    return gradients;
  }

 private:
  struct Record {
    virtual ~Record() = default;
    virtual const Block* result() const = 0;
    virtual bool reads_any(const TensorSet& set) const = 0;
    virtual void push(detail::Back<Ex>& back) const = 0;
  };
  template <class E, class T> struct RecordOf final : Record {
    E e;
    Tensor<T> y;
    RecordOf(const E& expression, const Tensor<T>& value) : e(expression), y(value) {}
    const Block* result() const override { return y.id(); }
    bool reads_any(const TensorSet& set) const override { return detail::reads_any(e, set); }
    void push(detail::Back<Ex>& back) const override {
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

  template <class T> void refuse_tracked(const Tensor<T>& out) const {
    if (tracked_.count(out.id()) != 0)
      throw Error("tape: a tensor " + to_string(out.extents()) + " that gradients need is written again");
  }
  template <class T, class E> void record(const Tensor<T>& out, const E& e) {
    tracked_.insert(out.id());
    records_.push_back(std::make_unique<RecordOf<E, T>>(e, out));
  }

  Ex& ex_;
  std::vector<std::unique_ptr<Record>> records_;
  TensorSet tracked_, watched_;
  std::vector<Storage> kept_;
};

}  // namespace rfpp::inline v0

#endif
