#include "cuda/emulation/blocks.hpp"

namespace rfpp::test::emulation {

void Copies::await(std::size_t runs) {
  for (; runs_.size() > runs + 1; runs_.pop_front())
    awaited_.insert(awaited_.end(), runs_.front().begin(), runs_.front().end());
}
void Copies::arrive() {
  for (const Copy& copy : awaited_) {
    if (copy.from != nullptr)
      std::memcpy(copy.to, copy.from, chunk);
    else
      std::memset(copy.to, 0, chunk);
  }
  unshared_copies = unshared_copies || (!awaited_.empty() && !shared_);
  awaited_.clear();
  shared_ = false;
}

}  // namespace rfpp::test::emulation
